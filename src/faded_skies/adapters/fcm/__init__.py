"""Pushes by Firebase Cloud Messaging."""
