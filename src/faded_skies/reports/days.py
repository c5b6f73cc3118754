"""The shop's days: local, as the rule book's time zone has them, 23 to 25 hours long."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from faded_skies.platform.errors import Refused

MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Span:
    """Whole local days, both ends among them."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begins(self) -> datetime:
        """The moment at which the first day begins."""
        return datetime.combine(self.first, datetime.min.time(), tzinfo=self.zone)

    @property
    def ends(self) -> datetime:
        """The moment at which the last day is over."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), tzinfo=self.zone)


def span(first: date, last: date, zone: ZoneInfo) -> Span:
    """Return the days from one to another. Raises Refused when they are in the wrong order, or too many."""
    if last < first:
        raise Refused("endDate", "The end lies before the start. Swap them.")
    if (last - first).days >= MOST_DAYS:
        raise Refused("endDate", f"Ask for at most {MOST_DAYS} days at once.")
    return Span(first, last, zone)
