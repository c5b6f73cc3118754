"""What can be wrong with a backup."""


class BackupError(Exception):
    """A backup cannot be made, read or restored; the text says why and what to do."""
