"""The audit log is written with what it tells of: many at once, whole or not at all, and never changed."""

import asyncio
import sys
from contextlib import suppress

import asyncpg
import pytest

from factories.audit import kinds, write, wrong_with
from faded_skies.bootstrap import Application
from faded_skies.platform.audit import Origin, origin
from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log.reading import Filter, list_newest, read_in_order
from faded_skies.platform.audit_log.verifying import Verdict, verify
from faded_skies.platform.db import DATABASE_LOST, Database
from faded_skies.platform.events import Bus
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings

_GAPS = """
SELECT count(*) FILTER (WHERE position <> expected) FROM (
    SELECT position, row_number() OVER (PARTITION BY chain ORDER BY position) AS expected FROM audit_log
) numbered
"""
_WRITER = """
import asyncio, sys
from factories.audit import write
from faded_skies import bootstrap
from faded_skies.platform.settings import read_settings

async def main():
    async with bootstrap.database(read_settings()) as db:
        await asyncio.gather(*(write(db, 10) for _ in range(8)))

asyncio.run(main())
"""


async def test_a_row_tells_who_what_whence_and_why(log: Database) -> None:
    actor_id, object_id = new_id(), new_id()
    token = origin.set(Origin("203.0.113.9", "Browser/1", "request-1"))
    try:
        async with log.transaction() as tx:
            tx.audit(
                "order.cancelled",
                object_type="order",
                object_id=object_id,
                actor_id=actor_id,
                reason="The customer asked for it.",
                cents=2450,
            )
    finally:
        origin.reset(token)
    ((row,), total) = await list_newest(log, Filter(), limit=20, offset=0)
    said = row.content
    assert total == 1
    assert (said.action, said.object_type, said.object_id, said.actor_id) == (
        "order.cancelled",
        "order",
        object_id,
        actor_id,
    )
    assert (said.reason, said.details) == ("The customer asked for it.", '{"cents": 2450}')
    assert (said.address, said.user_agent, said.request_id) == ("203.0.113.9", "Browser/1", "request-1")
    assert row.position == 1
    assert await wrong_with(log) == []


async def test_details_of_every_kind_survive_the_database(log: Database) -> None:
    async with log.transaction() as tx:
        tx.audit(
            "test.done",
            object_type="thing",
            object_id=None,
            actor_id=None,
            numbers=[1.0, 1e16, 5e-324, -0.0, 2**63, 0.1],
            texts=["🌿", '"\\', ""],
            id=new_id(),
            nested={"z": {"b": None, "a": [True]}},
        )
    assert await wrong_with(log) == []


async def test_many_writers_at_once_lose_nothing_and_verify_clean(app: Application) -> None:
    db = app.ports.db
    await asyncio.gather(*(write(db, 10) for _ in range(30)))
    assert await db.fetchval("SELECT count(*) FROM audit_log") == 300
    assert await db.fetchval(_GAPS) == 0
    assert await db.fetchval("SELECT sum(position) FROM audit_heads") == 300
    assert await db.fetchval("SELECT count(*) FROM audit_heads") > 1
    assert await wrong_with(db) == []


async def test_two_processes_write_into_the_same_chains(settings: Settings, log: Database) -> None:
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "JWT_SECRET": settings.jwt_secret.get_secret_value(),
        "VAULT_MASTER_KEYS": settings.vault_master_keys.get_secret_value(),
        "PYTHONPATH": ":".join(sys.path),
    }
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _WRITER, env=environment) for _ in range(2)
    ]
    assert [await writer.wait() for writer in writers] == [0, 0]
    assert await log.fetchval("SELECT count(*) FROM audit_log") == 160
    assert await log.fetchval(_GAPS) == 0
    assert await wrong_with(log) == []


async def test_writers_at_the_beginning_of_one_chain_make_one_head(settings: Settings, log: Database) -> None:
    """Backends choose their chain by pid, so one chain is forced by a function that says so."""
    source = await log.fetchval("SELECT pg_get_functiondef('append_audit'::regproc)")
    one = source.replace("pg_backend_pid() % 8 + 1", "1")
    assert one != source
    await log.fetch(one)
    try:
        pool = await asyncpg.create_pool(settings.database_url, min_size=8, max_size=8)
        async with pool:
            db = Database(pool, Bus(), sign=log.sign)
            await asyncio.gather(*(write(db, 5) for _ in range(16)))
    finally:
        await log.fetch(source)
    assert await log.fetchval("SELECT position FROM audit_heads WHERE chain = 1") == 80
    assert await wrong_with(log) == []


async def test_a_transaction_of_many_entries_keeps_their_order(log: Database) -> None:
    async with log.transaction() as tx:
        for number in range(30):
            tx.audit(f"test.{number}", object_type="thing", object_id=None, actor_id=None)
    rows = [row async for row in read_in_order(log, Filter())]
    assert [(row.position, row.content.action) for row in rows] == [(n + 1, f"test.{n}") for n in range(30)]
    assert await wrong_with(log) == []


async def test_what_is_undone_leaves_no_gap(log: Database) -> None:
    await write(log)
    with suppress(LookupError):
        async with log.transaction() as tx:
            tx.audit("test.undone", object_type="thing", object_id=None, actor_id=None)
            await tx.flush()
            raise LookupError
    await write(log)
    assert await log.fetchval("SELECT array_agg(position ORDER BY position) FROM audit_log") == [1, 2]
    assert await wrong_with(log) == []


async def test_a_connection_that_dies_before_the_commit_leaves_nothing_half(
    settings: Settings, log: Database
) -> None:
    await write(log)
    killer = await asyncpg.connect(settings.database_url)
    with suppress(*DATABASE_LOST):
        async with log.transaction() as tx:
            tx.audit("test.killed", object_type="thing", object_id=None, actor_id=None)
            await tx.flush()
            tx._audit.clear()
            await killer.fetchval(
                "SELECT pg_terminate_backend($1, 5000)", await tx.fetchval("SELECT pg_backend_pid()")
            )
    await killer.close()
    await write(log)
    actions = [row async for row in read_in_order(log, Filter())]
    assert [row.content.action for row in actions] == ["test.done", "test.done"]
    assert await wrong_with(log) == []


@pytest.mark.parametrize("table", ["audit_log", "audit_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET mac = mac", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nothing_may_be_changed_or_deleted(log: Database, table: str, statement: str) -> None:
    await write(log)
    with pytest.raises(asyncpg.RestrictViolationError, match=f"{table} is append-only"):
        await log.fetch(statement.format(table))
    assert await wrong_with(log) == []


async def test_a_head_that_was_lost_is_found_missing_and_made_again(log: Database) -> None:
    await write(log, 3)
    await log.fetch("DELETE FROM audit_heads")
    assert kinds(await wrong_with(log)) == ["head_wrong"]
    await write(log)
    assert await log.fetchval("SELECT position FROM audit_heads") == 4
    assert await wrong_with(log) == []


async def test_without_its_key_nothing_is_written(log: Database) -> None:
    blind = Database(log.pool, Bus())
    with pytest.raises(RuntimeError, match="has not given it the log's key"):
        await write(blind)
    assert await log.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_the_release_before_may_still_write(log: Database) -> None:
    """Its rows stand in no chain, as those of before the migration do."""
    await log.fetch(
        "INSERT INTO audit_log (id, action, object_type, details) VALUES (gen_random_uuid(), 'old', 'thing', '{}')"
    )
    await write(log)
    findings: list[Finding] = []
    assert await verify(log, found=findings.append) == Verdict(rows=2, before=1, complete=True)
    assert findings == []
