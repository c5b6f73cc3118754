"""Deadlines, pauses and corrections: pure."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.rules import RESUMES_WITHIN, Back, Step
from faded_skies.platform.errors import Refused

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
PACIFIC = ZoneInfo("America/Los_Angeles")
MOMENTS = st.integers(0, 5 * 365 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("happened", "due"),
    [
        # The day the clocks go forward has 23 hours, the day they go back 25.
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), datetime(2026, 3, 9, 7, 0, tzinfo=UTC)),
        (datetime(2026, 11, 1, 7, 0, tzinfo=UTC), datetime(2026, 11, 2, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 27, 7, 59, 59, tzinfo=UTC), datetime(2026, 11, 27, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 27, 8, 0, tzinfo=UTC), datetime(2026, 11, 28, 8, 0, tzinfo=UTC)),
    ],
)
def test_the_day_ends_at_the_shops_midnight(happened: datetime, due: datetime) -> None:
    for step in (Step.LEDGER_SALE, Step.RECEIPT, Step.DELIVERY_COMPLETE):
        found = rules.due_at(step, happened, bound="end_of_local_day", hours=0, timezone=PACIFIC)
        assert found == due
    for step in (Step.LEDGER_OPEN, Step.DELIVERY_CREATE):
        found = rules.due_at(step, happened, bound="end_of_local_day", hours=0, timezone=PACIFIC)
        assert found == happened


@given(
    happened=MOMENTS,
    bound=st.sampled_from(["before", "end_of_local_day", "within_hours"]),
    hours=st.integers(0, 72),
)
def test_the_alarm_is_between_the_fact_and_its_deadline(
    happened: datetime, bound: rules.Bound, hours: int
) -> None:
    due = rules.due_at(Step.RECEIPT, happened, bound=bound, hours=hours, timezone=PACIFIC)
    assert happened <= rules.warn_at(happened, due) <= due
    assert rules.warn_at(happened, due) >= due - timedelta(hours=2)


@given(failures=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_pauses_grow_and_never_pass_a_minute(failures: int, jitter: float) -> None:
    pause = rules.pause(failures, jitter=jitter)
    assert timedelta(seconds=1) <= pause <= RESUMES_WITHIN
    assert rules.pause(failures + 1, jitter=0) >= rules.pause(failures, jitter=0)


def test_corrections_replace_line_by_line_and_nothing_else() -> None:
    payload: dict[str, Any] = {
        "at": "x",
        "goods": [{"tag": None, "quantity": "1"}, {"tag": "B", "quantity": "2"}],
    }
    made = rules.corrected(payload, {"goods": [{"tag": "A"}, {}]})
    assert made == {"at": "x", "goods": [{"tag": "A", "quantity": "1"}, {"tag": "B", "quantity": "2"}]}
    assert payload["goods"][0]["tag"] is None
    with pytest.raises(Refused, match="all 2 lines"):
        rules.corrected(payload, {"goods": [{}]})
    with pytest.raises(Refused, match="no such field"):
        rules.corrected(payload, {"note": "x"})


def goods(*units: int, unit: str = "Each") -> list[dict[str, Any]]:
    """Lines of one product out of as many packages, a dollar for each unit."""
    return [
        {
            "product_id": "P",
            "tag": f"TAG{place}",
            "quantity": str(count),
            "unit": unit,
            "price_cents": 100 * count,
        }
        for place, count in enumerate(units)
    ]


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(line["tag"], line["quantity"], line["price_cents"]) for line in lines]


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        (Back(0, {}, 0), [("TAG0", "2", 200), ("TAG1", "3", 300)]),
        (Back(1, {"TAG0": 1}, 1), [("TAG0", "1", 100), ("TAG1", "3", 300)]),
        (Back(3, {"TAG0": 2, "TAG1": 1}, 3), [("TAG1", "2", 200)]),
        # Packages of which nobody knows what came back: the last ones.
        (Back(4, {}, 4), [("TAG0", "1", 100)]),
        (Back(0, {}, 4), [("TAG0", "2", 100), ("TAG1", "3", 0)]),
        (Back(1, {"TAG1": 1}, 2), [("TAG0", "2", 200), ("TAG1", "2", 100)]),
        # In the shop again, and its money was not given back after all: it is not sold any more.
        (Back(1, {"TAG1": 1}, 0), [("TAG0", "2", 200), ("TAG1", "2", 200)]),
        (Back(5, {"TAG0": 2, "TAG1": 3}, 5), []),
    ],
)
def test_what_came_back_leaves_its_package(back: Back, expected: list[tuple[str, str, int]]) -> None:
    assert told(rules.remaining(goods(2, 3), {"P": back, "Q": Back(7, {}, 7)})) == expected


def test_a_line_in_another_unit_stays() -> None:
    lines = goods(2, unit="Grams")
    assert rules.remaining(lines, {"P": Back(1, {"TAG0": 1}, 1)}) == lines


@given(
    units=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    back=st.integers(0, 60),
    refunded=st.integers(0, 60),
    tagged=st.lists(st.integers(0, 20), max_size=4),
)
def test_what_remains_adds_up(units: list[int], back: int, refunded: int, tagged: list[int]) -> None:
    by_tag = {f"TAG{place}": count for place, count in enumerate(tagged)}
    left = rules.remaining(goods(*units), {"P": Back(back, by_tag, refunded)})
    assert sum(int(line["quantity"]) for line in left) == max(sum(units) - back, 0)
    assert sum(line["price_cents"] for line in left) == 100 * max(sum(units) - max(back, refunded), 0)
    assert all(int(line["quantity"]) > 0 and line["price_cents"] >= 0 for line in left)
