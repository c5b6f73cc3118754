"""Drives reckoned from the distance alone, where nobody knows the streets."""
