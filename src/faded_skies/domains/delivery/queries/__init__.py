"""One file for each matter."""
