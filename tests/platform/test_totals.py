"""Totals of long lists are kept for a moment; short ones, and what a page tells by itself, are exact."""

import pytest

from faded_skies.platform import totals
from faded_skies.platform.db import Database

ROWS = "SELECT count(*) FROM generate_series(1, $1::int) WHERE $2::text IS NULL OR pg_sleep(0) IS NOT NULL"


async def count(db: Database, rows: int, *, shown: int = 20, offset: int = 0, word: str | None = None) -> int:
    return await db.count(ROWS, rows, word, rows=shown, limit=20, offset=offset)


async def test_a_page_that_is_not_full_tells_by_itself(db: Database) -> None:
    assert await count(db, 999, shown=7) == 7
    assert await count(db, 999, shown=7, offset=40) == 47
    assert await count(db, 0, shown=0) == 0


async def test_beyond_the_last_page_it_is_counted(db: Database) -> None:
    assert await count(db, 30, shown=0, offset=100) == 30


async def test_a_short_list_is_counted_each_time(db: Database) -> None:
    assert await count(db, totals.LONG - 1) == totals.LONG - 1
    assert db.totals.find(ROWS, (totals.LONG - 1, None)) is None


async def test_a_long_one_is_kept_for_its_statement_and_values(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(totals, "monotonic", lambda: now)
    assert await count(db, totals.LONG) == totals.LONG
    db.totals.keep(ROWS, (totals.LONG, None), totals.LONG + 5)  # as if it had been counted then

    assert await count(db, totals.LONG) == totals.LONG + 5
    assert await count(db, totals.LONG, word="another") == totals.LONG

    now += totals.LIFETIME
    assert await count(db, totals.LONG) == totals.LONG


async def test_it_is_never_less_than_what_the_page_shows(db: Database) -> None:
    db.totals.keep(ROWS, (5, None), totals.LONG)

    assert await count(db, 5, offset=totals.LONG - 5) == totals.LONG + 15


def test_only_so_many_are_kept() -> None:
    kept = totals.Totals()
    for number in range(totals.MOST_ENTRIES + 1):
        kept.keep("list", (number,), totals.LONG)

    assert kept.find("list", (0,)) is None
    assert kept.find("list", (1,)) == totals.LONG
