"""What accounts need from outside."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Adulthood:
    """From which age people may buy (completed years), counted in days of the shop's time zone.

    The jurisdiction's rule file says both.
    """

    years: int
    zone: ZoneInfo

    def day(self, now: datetime) -> date:
        """Return the calendar day at the shop."""
        return now.astimezone(self.zone).date()


class Match(NamedTuple):
    """The outcome of a password check; `better_hash` is set when the stored one should be replaced."""

    right: bool
    better_hash: str | None = None


class PasswordHasher(Protocol):
    """Hashes passwords off the event loop, a few at a time."""

    async def hash(self, password: str) -> str:
        """Return a salted hash with its parameters in it."""
        ...

    async def verify(self, password: str, password_hash: str | None) -> Match:
        """Check a password. Without a hash (nobody is there) the answer is no, after the same work."""
        ...
