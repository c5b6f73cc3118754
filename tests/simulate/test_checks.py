"""An order's story may only go the ways of the contract's table."""

from datetime import UTC, datetime, timedelta

import pytest

from faded_skies.simulate.checks import wrong_in
from faded_skies.simulate.wire import Line

START = datetime(2026, 11, 23, 3, tzinfo=UTC)


def story(*states: str) -> list[Line]:
    return [Line(state, START + timedelta(seconds=second)) for second, state in enumerate(states)]


@pytest.mark.parametrize(
    "states",
    [
        ("confirmed", "preparing", "out_for_delivery", "out_for_delivery", "delivered"),
        ("pending", "payment_failed", "confirmed", "cancelled"),
        ("pending", "cancelled"),
        ("confirmed", "preparing", "out_for_delivery", "returned"),
    ],
)
def test_a_right_story(states: tuple[str, ...]) -> None:
    assert wrong_in(story(*states), states[-1]) == []


@pytest.mark.parametrize(
    ("states", "status", "wrong"),
    [
        ((), "confirmed", "tracking begins with nothing"),
        (("preparing",), "preparing", "tracking begins with preparing"),
        (("confirmed", "delivered"), "delivered", "tracking goes from confirmed to delivered"),
        (("confirmed", "cancelled", "preparing"), "preparing", "tracking goes from cancelled to preparing"),
        (("confirmed",), "preparing", "tracking ends with confirmed, the order is preparing"),
    ],
)
def test_a_wrong_story(states: tuple[str, ...], status: str, wrong: str) -> None:
    assert wrong_in(story(*states), status) == [wrong]


def test_lines_must_be_in_the_order_of_time() -> None:
    backwards = [Line("confirmed", START), Line("cancelled", START - timedelta(microseconds=1))]
    assert wrong_in(backwards, "cancelled") == ["tracking is not in the order of time"]
