"""An index of a large table is built while others write, and can be broken off anywhere."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from factories.migrations import numbers_of, write_steps
from faded_skies.platform import migrations
from faded_skies.platform.index_steps import NotAnIndexStepError, stands_alone, within_a_transaction
from faded_skies.platform.migrations import MigrationError, migrate

TABLE = ("CREATE TABLE things (id int, name text)", "DROP TABLE things")
INDEX = (
    "-- no transaction\n-- Found by name.\nCREATE UNIQUE INDEX CONCURRENTLY things_name_idx ON things (name);",
    "-- no transaction\nDROP INDEX CONCURRENTLY IF EXISTS things_name_idx;",
)
VALID = "SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('things_name_idx'))"


async def on(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_others_write_while_it_is_built_and_a_second_migration_waits(
    empty_database_url: str, tmp_path: Path
) -> None:
    url, folder = empty_database_url, write_steps(tmp_path, TABLE, INDEX)
    await migrate(url, folder=folder, to=1)
    writer = await asyncpg.connect(url)
    open_one = writer.transaction()
    await open_one.start()
    await writer.execute("INSERT INTO things VALUES (1, 'a')")
    both = [asyncio.create_task(migrate(url, folder=folder)) for _ in range(2)]
    async with asyncio.timeout(30):
        while await on(url, VALID) is None:  # noqa: ASYNC110 - an index does not tell
            await asyncio.sleep(0.01)
    assert await on(url, VALID) is False
    await on(url, "INSERT INTO things VALUES (2, 'b')")
    await open_one.commit()
    await writer.close()
    assert sorted(await asyncio.gather(*both)) == [0, 1]
    assert await on(url, VALID) is True
    assert await migrate(url, folder=folder, to=0) == 2
    assert await on(url, "SELECT to_regclass('things_name_idx')") is None


async def test_one_that_was_broken_off_is_built_again(empty_database_url: str, tmp_path: Path) -> None:
    url, folder = empty_database_url, write_steps(tmp_path, TABLE, INDEX)
    await migrate(url, folder=folder, to=1)
    await on(url, "INSERT INTO things VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(
        MigrationError,
        match=r"^0002_step\.up\.sql failed; run it again, and .*: could not create unique index",
    ):
        await migrate(url, folder=folder)
    assert await on(url, VALID) is False
    assert await numbers_of(url) == [1]
    await on(url, "DELETE FROM things WHERE id = 2")
    assert await migrate(url, folder=folder) == 1
    assert await on(url, VALID) is True
    # Ended between the statement and the note of it, up and down.
    await on(url, "DELETE FROM schema_migrations WHERE number = 2")
    assert await migrate(url, folder=folder) == 1
    await on(url, "DROP INDEX things_name_idx")
    assert await migrate(url, folder=folder, to=1) == 1
    assert await numbers_of(url) == [1]


async def test_a_restore_builds_it_in_its_transaction(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_steps(tmp_path, TABLE, INDEX)
    connection = await asyncpg.connect(empty_database_url)
    async with connection.transaction():
        assert await migrations.step(connection, folder=folder) == 2
    await connection.close()
    assert await on(empty_database_url, VALID) is True


async def test_nothing_else_goes_without_a_transaction(empty_database_url: str, tmp_path: Path) -> None:
    folder = write_steps(tmp_path, ("-- no transaction\nCREATE TABLE things (id int)", "SELECT 1"))
    with pytest.raises(MigrationError, match=r"^0001_step\.up\.sql: a file without a transaction has one"):
        await migrate(empty_database_url, folder=folder)
    assert await numbers_of(empty_database_url) == []
    assert await on(empty_database_url, "SELECT to_regclass('things')") is None


@pytest.mark.parametrize(
    "statements",
    [
        "CREATE INDEX CONCURRENTLY a ON t (a); CREATE INDEX CONCURRENTLY b ON t (b)",
        "CREATE INDEX a ON t (a)",
        "CREATE INDEX CONCURRENTLY ON t (a)",
        "DROP INDEX CONCURRENTLY a",
        "DROP INDEX CONCURRENTLY IF EXISTS a, b",
        "",
    ],
)
def test_what_is_no_index_step(statements: str) -> None:
    with pytest.raises(NotAnIndexStepError):
        within_a_transaction(f"-- no transaction\n{statements}")


def test_those_of_this_release_can_be_read() -> None:
    for one in migrations.read():
        for text in (one.up.read_text(encoding="utf-8"), one.down.read_text(encoding="utf-8")):
            assert stands_alone(text) == ("CONCURRENTLY" in text.upper())
            if stands_alone(text):
                assert "CONCURRENTLY" not in within_a_transaction(text).upper()
