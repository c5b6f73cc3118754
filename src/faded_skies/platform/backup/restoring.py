"""Puts a backup into a database: all of it, or nothing."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import asyncpg

from faded_skies.platform import migrations
from faded_skies.platform.backup.archive import Reader
from faded_skies.platform.backup.checking import unpacked
from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.backup.files import Told
from faded_skies.platform.backup.manifest import Manifest, TableCopy
from faded_skies.platform.backup.taking import SESSION, quoted
from faded_skies.platform.outbound import transaction_open

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_TABLES = """
SELECT c.relname::text AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
# What the first start of any process writes by itself; a database with no more than this is empty.
_OF_ANY_START = frozenset({"schema_migrations", "keys", "rule_files", "pgqueuer_schedules"})

_EMPTY_SCHEMA = "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"
_FOREIGN_KEYS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS lift,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS lay
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0
ORDER BY conrelid::regclass::text, conname
"""
_COLUMNS = """
SELECT a.attname::text AS name FROM pg_attribute a
WHERE a.attrelid = to_regclass(format('public.%I', $1::text)) AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = ''
"""
MOST_NAMED = 3

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_BOUND = re.compile(r"DEFAULT|FOR VALUES FROM \('[0-9 :+-]+'\) TO \('[0-9 :+-]+'\)")


async def restore(
    url: str,
    reader: Reader,
    backup: Manifest,
    *,
    replace: bool,
    bring_files: Callable[[], Awaitable[None]],
    after: Callable[[Connection], Awaitable[None]],
    told: Told,
) -> None:
    """Fill the database with a backup that was checked, and migrate it to this release, in one transaction.

    `bring_files` runs before it: a file that no row names does no harm, a row without its file does. `after` does in
    the same transaction what the time that has passed makes necessary. Raises BackupError when the database has
    content and `replace` is not said, or others are connected to it; asyncpg.PostgresError. The database is as
    before then.
    """
    connection = await asyncpg.connect(url, server_settings=SESSION | {"lock_timeout": "5s"})
    try:
        await migrations.lock(connection)
        await _require_alone(connection)
        names = [row["name"] for row in await connection.fetch(_TABLES)]
        if not replace:
            await _require_empty(connection, names)
        await bring_files()
        async with connection.transaction():
            with _no_network():
                if names:
                    await connection.execute(_EMPTY_SCHEMA)
                await migrations.step(connection, to=backup.migration)
                await _without_time_limits(connection)
                await _fill(connection, reader, backup, told)
                await migrations.step(connection, progress=told)
                await _without_time_limits(connection)
                await after(connection)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


@contextmanager
def _no_network() -> Iterator[None]:
    token = transaction_open.set(True)
    try:
        yield
    finally:
        transaction_open.reset(token)


async def _require_alone(connection: Connection) -> None:
    others = await connection.fetchval(_OTHERS)
    if others:
        raise BackupError(
            f"{others} other connections use this database. Stop every serve and worker process (and psql) first."
        )


async def _require_empty(connection: Connection, names: list[str]) -> None:
    full = [name for name in names if name not in _OF_ANY_START and await _has_rows(connection, name)]
    if full:
        raise BackupError(
            f"This database is not empty ({', '.join(full[:MOST_NAMED])}{', …' * (len(full) > MOST_NAMED)}). "
            "Name an empty one, or say --replace to put the backup in the place of everything in it."
        )


async def _has_rows(connection: Connection, name: str) -> bool:
    found: bool = await connection.fetchval(f"SELECT EXISTS (SELECT FROM {quoted(name)})")
    return found


async def _without_time_limits(connection: Connection) -> None:
    """Undo what migrations set for themselves."""
    await connection.execute("SET LOCAL statement_timeout = 0")


async def _fill(connection: Connection, reader: Reader, backup: Manifest, told: Told) -> None:
    keys = await connection.fetch(_FOREIGN_KEYS)
    for key in keys:
        await connection.execute(key["lift"])
    for table in backup.tables:
        await _fill_table(connection, reader, table)
        told(f"{table.name:<34} {table.rows:>11,} rows")
    for sequence in backup.sequences:
        await connection.execute(
            "SELECT setval(to_regclass(format('public.%I', $1::text)), $2, $3)",
            sequence.name,
            sequence.last_value,
            sequence.is_called,
        )
    told("Holding every reference against the row that it names …")
    for key in keys:
        await connection.execute(key["lay"])


async def _fill_table(connection: Connection, reader: Reader, table: TableCopy) -> None:
    columns = {row["name"] for row in await connection.fetch(_COLUMNS, table.name)}
    if columns != set(table.columns):
        raise BackupError(
            f"The table {table.name} has other columns in this release's migrations than in the backup. "
            "Restore it with the release that wrote it, and update then."
        )
    await _make_partitions(connection, table)
    name = quoted(table.name)
    await connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    status = await connection.copy_to_table(
        table.name, source=_rows(reader, table), columns=table.columns, schema_name="public", format="text"
    )
    if status != f"COPY {table.rows}":
        raise BackupError(f"{table.name}: {status} instead of {table.rows:,} rows. Nothing was restored.")
    await connection.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")


async def _make_partitions(connection: Connection, table: TableCopy) -> None:
    for part in table.partitions:
        if not (_NAME.fullmatch(part.name) and _BOUND.fullmatch(part.bound)):
            raise BackupError(
                f"{table.name} has a partition {part.name} that this release does not understand."
            )
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(part.name)} PARTITION OF {quoted(table.name)} {part.bound}"
        )


async def _rows(reader: Reader, table: TableCopy) -> AsyncIterator[bytes]:
    for member in table.members:
        yield unpacked(reader.read(member))
