"""Who may buy, and what the fields of an account look like."""

import string
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faded_skies.domains.identity import rules
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.platform.calendar import completed_years

DAYS = st.dates(date(1900, 1, 2), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2000, 6, 15), date(2021, 6, 14), 20),
        (date(2000, 6, 15), date(2021, 6, 15), 21),
        (date(2004, 2, 29), date(2025, 2, 28), 20),
        (date(2004, 2, 29), date(2025, 3, 1), 21),
        (date(2004, 12, 31), date(2025, 12, 30), 20),
        (date(2005, 1, 1), date(2025, 12, 31), 20),
    ],
)
def test_the_birthday_is_the_first_day_of_an_age(born: date, day: date, age: int) -> None:
    assert completed_years(born, on=day) == age


@given(born=DAYS, day=DAYS)
@settings(deadline=None)  # the machine may be busy
def test_age_never_falls_and_grows_by_one_a_year(born: date, day: date) -> None:
    tomorrow = day + timedelta(days=1)
    assert 0 <= completed_years(born, on=tomorrow) - completed_years(born, on=day) <= 1


def test_the_day_is_that_of_the_shop_not_of_greenwich() -> None:
    adulthood = Adulthood(21, ZoneInfo("America/Chicago"))
    assert adulthood.day(datetime(2026, 3, 1, 5, 59, tzinfo=UTC)) == date(2026, 2, 28)
    assert adulthood.day(datetime(2026, 3, 1, 6, 0, tzinfo=UTC)) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("status", "expires_on", "good"),
    [
        ("approved", None, True),
        ("approved", date(2026, 5, 1), True),
        ("approved", date(2026, 4, 30), False),
        ("processing", None, False),
        ("pending", None, False),
        ("rejected", date(2030, 1, 1), False),
    ],
)
def test_an_id_is_good_until_its_last_day(status: str, expires_on: date | None, good: bool) -> None:
    assert rules.id_is_good(date(2026, 5, 1), status=status, expires_on=expires_on) is good


@pytest.mark.parametrize(
    "email",
    [
        "maya@example.com",
        "m.o+shop@mail.example.co.uk",
        "o'brien@example.org",
        "x@1.example",
        "a@xn--bcher-kva.xn--p1ai",
    ],
)
def test_addresses_that_exist_pass(email: str) -> None:
    assert rules.email_problem(email) is None


@pytest.mark.parametrize(
    "email",
    [
        "",
        "maya",
        "maya@",
        "@example.com",
        "maya@example",
        "maya@@example.com",
        "maya @example.com",
        "maya@example..com",
        ".maya@example.com",
        "maya.@example.com",
        "maya@-example.com",
        "maya@example.c",
        "maya@example.123",
        "maya@example.com\nBcc: all@example.com",
        "maya@example.com,evil@example.com",
        "<maya@example.com>",
        "m" * 65 + "@example.com",
    ],
)
def test_addresses_that_cannot_be_mailed_are_refused(email: str) -> None:
    assert rules.email_problem(email) == "Write an e-mail address such as maya@example.com."


def test_an_address_has_at_most_255_characters() -> None:
    host = ".".join(["a" * 61] * 3)
    assert rules.email_problem(f"{'m' * 64}@{host}.{'b' * 4}") is None
    assert rules.email_problem(f"{'m' * 64}@{host}.{'b' * 5}") == (
        "Use an e-mail address of at most 255 characters."
    )


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Abcde1!", "Use at least 8 characters for the password."),
        ("A1!" + "a" * 126, "Use at most 128 characters for the password."),
        ("ABCDEF1!", "Put a lower-case letter into the password."),
        ("abcdef1!", "Put an upper-case letter into the password."),
        ("Abcdefg!", "Put a digit into the password."),
        ("Abcdefg1", "Put one of !@#$%^&* into the password."),
        ("Abcdef1!", None),
        ("A1!" + "a" * 125, None),
    ],
)
def test_each_password_rule_has_its_sentence(password: str, problem: str | None) -> None:
    assert rules.password_problem(password) == problem


@given(
    st.text(string.ascii_lowercase, min_size=2).map(lambda text: f"{text}A1!Aa1aa"),
)
@settings(deadline=None)  # the machine may be busy
def test_long_enough_passwords_with_everything_pass(password: str) -> None:
    assert rules.password_problem(password) is None


@pytest.mark.parametrize(
    "phone", ["512-555-0134", "(512)555-0134", "(512) 555-01345", "(\u066512) 555-0134", ""]
)
def test_phones_have_one_form(phone: str) -> None:
    assert rules.phone_problem(phone) == "Write the phone number as (512) 555-0134."


@pytest.mark.parametrize(
    ("name", "fine"), [("Al", True), ("A" * 100, True), ("A", False), ("A" * 101, False)]
)
def test_names_have_2_to_100_characters(name: str, fine: bool) -> None:
    assert (rules.name_problem(name) is None) is fine


def test_names_stand_on_one_line() -> None:
    assert rules.name_problem("Maya\r\nOkafor") == "Write your name on one line, without control characters."


@given(DAYS)
@settings(deadline=None)  # the machine may be busy
def test_every_real_day_is_read(day: date) -> None:
    assert rules.birth_date_of(day.isoformat()) == day


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1990-5-1", "Write the date of birth as YYYY-MM-DD."),
        ("01/05/1990", "Write the date of birth as YYYY-MM-DD."),
        ("1990-05-01T00:00:00Z", "Write the date of birth as YYYY-MM-DD."),
        ("1990-02-30", "There is no such day in the calendar."),
        ("2023-02-29", "There is no such day in the calendar."),
        ("0000-01-01", "There is no such day in the calendar."),
    ],
)
def test_other_days_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        rules.birth_date_of(text)
