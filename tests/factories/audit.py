"""Rows of the audit log, what tampers with them, and what verifying the log says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from faded_skies import bootstrap
from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log.verifying import verify
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings


@asynccontextmanager
async def one_connection(settings: Settings) -> AsyncIterator[Database]:
    """Open a database of one connection: all that is written through it stands in one chain."""
    async with bootstrap.database(settings.model_copy(update={"database_pool": 1})) as db:
        yield db


async def write(db: Database, count: int = 1, *, action: str = "test.done") -> None:
    """Write so many rows, each in a transaction of its own."""
    for number in range(count):
        async with db.transaction() as tx:
            tx.audit(
                action,
                object_type="thing",
                object_id=new_id(),
                actor_id=new_id(),
                reason="why",
                number=number,
            )


async def wrong_with(db: Database) -> list[Finding]:
    """Return all that a verification of the whole log finds."""
    findings: list[Finding] = []
    await verify(db, found=findings.append)
    return findings


def kinds(findings: Sequence[Finding]) -> list[str]:
    return sorted({finding.kind.value for finding in findings})


async def tamper(url: str, *statements: str) -> None:
    """Do what somebody with the rights of the database's owner can do: no trigger is in the way."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


RELINK = """
DO $$
DECLARE
    r record;
    place bigint := 0;
    last bytea := decode(repeat('00', 32), 'hex');
BEGIN
    UPDATE audit_log SET position = position + 1000000;
    FOR r IN SELECT id, seq, chain, mac FROM audit_log WHERE chain IS NOT NULL ORDER BY position, seq LOOP
        place := place + 1;
        last := sha256(last || int2send(r.chain) || int8send(place) || int8send(r.seq) || r.mac);
        UPDATE audit_log SET position = place, link = last WHERE id = r.id;
    END LOOP;
    UPDATE audit_heads SET position = place, link = last;
END $$
"""
"""Computes every position, link and head of a log of one chain anew, as whoever has no key can."""
