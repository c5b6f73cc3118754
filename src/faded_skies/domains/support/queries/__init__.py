"""SQL of conversations with support; one file for each matter."""
