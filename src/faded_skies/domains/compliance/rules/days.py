"""Ages, local days and hours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from faded_skies.domains.compliance.rules.book import Hours, RuleBook, Stage
from faded_skies.platform.calendar import completed_years

_DAY_MINUTES = 1440


def of_age(book: RuleBook, date_of_birth: date, *, on: date) -> bool:
    """Tell whether someone has completed the jurisdiction's minimum age on the given local day."""
    return completed_years(date_of_birth, on=on) >= book.min_age


def business_day(book: RuleBook, now: datetime) -> date:
    """Return the local date at the moment `now`."""
    return now.astimezone(book.timezone).date()


def day_start(book: RuleBook, now: datetime) -> datetime:
    """Return the moment at which the local day of `now` began."""
    return datetime.combine(business_day(book, now), datetime.min.time(), tzinfo=book.timezone)


def minute_of_day(book: RuleBook, now: datetime) -> int:
    """Return the local minute of the day, 0-1439."""
    local = now.astimezone(book.timezone)
    return local.hour * 60 + local.minute


def next_opening(*, opens_minute: int, now: datetime, book: RuleBook) -> datetime:
    """Return when an area opens next: today if the hour is still to come, else tomorrow."""
    opening = day_start(book, now) + timedelta(minutes=opens_minute)
    return opening if opening > now else opening + timedelta(days=1)


def hours_of(book: RuleBook, stage: Stage) -> Sequence[Hours]:
    """Return the rules that say when something may happen; all must allow it."""
    return [hours for hours in book.hours if stage in hours.applies_to]


def handover_hours(book: RuleBook, *, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when goods may be handed over: today's hours, tomorrow's once they are over.

    Without such a rule, and where none is in force, today and tomorrow.
    """
    hours = hours_of(book, "handover")
    opens = max((one.opens_minute for one in hours), default=0)
    closes = min((one.closes_minute for one in hours), default=2 * _DAY_MINUTES)
    start = day_start(book, now)
    if start + timedelta(minutes=closes) <= now:
        start += timedelta(days=1)
    return (
        (start + timedelta(minutes=opens)).astimezone(UTC),
        (start + timedelta(minutes=closes)).astimezone(UTC),
    )
