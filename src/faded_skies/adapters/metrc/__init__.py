"""Metrc, the track-and-trace system of many states, by its API v2."""
