"""Uploaded identity papers, read in child processes: hostile files are expected here."""
