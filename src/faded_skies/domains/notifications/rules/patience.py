"""How long a message waits before it is tried again, and when that ends."""

from datetime import timedelta

_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))

MOST_ATTEMPTS = 52
"""A message that was not taken so often has failed: that is after two days."""


def wait_before(attempt: int) -> timedelta:
    """Return how long to wait before the attempt of this number, from the second on."""
    return _WAITS[min(max(attempt - 2, 0), len(_WAITS) - 1)]
