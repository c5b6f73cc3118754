"""What vendors' answers to this process' own calls were of late, so that /health need not ask those who cost money.

A vendor that refuses what we asked has answered; one that is away, throttles us or does not take our key has failed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from faded_skies.platform import clock

RECENT = timedelta(minutes=15)
"""Older news say nothing about now."""


@dataclass(frozen=True, slots=True)
class News:
    """The last call: when it ended, and why it failed in a word of ours, None where it did not."""

    at: datetime
    failure: str | None


_last: dict[str, News] = {}


def answered(vendor: str) -> None:
    """Note a call that was answered."""
    _last[vendor] = News(clock.now(), None)


def failed(vendor: str, why: str) -> None:
    """Note a call that failed; `why` is the type of an error or a status, never a quotation."""
    _last[vendor] = News(clock.now(), why)


def last_of(vendor: str) -> News | None:
    """Return the last news of a vendor, however old; None where it was never called."""
    return _last.get(vendor)
