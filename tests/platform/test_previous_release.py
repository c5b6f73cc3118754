"""The release before keeps working on the schema of this one: while processes are replaced, both run (ADR 2)."""

import json
import re

import asyncpg
import pytest
from dev import statements

from faded_skies.platform import migrations

RELEASED = json.loads(statements.FILE.read_text())
NEW = [one for one in migrations.read() if one.number > RELEASED["migration"]]

# What takes something away, or asks for something, that the release before does not know of.
FORBIDDEN = {
    "drops a table": r"\bDROP\s+TABLE\b",
    "drops a column": r"\bDROP\s+COLUMN\b",
    "drops a type or a function": r"\bDROP\s+(TYPE|DOMAIN|FUNCTION|SEQUENCE|VIEW)\b",
    "renames": r"\bRENAME\b",
    "changes a type": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "takes a default away": r"\bDROP\s+DEFAULT\b",
    "asks for a value that was not asked for": r"\bSET\s+NOT\s+NULL\b",
    "adds a column that old inserts do not fill": (
        r"\bADD\s+COLUMN\s(?:(?!\bADD\b|\bDEFAULT\b|\bGENERATED\b|\bIS\s+NOT\b|;)[\s\S])*?\bNOT\s+NULL\b"
        r"(?![^,;]*\b(DEFAULT|GENERATED)\b)"
    ),
}
_AGREED = re.compile(r"^-- the previous release does not mind: \S.*$", re.MULTILINE)


def against(text: str) -> list[str]:
    """Return what speaks against a migration; nothing when it says why the release before does not mind."""
    if _AGREED.search(text):
        return []
    bare = re.sub(r"--[^\n]*", "", text)
    bare = re.sub(r"\bCREATE\s+TABLE\b[^;]*;", "", bare, flags=re.IGNORECASE)
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, bare, re.IGNORECASE)]


def test_new_migrations_take_nothing_from_the_release_before() -> None:
    said = {one.up.name: against(one.up.read_text(encoding="utf-8")) for one in NEW}
    assert {name: found for name, found in said.items() if found} == {}


async def test_every_statement_of_the_release_before_can_be_prepared(database_url: str) -> None:
    assert len(RELEASED["statements"]) > 400
    assert await statements.refused(database_url, RELEASED["statements"]) == {}


async def test_a_statement_without_its_column_is_found(fresh_database_url: str) -> None:
    connection = await asyncpg.connect(fresh_database_url)
    await connection.execute("ALTER TABLE products RENAME COLUMN strain_type TO kind")
    await connection.close()
    said = await statements.refused(fresh_database_url, RELEASED["statements"])
    assert {name for name in said if "catalog" in name}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ALTER TABLE t DROP COLUMN a;", ["drops a column"]),
        ("ALTER TABLE t ADD COLUMN a int NOT NULL;", ["adds a column that old inserts do not fill"]),
        (
            "ALTER TABLE t\n    ADD COLUMN b int,\n    ADD COLUMN a int NOT NULL CHECK (a > 0);",
            ["adds a column that old inserts do not fill"],
        ),
        ("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0, ADD COLUMN b text;", []),
        ("ALTER TABLE t ADD COLUMN a int CHECK (a IS NOT NULL OR b);", []),
        ("CREATE TABLE t (a int NOT NULL);\nCREATE INDEX i ON t (a);", []),
        ("ALTER TABLE t ALTER COLUMN a TYPE bigint;", ["changes a type"]),
        ("ALTER TABLE t RENAME TO u; -- the previous release", ["renames"]),
        ("-- the previous release does not mind: it never read t\nDROP TABLE t;", []),
    ],
)
def test_what_is_forbidden(text: str, found: list[str]) -> None:
    assert against(text) == found
