"""Dates as people count them."""

from datetime import date, timedelta

import pytest

from faded_skies.platform.calendar import completed_years, latest_birth


@pytest.mark.parametrize(
    ("today", "born"),
    [
        (date(2026, 11, 27), date(2005, 11, 27)),
        (date(2024, 2, 29), date(2003, 2, 28)),
        # Who is born on 29 February 2004 is 21 on 1 March 2025.
        (date(2025, 2, 28), date(2004, 2, 28)),
        (date(2025, 3, 1), date(2004, 3, 1)),
    ],
)
def test_the_latest_birth_of_somebody_of_21(today: date, born: date) -> None:
    assert latest_birth(years=21, on=today) == born
    assert completed_years(born, on=today) == 21
    assert completed_years(born + timedelta(days=1), on=today) == 20
