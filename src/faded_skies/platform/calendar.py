"""Dates as people count them."""

from datetime import date


def completed_years(born: date, *, on: date) -> int:
    """Return the age in whole years on a day; someone born on 29 February completes a year on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
