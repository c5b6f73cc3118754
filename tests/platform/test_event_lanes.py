"""Lanes of events out: who stands when a queue refuses, who tries again, and when."""

import pytest

from faded_skies.platform import event_lanes
from faded_skies.platform.event_lanes import Refusals


@pytest.fixture
def refusals() -> Refusals:
    return Refusals(first_pause=1.0, longest_pause=8.0)


def test_one_lane_of_a_name_tries_again_after_ever_longer_pauses(refusals: Refusals) -> None:
    assert refusals.standing(0) == []
    assert refusals.note(0, told=[("e", "died")], refused={"a": "moved", "b": "moved", "c": "moved"}) == 0
    now, tried = 0.0, []
    for pause in (1, 2, 4, 8, 8):
        assert refusals.standing(now + pause - 0.1) == list(refusals.standing(now))
        assert len(refusals.standing(now)) == 3
        now += pause
        [lane] = {"a", "b", "c"}.difference(refusals.standing(now))
        tried.append(lane)
        refusals.note(now, told=[], refused={lane: "moved"})
    assert tried == ["a", "b", "c", "a", "b"], "in turn"


def test_all_lanes_of_a_name_go_on_when_one_gets_through(refusals: Refusals) -> None:
    refusals.note(0, told=[], refused={"a": "moved", "b": "moved", "c": "died"})
    refusals.note(1, told=[("a", "moved")], refused={})
    assert refusals.standing(1.5) == []
    assert refusals.standing(0.5) == ["c"], "of another name"
    refusals.note(2, told=[], refused={"a": "moved"})
    assert refusals.standing(2.9) == ["a"]
    assert refusals.standing(3) == [], "the first pause again"


def test_where_there_is_room_for_some_the_pause_is_short_again(refusals: Refusals) -> None:
    for now in (0, 1, 3):
        refusals.note(now, told=[], refused={"a": "moved", "b": "moved"})
    assert refusals.standing(6.9) == ["a", "b"]
    refusals.note(7, told=[("a", "moved")], refused={"c": "moved"})
    assert refusals.standing(7.9) == ["b", "c"], "a has been told"
    assert refusals.standing(8) == ["c"]
    refusals.note(8, told=[("b", "moved")], refused={"b": "died"})
    assert refusals.standing(8) == ["b"], "its next is refused, the others go on"


def test_lanes_go_on_when_what_they_stand_for_is_gone(refusals: Refusals) -> None:
    refusals.note(0, told=[], refused={"a": "moved", "b": "moved"})
    refusals.forget_emptied(0.5, [])
    assert refusals.standing(0.5) == ["a", "b"], "not asked for, so not seen"
    refusals.forget_emptied(1, ["a"])
    assert refusals.standing(1) == ["b"]
    refusals.forget_emptied(1, ["x"])
    assert refusals.standing(1) == []


def test_what_is_remembered_is_bounded_and_then_everybody_waits(
    refusals: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_lanes, "MOST_LANES", 3)
    assert refusals.note(0, told=[], refused={"a": "moved", "b": "moved", "c": "died"}) == 0
    assert refusals.note(0, told=[], refused={"d": "moved"}) == 2
    assert refusals.note(0, told=[], refused={"e": "sent"}) == 1
    assert refusals.standing(0) == ["a", "b", "c"]
    assert refusals.note(2, told=[], refused={"a": "moved"}) == 0, "it has its place already"
    assert refusals.standing(2) == ["b", "a"]
