"""A shop whose processes are killed and whose answers get lost, and the proof that no cent is."""
