"""Addresses located offline, by the middle of their ZIP code."""
