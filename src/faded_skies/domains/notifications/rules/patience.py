"""How long a message waits before it is tried again, and when that ends."""

from datetime import timedelta

_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))

MOST_ATTEMPTS = 52
"""A message that was not taken so often has failed: that is after two days."""


MOST_ASKED = timedelta(days=1)
"""A service that asks for a longer wait is asked again after this."""


def wait_before(attempt: int, *, asked: timedelta | None = None) -> timedelta:
    """Return how long to wait before the attempt of this number, from the second on; `asked` is the service's wish."""
    ours = _WAITS[min(max(attempt - 2, 0), len(_WAITS) - 1)]
    return ours if asked is None else max(ours, min(asked, MOST_ASKED))
