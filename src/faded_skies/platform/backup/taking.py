"""Takes a backup: one moment of the database while the shop sells, and the files that its rows name."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg

from faded_skies.platform import migrations
from faded_skies.platform.backup import files, manifest
from faded_skies.platform.backup.archive import Member, Writer, writing
from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.backup.files import KeptFiles, Places, Told
from faded_skies.platform.backup.manifest import Manifest, Partition, SequenceState, TableCopy
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring

CHUNK_BYTES = 8 * 1024 * 1024
"""As much text of a table is in one member, before it is packed."""

SESSION = {
    "application_name": "faded-skies backup",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""What the text of values depends on, the same for writing and reading; and copies may take their time."""

# Not what a crash may forget (unlogged), nor what migrations write themselves.
_TABLES = """
SELECT c.relname::text AS name,
    ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attnum
    ) AS columns
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relpersistence = 'p' AND c.relname <> 'schema_migrations'
ORDER BY c.relname
"""
_PARTITIONS = """
SELECT i.inhparent::regclass::text AS parent, c.relname::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relispartition ORDER BY c.relname
"""
_SEQUENCES = "SELECT sequencename::text AS name FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
_NEWEST = "SELECT max(number) FROM schema_migrations"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass
class _Chunks:
    """Gathers the rows of a table into members."""

    writer: Writer
    table: str
    members: list[Member] = field(default_factory=list)
    waiting: bytearray = field(default_factory=bytearray)

    async def take(self, data: bytes) -> None:
        self.waiting += data
        if len(self.waiting) >= CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self.waiting:
            return
        name = f"tables/{self.table}/{len(self.members):05}.copy.gz"
        self.members.append(self.writer.add(name, gzip.compress(self.waiting, compresslevel=1, mtime=0)))
        self.waiting.clear()


async def take(
    url: str,
    path: Path,
    *,
    keyring: Keyring | None,
    release: str,
    kinds: Sequence[KeptFiles],
    places: Places,
    told: Told,
) -> Manifest:
    """Write a backup to `path`, sealed when there is a keyring; returns what is in it.

    The shop may sell meanwhile; migrations wait, and give up after five seconds. Raises BackupError, DocumentStoreDown,
    OSError and asyncpg.PostgresError; no file is left then.
    """
    backup_id = new_id()
    connection = await asyncpg.connect(url, server_settings=SESSION)
    try:
        with writing(path, backup_id, keyring) as writer:
            whole = await _write(connection, writer, backup_id, release, kinds, places, told)
            writer.finish(manifest.write(whole))
        return whole
    finally:
        await connection.close()


async def _write(
    connection: Connection,
    writer: Writer,
    backup_id: UUID,
    release: str,
    kinds: Sequence[KeptFiles],
    places: Places,
    told: Told,
) -> Manifest:
    names = [row["name"] for row in await connection.fetch(_TABLES)]
    if not names:
        raise BackupError("This database is empty: there is nothing to back up. See DATABASE_URL.")
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Before the first question, which is the moment that is seen: no migration comes in between.
        await connection.execute(f"LOCK TABLE {', '.join(map(quoted, names))} IN ACCESS SHARE MODE")
        taken_at: datetime = await connection.fetchval("SELECT now()")
        migration = await connection.fetchval(_NEWEST)
        if migration != len(migrations.read()):
            raise BackupError(
                f"The database is at migration {migration}, this release at {len(migrations.read())}. "
                "Back it up with the release that runs on it."
            )
        partitions = await connection.fetch(_PARTITIONS)
        tables: list[TableCopy] = []
        for row in await connection.fetch(_TABLES):
            parts = [
                Partition(part["name"], part["bound"]) for part in partitions if part["parent"] == row["name"]
            ]
            tables.append(await _copy_table(connection, writer, row["name"], row["columns"], parts))
            told(f"{row['name']:<34} {tables[-1].rows:>11,} rows, {writer.bytes / 1e6:,.1f} MB in all")
        sequences = [await _sequence(connection, row["name"]) for row in await connection.fetch(_SEQUENCES)]
        wanted = await files.find_keys(connection, kinds)
    copied, unfound = await files.copy_out(connection, writer, wanted, kinds, places, told)
    return Manifest(
        id=backup_id,
        taken_at=taken_at,
        release=release,
        migration=migration,
        postgres=str(connection.get_server_version().major),
        tables=tables,
        sequences=sequences,
        files=copied,
        unfound=unfound,
    )


async def _copy_table(
    connection: Connection, writer: Writer, name: str, columns: list[str], partitions: list[Partition]
) -> TableCopy:
    chunks = _Chunks(writer, name)
    listed = ", ".join(map(quoted, columns))
    status = await connection.copy_from_query(
        f"SELECT {listed} FROM {quoted(name)}",
        output=chunks.take,
        format="text",
    )
    chunks.flush()
    return TableCopy(name, columns, int(status.rpartition(" ")[2]), partitions, chunks.members)


async def _sequence(connection: Connection, name: str) -> SequenceState:
    (row,) = await connection.fetch(f"SELECT last_value, is_called FROM {quoted(name)}")
    return SequenceState(name, row["last_value"], row["is_called"])


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'
