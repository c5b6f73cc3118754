"""Mixpanel by its /import."""
