"""`faded-skies vault`: things move to the current key in batches, whatever else happens, and none is lost."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from faded_skies import registry
from faded_skies.platform import wrapped
from faded_skies.platform.db import Database
from faded_skies.platform.events import Bus
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import KeyLost, Keyring, PurposeKeys
from faded_skies.platform.settings import Settings
from servers import Program, needed_of, until

OLD, NEW, OTHER = (
    f"{name}:{base64.b64encode(name.encode() * 8).decode()}" for name in ("old1", "new1", "oth1")
)
KEYS, PICTURES, SECOND_FACTORS, *_ = registry.WRAPPED

# Pictures of verifications that never were: what is tested does not look at these.
_ADD = """
INSERT INTO id_documents (id, verification_id, side, wrapped_key)
SELECT id, gen_random_uuid(), 'front', wrapped FROM unnest($1::uuid[], $2::bytea[]) AS new (id, wrapped)
"""

Run = Callable[..., Awaitable[tuple[int, str, str]]]


def environment(settings: Settings, keys: Sequence[str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        **needed_of(settings),
        "NODE_ENV": "test",
        "VAULT_MASTER_KEYS": ",".join(keys),
    }


@pytest.fixture
def run(settings: Settings) -> Run:
    async def vault(command: str, *keys: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "faded_skies",
            "vault",
            command,
            env=environment(settings, keys),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    return vault


@pytest.fixture
async def bare(settings: Settings) -> AsyncIterator[Database]:
    """A database whose purpose keys are wrapped under the old key, as the shop's first start leaves it."""
    db = await Database.connect(settings.database_url, bus=Bus(), size=4)
    await PurposeKeys.load(db, Keyring.parse(OLD), ["audit", "document_number"])
    yield db
    await db.close()


async def add_pictures(db: Database, key: str, count: int) -> dict[UUID, bytes]:
    """Lock so many data keys of pictures; returns them by id."""
    keyring = Keyring.parse(key)
    data = {new_id(): keyring.new_data_key() for _ in range(count)}
    async with db.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        wraps = [keyring.wrap(secret, context=f"id_document:{identity}") for identity, secret in data.items()]
        await connection.execute(_ADD, list(data), wraps)
    return data


async def opened(db: Database, *keys: str) -> dict[UUID, bytes]:
    keyring = Keyring.parse(",".join(keys))
    rows = await db.fetch("SELECT id, wrapped_key FROM id_documents WHERE wrapped_key IS NOT NULL")
    return {row["id"]: keyring.unwrap(row["wrapped_key"], context=f"id_document:{row['id']}") for row in rows}


async def names(db: Database) -> list[str]:
    rows = await db.fetch("SELECT wrapped_key FROM id_documents WHERE wrapped_key IS NOT NULL ORDER BY id")
    return [Keyring.key_name(row["wrapped_key"]) for row in rows]


def test_each_description_is_what_its_owner_wraps() -> None:
    identity = new_id()
    assert PICTURES.context(identity) == f"id_document:{identity}"
    assert KEYS.context("audit") == PurposeKeys.context("audit")


async def test_every_column_of_wrapped_secrets_is_described(bare: Database) -> None:
    columns = await bare.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type = 'bytea' AND column_name LIKE '%wrapped%' OR table_name = 'second_factors' AND "
        "column_name = 'secret'"
    )
    described = {(thing.table, thing.column) for thing in registry.WRAPPED}
    assert {(row["table_name"], row["column_name"]) for row in columns} == described


async def test_everything_moves_and_the_old_key_is_needed_no_more(bare: Database, run: Run) -> None:
    data = await add_pictures(bare, OLD, 450)
    before = await PurposeKeys.load(bare, Keyring.parse(OLD), ["audit"])

    code, out, err = await run("rotate", NEW, OLD)
    assert (code, err) == (0, "")
    assert out == (
        "keys for digests: 2 locked with new1 so far\n"
        "keys of ID pictures: 200 locked with new1 so far\n"
        "keys of ID pictures: 400 locked with new1 so far\n"
        "keys of ID pictures: 450 locked with new1 so far\n"
        "Locked with new1: 455.\n"
        "Nothing hangs on old1. If it is the old key: once every process runs with new1 first and `faded-skies vault "
        "status` still says so, take it out of VAULT_MASTER_KEYS, and keep it in the safe as long as backups of today "
        "are kept. If it is the new one: put it first and run this again.\n"
    )
    assert await opened(bare, NEW) == data
    after = await PurposeKeys.load(bare, Keyring.parse(NEW), ["audit"])
    assert after.digest("audit", b"line") == before.digest("audit", b"line")
    (row,) = await bare.fetch("SELECT action, details FROM audit_log")
    assert (row["action"], row["details"]) == ("vault.rotated", {"key": "new1", "things": 452})

    wrapped_before = await bare.fetch("SELECT id, wrapped_key FROM id_documents ORDER BY id")
    code, out, _ = await run("rotate", NEW)
    assert (code, out) == (0, "Locked with new1: 455.\n")
    assert await bare.fetch("SELECT id, wrapped_key FROM id_documents ORDER BY id") == wrapped_before


async def test_a_rotation_killed_in_the_middle_is_finished_by_the_next(
    bare: Database, settings: Settings, run: Run, tmp_path: Path
) -> None:
    data = await add_pictures(bare, OLD, 450)
    held = sorted(data)[300]
    argv = [sys.executable, "-m", "faded_skies", "vault", "rotate"]
    async with bare.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM id_documents WHERE id = $1 FOR UPDATE", held)
        program = Program(argv, environment(settings, [NEW, OLD]), tmp_path / "log")

        async def waits_for_the_row() -> bool:
            return bool(
                await bare.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                    "AND datname = current_database() AND query LIKE '%FOR UPDATE%'"
                )
            )

        await until(waits_for_the_row, "the second batch waits for our row")
        program.kill()
        await transaction.rollback()
    assert await names(bare) == ["new1"] * 200 + ["old1"] * 250
    assert await opened(bare, OLD, NEW) == data

    code, out, _ = await run("rotate", NEW, OLD)
    assert code == 0
    assert "keys of ID pictures: 250 locked with new1 so far\nLocked with new1: 455.\n" in out
    assert await opened(bare, NEW) == data


async def test_what_is_deleted_or_added_meanwhile_stays_so(bare: Database) -> None:
    data = await add_pictures(bare, OLD, 5)
    gone = sorted(data)[2]
    keyring = Keyring.parse(f"{NEW},{OLD}")

    async def move() -> int:
        return sum([moved.wrapped async for moved in wrapped.rotate(bare, keyring, PICTURES)])

    async with bare.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE id_documents SET wrapped_key = NULL, deleted_at = now() WHERE id = $1", gone
        )
        moving = asyncio.create_task(move())

        async def waits() -> bool:
            return bool(await bare.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await until(waits, "the rotation waits for the deletion")
        added = await add_pictures(bare, OLD, 1)
    assert await moving == 4
    del data[gone]
    assert await opened(bare, NEW, OLD) == data | added
    assert await names(bare) == ["new1"] * 4 + ["old1"]  # a process that did not know the new key yet
    assert await move() == 1
    assert await opened(bare, NEW) == data | added


async def test_two_rotations_at_once_do_each_thing_once(bare: Database) -> None:
    data = await add_pictures(bare, OLD, 450)
    keyring = Keyring.parse(f"{NEW},{OLD}")

    async def move() -> int:
        last = [moved.wrapped async for moved in wrapped.rotate(bare, keyring, PICTURES)]
        return last[-1] if last else 0

    counts = await asyncio.gather(move(), move())
    assert sum(counts) == 450
    assert await opened(bare, NEW) == data


async def test_what_cannot_be_opened_is_named_and_left_as_it_is(bare: Database, run: Run) -> None:
    data = await add_pictures(bare, OLD, 3)
    await add_pictures(bare, OTHER, 2)
    changed = min(data)
    await bare.fetch(
        "UPDATE id_documents SET wrapped_key = set_byte(wrapped_key, 40, get_byte(wrapped_key, 40) # 1) "
        "WHERE id = $1",
        changed,
    )
    code, out, err = await run("rotate", NEW, OLD)
    assert code == 1
    assert err == (
        "keys of ID pictures: 2 NOT OPENED, for the key oth1 is not in VAULT_MASTER_KEYS.\n"
        f"keys of ID pictures: {changed} NOT OPENED, for it was changed or its key is another.\n"
    )
    assert "Still locked with old1: 1. Keep it and run this again.\n" in out
    assert sorted(await names(bare)) == ["new1", "new1", "old1", "oth1", "oth1"]

    code, out, _ = await run("status", NEW, OLD)
    assert code == 1
    assert out.splitlines() == [
        "keys for digests                      5  new1: current",
        "keys of ID pictures                   2  new1: current",
        (
            "keys of ID pictures                   1  old1: DOES NOT OPEN, the key of this name is another, or what is "
            "stored was changed"
        ),
        "keys of ID pictures                   2  oth1: LOST, not in VAULT_MASTER_KEYS",
    ]


async def test_status_counts_by_key_and_answers_without_the_keys(bare: Database, run: Run) -> None:
    await add_pictures(bare, OLD, 3)
    await add_pictures(bare, NEW, 2)
    assert await run("status", NEW, OLD, OTHER) == (
        0,
        (
            "keys for digests                      2  old1: at hand, to be rotated\n"
            "keys of ID pictures                   2  new1: current\n"
            "keys of ID pictures                   3  old1: at hand, to be rotated\n"
            "Nothing here hangs on oth1. Backups may: keep it as long as they are kept.\n"
        ),
        "",
    )
    code, out, _ = await run("status", OTHER)
    assert code == 1
    assert out.count("LOST, not in VAULT_MASTER_KEYS") == 3
    code, _, err = await run("rotate", OTHER)
    assert (code, "wrapped under the master key old1, which is not in VAULT_MASTER_KEYS" in err) == (1, True)
    assert sorted(await names(bare)) == ["new1", "new1", "old1", "old1", "old1"]


async def test_a_secret_of_an_authenticator_app_moves_too(bare: Database) -> None:
    user_id, context = new_id(), "second_factor:{}"
    secret = Keyring.parse(OLD).wrap(b"twenty bytes of TOTP", context=context.format(user_id))
    async with bare.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "INSERT INTO second_factors (user_id, secret, last_step) VALUES ($1, $2, 0)", user_id, secret
        )
    keyring = Keyring.parse(f"{NEW},{OLD}")
    (moved,) = [moved async for moved in wrapped.rotate(bare, keyring, SECOND_FACTORS)]
    assert moved.wrapped == 1
    again = await bare.fetchval("SELECT secret FROM second_factors")
    plain = Keyring.parse(NEW).unwrap(again, context=context.format(user_id))
    assert plain == b"twenty bytes of TOTP"


async def test_a_place_swapped_for_another_does_not_open(bare: Database) -> None:
    first, second = sorted(await add_pictures(bare, OLD, 2))
    await bare.fetch(
        "UPDATE id_documents a SET wrapped_key = b.wrapped_key FROM id_documents b "
        "WHERE a.id = $1 AND b.id = $2",
        first,
        second,
    )
    keyring = Keyring.parse(f"{NEW},{OLD}")
    (moved,) = [moved async for moved in wrapped.rotate(bare, keyring, PICTURES)]
    assert (moved.wrapped, moved.tampered) == (1, [str(first)])
    with pytest.raises(KeyLost):
        await opened(bare, NEW)
