"""Migrations: plain SQL files, up and down, applied in order, each in its own transaction unless it says otherwise.

Files are `NNNN_name.up.sql` and `NNNN_name.down.sql`. One advisory lock makes two at once harmless; lock and
statement timeouts keep a migration from stopping the shop, and indexes of large tables are built beside its work
(`index_steps`; docs/adr/0002).
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from faded_skies.platform import index_steps

FOLDER = Path(__file__).resolve().parents[3] / "migrations"

_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.up\.sql$")
_LOCK = 7_262_024_001
_LOOK_AGAIN = 0.2  # seconds
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number int PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """A migration cannot be applied; the text says which and why."""


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    up: Path
    down: Path


def read(folder: Path = FOLDER) -> list[Migration]:
    """Return the migrations in order. Raises MigrationError when numbers repeat or a down file is missing."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.up.sql")):
        match = _NAME.match(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named NNNN_name.up.sql")
        down = path.with_name(path.name.replace(".up.sql", ".down.sql"))
        if not down.exists():
            raise MigrationError(f"{path.name} has no {down.name} beside it")
        found.append(Migration(int(match[1]), match[2], path, down))
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations must be numbered 1, 2, 3 … without gaps, but are {numbers}")
    return found


async def applied(connection: "asyncpg.Connection[asyncpg.Record]") -> list[int]:
    """Return the numbers that this database has."""
    await connection.execute(_LEDGER)
    return [
        row["number"]
        for row in await connection.fetch("SELECT number FROM schema_migrations ORDER BY number")
    ]


async def migrate(
    url: str,
    *,
    to: int | None = None,
    folder: Path = FOLDER,
    progress: Callable[[str], None] = lambda _: None,
) -> int:
    """Bring the database to migration `to` (default: the newest), up or down; return how many were run.

    Raises MigrationError when a step fails; that step is undone, those before it stay.
    """
    target = _target(read(folder), to)
    connection = await asyncpg.connect(url)
    try:
        await lock(connection)
        return await step(connection, to=target, folder=folder, progress=progress)
    finally:
        await connection.close()


async def lock(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until nobody else changes the schema, and keep others from it until the connection ends."""
    # Asked again and again: a statement that waits is a transaction, and an index that is built waits for all of them.
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 - locks do not tell
        await asyncio.sleep(_LOOK_AGAIN)


async def step(
    connection: "asyncpg.Connection[asyncpg.Record]",
    *,
    to: int | None = None,
    folder: Path = FOLDER,
    progress: Callable[[str], None] = lambda _: None,
) -> int:
    """As `migrate`, on a connection that has the lock; within its transaction, where one is open."""
    migrations = read(folder)
    target = _target(migrations, to)
    have = await applied(connection)
    if have and have[-1] > len(migrations):
        raise MigrationError(
            f"this database is at migration {have[-1]}, which this release does not know; run the newer release"
        )
    steps = [(m, m.up) for m in migrations if m.number not in have and m.number <= target]
    steps += [(m, m.down) for m in reversed(migrations) if m.number in have and m.number > target]
    for migration, path in steps:
        progress(path.name)
        await _run(connection, migration, path, path.read_text(encoding="utf-8"))
    return len(steps)


def _target(migrations: list[Migration], to: int | None) -> int:
    target = len(migrations) if to is None else to
    if not 0 <= target <= len(migrations):
        raise MigrationError(f"there is no migration {target}; the newest is {len(migrations)}")
    return target


async def _run(
    connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration, path: Path, statements: str
) -> None:
    try:
        if index_steps.stands_alone(statements) and not connection.is_in_transaction():
            await index_steps.run_alone(connection, statements)
            await _note(connection, migration, path)
            return
        if index_steps.stands_alone(statements):
            statements = index_steps.within_a_transaction(statements)
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '60s'")
            await connection.execute(statements)
            await _note(connection, migration, path)
    except index_steps.NotAnIndexStepError as error:
        raise MigrationError(f"{path.name}: {error}") from None
    except asyncpg.PostgresError as error:
        left = (
            "failed; run it again, and what is left of it goes first"
            if index_steps.stands_alone(statements)
            else "failed and was undone"
        )
        raise MigrationError(f"{path.name} {left}: {error}") from error


async def _note(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration, path: Path) -> None:
    if path == migration.up:
        await connection.execute(
            "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)", migration.number, migration.name
        )
    else:
        await connection.execute("DELETE FROM schema_migrations WHERE number = $1", migration.number)
