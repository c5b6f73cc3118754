"""A new index does not stop the shop: what it is for is written on while it is built (docs/runbooks/migrations.md)."""

import re

import pytest

from faded_skies.platform import migrations

# Those up to here are older than the rule.
_OLDER = 37

_AGREED = re.compile(r"^-- the table is small: \S.*$", re.MULTILINE)
_NEW_TABLE = re.compile(r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE)
_INDEX = re.compile(
    r"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)[\w\s]*?\bON\s+(?:ONLY\s+)?(\w+)", re.IGNORECASE
)
_CONSTRAINT = re.compile(
    r"\bALTER\s+TABLE\s+(\w+)[^;]*\bADD\s+(?:CONSTRAINT\s+\w+\s+)?(?:UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b(?!\s+USING\s+INDEX)",
    re.IGNORECASE,
)


def held_up(text: str) -> list[str]:
    """Return the tables that could not be written on while a migration builds their indexes."""
    if _AGREED.search(text):
        return []
    bare = re.sub(r"--[^\n]*", "", text)
    made = set(_NEW_TABLE.findall(bare))
    return [table for table in (*_INDEX.findall(bare), *_CONSTRAINT.findall(bare)) if table not in made]


def test_new_indexes_are_built_beside_the_shops_work() -> None:
    said = {
        one.up.name: held_up(one.up.read_text(encoding="utf-8"))
        for one in migrations.read()
        if one.number > _OLDER
    }
    assert {name: tables for name, tables in said.items() if tables} == {}


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("CREATE INDEX a ON orders (status);", ["orders"]),
        ("CREATE UNIQUE INDEX IF NOT EXISTS a\n    ON orders USING gin (x);", ["orders"]),
        ("CREATE INDEX ON orders (status); -- the table is small", ["orders"]),
        ("-- no transaction\nCREATE INDEX CONCURRENTLY a ON orders (status);", []),
        (
            "CREATE TABLE things (id int);\nCREATE INDEX a ON things (id);\nCREATE INDEX b ON users (id);",
            ["users"],
        ),
        ("-- the table is small: a row for each shop\nCREATE INDEX a ON shop (id);", []),
        ("ALTER TABLE orders ADD COLUMN a int, ADD CONSTRAINT b UNIQUE (a);", ["orders"]),
        ("ALTER TABLE orders ADD CONSTRAINT b UNIQUE USING INDEX c;", []),
        ("ALTER TABLE orders ADD COLUMN a int CHECK (a > 0);", []),
    ],
)
def test_what_would_hold_up(text: str, tables: list[str]) -> None:
    assert held_up(text) == tables
