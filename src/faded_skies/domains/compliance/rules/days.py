"""Ages, local days and hours."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from faded_skies.domains.compliance.rules.book import Hours, RuleBook, Stage
from faded_skies.platform.calendar import completed_years


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
