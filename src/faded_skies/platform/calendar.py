"""Dates as people count them, and the time zones there are."""

from datetime import date
from functools import cache
from zoneinfo import available_timezones


def completed_years(born: date, *, on: date) -> int:
    """Return the age in whole years on a day; someone born on 29 February completes a year on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def latest_birth(*, years: int, on: date) -> date:
    """Return the latest day of birth of somebody who has completed so many years on a day, as above."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return date(on.year - years, 2, 28)


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones; they are looked up in the file system, once a process."""
    return frozenset(available_timezones())
