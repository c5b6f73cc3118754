"""One file with the whole shop: every table, and the files that its rows name (docs/adr/0036)."""

TAKEN = "backup.taken"
"""What the audit log calls a backup that was finished."""
