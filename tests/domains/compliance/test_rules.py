"""The law, decided: ages, taxes, limits, places."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.compliance import service
from faded_skies.domains.compliance.errors import RulesError
from faded_skies.domains.compliance.service import (
    Line,
    business_day,
    day_start,
    limit_uses,
    minute_of_day,
    municipality,
    next_opening,
    of_age,
    place_allowed,
    taxes,
)

BOOK = service.read_law("us-tx-example").at(datetime(2026, 11, 27, tzinfo=UTC))

lines = st.lists(
    st.builds(
        Line,
        product_class=st.sampled_from(["flower", "edible", "accessory", "vape", "plant"]),
        quantity=st.integers(1, 20),
        total_cents=st.integers(1, 1_000_000),
        net_weight_mg=st.integers(0, 30_000),
        thc_mg=st.integers(0, 2_000),
    ),
    max_size=8,
)


def test_the_guides_example_taxes() -> None:
    found = taxes(BOOK, [Line("flower", 1, 10_000, 3_500, 700)], city="Austin")
    assert [(tax.kind, tax.amount_cents) for tax in found] == [
        ("state", 625),
        ("cannabis", 1500),
        ("local", 200),
    ]


def test_a_rounding_that_binary_floats_get_wrong() -> None:
    # California's published example: 15 % of 46.50 is 6.975, which rounds up to 6.98 (CDTFA).
    book = replace(BOOK, taxes=(BOOK.taxes[1],))
    assert taxes(book, [Line("flower", 1, 4650, 0, 0)], city="Austin")[0].amount_cents == 698


def test_accessories_owe_no_excise() -> None:
    found = taxes(BOOK, [Line("accessory", 1, 2000, 0, 0)], city="Austin")
    assert {tax.kind: tax.amount_cents for tax in found} == {"state": 125, "cannabis": 0, "local": 40}


def test_a_town_without_a_local_rate_owes_no_local_tax() -> None:
    assert [tax.kind for tax in taxes(BOOK, [Line("flower", 1, 100, 0, 0)], city="Houston")] == [
        "state",
        "cannabis",
    ]


@given(lines)
def test_no_tax_step_is_lost_and_each_is_within_half_a_cent(found: list[Line]) -> None:
    amounts = taxes(BOOK, found, city="Austin")
    assert [tax.name for tax in amounts] == [step.name for step in BOOK.taxes]
    for tax in amounts:
        assert abs(Decimal(tax.amount_cents) - tax.base_cents * tax.rate) <= Decimal("0.5")
        assert 0 <= tax.base_cents <= sum(line.total_cents for line in found)


@given(lines)
def test_the_summary_adds_up(found: list[Line]) -> None:
    amounts = taxes(BOOK, found, city="Austin")
    summary = service.tax_summary(amounts)
    kinds = [Decimal(str(summary[kind])) for kind in ("state", "cannabis", "local")]
    assert sum(kinds) * 100 == sum(tax.amount_cents for tax in amounts)


@given(lines, lines)
def test_limits_count_today_and_the_cart_alike(today: list[Line], cart: list[Line]) -> None:
    apart = limit_uses(BOOK, today, cart)
    together = limit_uses(BOOK, [], [*cart, *today])
    assert [use.used for use in apart] == [use.used for use in together]


def test_a_limit_is_passed_only_beyond_its_last_milligram() -> None:
    at_the_limit = limit_uses(BOOK, [Line("flower", 1, 100, 70_000, 0)], [Line("preroll", 1, 100, 875, 0)])
    beyond = limit_uses(BOOK, [Line("flower", 1, 100, 70_000, 0)], [Line("preroll", 1, 100, 876, 0)])
    assert not at_the_limit[0].exceeded
    assert beyond[0].exceeded
    assert "70875 mg a day" in service.exceeded(beyond)[0].text


@pytest.mark.parametrize(
    ("born", "on", "grown"),
    [
        (date(2000, 6, 15), date(2021, 6, 14), False),
        (date(2000, 6, 15), date(2021, 6, 15), True),
        (date(2000, 2, 29), date(2021, 2, 28), False),
        (date(2000, 2, 29), date(2021, 3, 1), True),
        (date(2003, 2, 28), date(2024, 2, 28), True),
    ],
)
def test_of_age_to_the_day(born: date, on: date, grown: bool) -> None:
    assert of_age(BOOK, born, on=on) is grown


@given(st.dates(date(1930, 1, 1), date(2030, 1, 1)), st.dates(date(1950, 1, 1), date(2050, 1, 1)))
def test_once_of_age_always_of_age(born: date, on: date) -> None:
    if of_age(BOOK, born, on=on):
        assert of_age(BOOK, born, on=on.replace(year=on.year + 1, day=min(on.day, 28)))
        assert on.year - born.year >= 21


def test_towns_match_by_their_whole_name() -> None:
    assert municipality(BOOK, " round rock ") == "Round Rock"
    assert municipality(BOOK, "South Austin") is None
    assert municipality(BOOK, "Aust") is None
    assert place_allowed(BOOK, city="Austin", state="tx")
    assert not place_allowed(BOOK, city="Austin", state="MN")


def test_the_business_day_is_the_shops_own() -> None:
    late = datetime(2026, 7, 2, 3, 30, tzinfo=UTC)  # 22:30 on 1 July in Austin
    assert business_day(BOOK, late) == date(2026, 7, 1)
    assert minute_of_day(BOOK, late) == 22 * 60 + 30
    assert day_start(BOOK, late) == datetime(2026, 7, 1, 5, 0, tzinfo=UTC)


def test_the_next_opening_is_today_or_tomorrow() -> None:
    early = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)  # 07:00
    assert next_opening(opens_minute=540, now=early, book=BOOK) == datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
    late = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
    assert next_opening(opens_minute=540, now=late, book=BOOK) == datetime(2026, 7, 2, 14, 0, tzinfo=UTC)


def test_an_unknown_jurisdiction_names_the_known_ones() -> None:
    with pytest.raises(RulesError, match=r"JURISDICTION=atlantis; known are: .*us-tx-example"):
        service.read_law("atlantis")
