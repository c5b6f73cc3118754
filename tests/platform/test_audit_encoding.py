"""What a row's mac covers: the same bytes for the same content however JSON is spelled, others for any other."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.platform.audit.encoding import Content, microseconds, moment_text, row_message

ROW = Content(
    id=UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"),
    recorded_us="1795542000123456",
    actor_id=UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f61"),
    action="order.cancelled",
    object_type="order",
    object_id=UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f62"),
    details='{"cents": 5}',
    reason="Asked for it.",
    address="203.0.113.9",
    user_agent="Browser/1",
    request_id="request-1",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def said(details: str) -> bytes:
    return row_message(replace(ROW, details=details))


@pytest.mark.parametrize("name", [field.name for field in fields(Content)])
def test_every_field_counts(name: str) -> None:
    changed: Any = {
        "id": ROW.actor_id,
        "actor_id": None,
        "object_id": None,
        "details": '{"cents": 6}',
        "recorded_us": "1795542000123457",
    }.get(name, f"{getattr(ROW, name)}.")
    assert row_message(replace(ROW, **{name: changed})) != row_message(ROW)


@pytest.mark.parametrize("name", ["reason", "address", "user_agent", "request_id"])
def test_nothing_is_not_an_empty_text(name: str) -> None:
    nothing: Any = {name: None}
    assert row_message(replace(ROW, **nothing)) != row_message(replace(ROW, **{**nothing, name: ""}))


def test_what_moves_from_one_field_into_the_next_is_another_row() -> None:
    whole = replace(ROW, action="ab", object_type="c")
    moved = replace(ROW, action="a", object_type="bc")
    assert row_message(whole) != row_message(moved)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ("[1e2]", "[100]"),
        ("[1.50]", "[1.5]"),
        ("[-0.0]", "[0]"),
        ('["\\u00e9"]', '["é"]'),
    ],
    ids=["order", "exponent", "zeros", "minus zero", "escape"],
)
def test_the_same_value_in_another_spelling_is_the_same(one: str, other: str) -> None:
    assert said(one) == said(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1]", '["1"]'),
        ("[true]", "[1]"),
        ("[null]", "[]"),
        ("[[1], 2]", "[[1, 2]]"),
        ("{}", "[]"),
        ("[0.1]", "[0.10000000000000000001]"),
        ("[12345678901234567890123456789]", "[12345678901234567890123456788]"),
        ('{"a": {"b": 1}}', '{"a": {}, "b": 1}'),
        ("[1e400]", "[1e401]"),
        ("[10]", "[1]"),
    ],
    ids=["text", "truth", "null", "nesting", "kinds", "digits", "large", "level", "huge", "tens"],
)
def test_another_value_is_another_row(one: str, other: str) -> None:
    assert said(one) != said(other)


@given(JSON, JSON)
def test_two_values_give_the_same_bytes_exactly_when_they_are_equal(one: Any, other: Any) -> None:
    def plain(value: Any) -> str:
        return json.dumps(value, sort_keys=True)

    if plain(one) == plain(other):
        assert said(json.dumps(one)) == said(json.dumps(other, indent=3))
    elif said(json.dumps(one)) == said(json.dumps(other)):
        # 1 and 1.0, 0.0 and -0.0 are one number to a database.
        assert one == other


@pytest.mark.parametrize("text", ["[NaN]", "[Infinity]", "", "{"], ids=["nan", "infinity", "empty", "half"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON has no|Expecting"):
        said(text)


async def test_postgres_gives_back_what_means_the_same(database_url: str) -> None:
    """A jsonb orders keys, writes numbers in full and decodes escapes."""
    values: list[Any] = [
        {"zz": 1, "a": [1.0, 1e16, 1.5e-7, 5e-324, 1.7976931348623157e308, -0.0, 2**63, -(2**63)]},
        {"text": 'é\u2028\U0001f33f\\"', "": None, "deep": [[[{"x": [True, False]}]]]},
        {"half": 0.1, "third": 1 / 3, "cents": 123456789012.34},
    ]
    connection = await asyncpg.connect(database_url)
    try:
        for value in values:
            text = json.dumps(value)
            back = await connection.fetchval("SELECT $1::text::jsonb::text", text)
            assert back != text
            assert said(back) == said(text)
    finally:
        await connection.close()


def test_times_are_microseconds() -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 789, UTC)
    assert microseconds(moment) == "1770091506000789"
    assert moment_text("1770091506000789") == "2026-02-03T04:05:06.000789Z"
    assert moment_text("Infinity") == "Infinity"
    assert moment_text("9" * 30) == "9" * 30
    assert moment_text(None) is None
