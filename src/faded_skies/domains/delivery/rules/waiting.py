"""How long a driver waits at a door that stays shut. Pure."""

from datetime import datetime, timedelta
from math import ceil

from faded_skies.domains.delivery.errors import NoShowTooEarly, NotArrived


def check_waited(arrived_at: datetime | None, *, wait: timedelta, now: datetime) -> None:
    """Raise NotArrived, or NoShowTooEarly while the wait that began with the arrival is not over."""
    if arrived_at is None:
        raise NotArrived
    seconds = ceil((arrived_at + wait - now).total_seconds())
    if seconds > 0:
        raise NoShowTooEarly(
            f"The customer has {_words(seconds)} left to come to the door. Wait, then say it again.",
            waitUntil=arrived_at + wait,
            waitSeconds=seconds,
        )


def _words(seconds: int) -> str:
    if seconds < 60:  # noqa: PLR2004 - a minute
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = ceil(seconds / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
