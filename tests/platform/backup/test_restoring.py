"""A restore is all or nothing: refusals and failures leave the database as it was."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from faded_skies.platform import migrations
from faded_skies.platform.backup.archive import reading
from faded_skies.platform.backup.checking import check
from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.backup.restoring import Connection, restore
from faded_skies.platform.backup.taking import take
from faded_skies.platform.migrations import migrate

NEWEST = len(migrations.read())

_PERSON = """
INSERT INTO users (id, email, password_hash, full_name, date_of_birth, role)
VALUES (gen_random_uuid(), $1, 'x', E'Tab\\tand\\nline \\\\N', '1990-01-01', 'driver')
"""
_DAY = """
CREATE TABLE driver_locations_20260105 PARTITION OF driver_locations
FOR VALUES FROM ('2026-01-05 00:00:00+00') TO ('2026-01-06 00:00:00+00')
"""
_POSITION = """
INSERT INTO driver_locations (driver_id, recorded_at, latitude, longitude)
SELECT id, '2026-01-05 12:00:00+00', 30.25, -97.75 FROM users
"""
_SESSION_OF_NOBODY = """
INSERT INTO sessions (id, user_id, expires_at) VALUES (gen_random_uuid(), gen_random_uuid(), now())
"""
_NAMES = "SELECT array_agg(full_name) FROM users"


async def on(url: str, *statements: str) -> object:
    """Run statements; returns the first value of the last."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def nothing(_: Connection) -> None:
    """Nothing is necessary after these restores."""


async def written(url: str, path: Path) -> Path:
    await take(url, path, keyring=None, release="1", kinds=(), places={}, told=lambda _: None)
    return path


async def restored(
    url: str, path: Path, *, replace: bool = False, after: Callable[[Connection], Awaitable[None]] = nothing
) -> None:
    async def no_files() -> None:
        """There are none in these backups."""

    with reading(path, None) as reader:
        whole = check(path, reader, lambda _: None)
        await restore(
            url, reader, whole, replace=replace, bring_files=no_files, after=after, told=lambda _: None
        )


@pytest.fixture
async def backup(database_url: str, tmp_path: Path) -> Path:
    """A backup of one driver and where they were."""
    await on(
        database_url,
        _PERSON.replace("$1", "'a@example.com'"),
        "DROP TABLE IF EXISTS driver_locations_20260105",
    )
    await on(database_url, _DAY, _POSITION)
    path = await written(database_url, tmp_path / "a.backup")
    await on(database_url, "DROP TABLE driver_locations_20260105")
    return path


async def test_rows_partitions_and_guards_come_back(backup: Path, empty_database_url: str) -> None:
    await restored(empty_database_url, backup)
    assert await on(empty_database_url, _NAMES) == ["Tab\tand\nline \\N"]
    assert await on(empty_database_url, "SELECT latitude FROM driver_locations_20260105") == 30.25
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await on(empty_database_url, _SESSION_OF_NOBODY)
    with pytest.raises(asyncpg.PostgresError, match="append"):
        await on(empty_database_url, "TRUNCATE audit_log")


async def test_a_failure_at_the_end_leaves_the_database_as_it_was(
    backup: Path, empty_database_url: str
) -> None:
    async def fail(_: Connection) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await restored(empty_database_url, backup, after=fail)
    assert await on(empty_database_url, "SELECT to_regclass('users')") is None
    await migrate(empty_database_url)
    await on(empty_database_url, _PERSON.replace("$1", "'b@example.com'").replace("Tab", "Own"))
    with pytest.raises(BackupError, match=r"not empty \(users\)"):
        await restored(empty_database_url, backup)
    with pytest.raises(RuntimeError):
        await restored(empty_database_url, backup, replace=True, after=fail)
    assert await on(empty_database_url, _NAMES) == ["Own\tand\nline \\N"]
    await restored(empty_database_url, backup, replace=True)
    assert await on(empty_database_url, _NAMES) == ["Tab\tand\nline \\N"]


async def test_nobody_else_may_be_connected(backup: Path, empty_database_url: str) -> None:
    other = await asyncpg.connect(empty_database_url)
    with pytest.raises(BackupError, match="1 other connections"):
        await restored(empty_database_url, backup)
    await other.close()


async def test_one_of_an_older_release_is_migrated(
    empty_database_url: str, fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(fresh_database_url, to=NEWEST - 1)
    older = migrations.read()[:-1]
    with pytest.raises(BackupError, match="with the release that runs on it"):
        await written(fresh_database_url, tmp_path / "refused.backup")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "read", lambda: older)
        path = await written(fresh_database_url, tmp_path / "older.backup")
    await restored(empty_database_url, path)
    assert await on(empty_database_url, "SELECT max(number) FROM schema_migrations") == NEWEST


async def test_an_empty_database_has_no_backup(empty_database_url: str, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is nothing to back up"):
        await written(empty_database_url, tmp_path / "a.backup")
    assert not (tmp_path / "a.backup").exists()
