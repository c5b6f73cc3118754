"""The audit log as it is read: listed, exported, sealed and verified."""
