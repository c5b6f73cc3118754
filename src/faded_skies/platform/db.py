"""The database: one pool, reads that commit by themselves, and transactions that carry their consequences."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import orjson
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from prometheus_client import Counter

from faded_skies.platform import metrics, tracing
from faded_skies.platform.audit import Entry, origin
from faded_skies.platform.audit.encoding import Sign
from faded_skies.platform.audit.writing import APPEND, append_values
from faded_skies.platform.events import Bus, Event
from faded_skies.platform.ids import uuid_text
from faded_skies.platform.outbound import transaction_open
from faded_skies.platform.totals import Totals

Row = asyncpg.Record

DATABASE_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    # On a connection that the server ended a moment ago: https://github.com/MagicStack/asyncpg/issues/1069
    asyncpg.InternalClientError,
)
"""What says that the database cannot be reached at the moment."""

_ROWS_AHEAD = 200
# From here on entries are signed in a thread: each takes some forty microseconds, and others wait for the loop.
_MANY_ENTRIES = 100

# The queue library's own statement, rendered once: priorities, entrypoints, payloads, delays, dedupe keys, headers.
_ENQUEUE = QueryQueueBuilder().build_enqueue_query("raise")


class Tx:
    """An open transaction: statements, and what shall follow from its commit.

    Events, jobs and audit entries are collected and written in one statement each just before the commit, so
    they exist exactly when the changes exist.
    """

    __slots__ = ("_audit", "_bus", "_jobs", "_sign", "connection", "counts", "events")

    def __init__(self, connection: "asyncpg.Connection[Row]", bus: Bus, sign: Sign) -> None:
        self.connection = connection
        self._bus = bus
        self._sign = sign
        self._jobs: list[tuple[str, bytes]] = []
        self.events: list[Event] = []
        self.counts: list[Counter] = []
        self._audit: list[Entry] = []

    async def fetch(self, statement: str, *values: object) -> list[Row]:
        return await self.connection.fetch(statement, *values)

    async def fetchrow(self, statement: str, *values: object) -> Row | None:
        return await self.connection.fetchrow(statement, *values)

    async def fetchval(self, statement: str, *values: object) -> Any:
        return await self.connection.fetchval(statement, *values)

    async def stream(self, statement: str, *values: object) -> AsyncIterator[Row]:
        """Yield the rows as they are read, a few hundred in memory at a time."""
        async for row in self.connection.cursor(statement, *values, prefetch=_ROWS_AHEAD):
            yield row

    async def execute(self, statement: str, *values: object) -> int:
        """Run a statement and return how many rows it touched."""
        tag = await self.connection.execute(statement, *values)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo everything inside, its events and audit entries too, when the block raises; the rest goes on."""
        jobs, entries = len(self._jobs), len(self._audit)
        events, counts = len(self.events), len(self.counts)
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            del self._jobs[jobs:]
            del self._audit[entries:]
            del self.events[events:]
            del self.counts[counts:]
            raise

    def emit(self, event: Event) -> None:
        """State a fact: one job for each of its subscribers is enqueued with this commit."""
        self.events.append(event)
        self._jobs.extend(self._bus.jobs_for(event))

    def count(self, counter: Counter, *labels: str) -> None:
        """Have a counter of this process go up by one after the commit."""
        self.counts.append(counter.labels(*labels))

    def audit(
        self,
        action: str,
        *,
        object_type: str,
        object_id: UUID | None,
        actor_id: UUID | None,
        reason: str | None = None,
        **details: object,
    ) -> None:
        """Record who did what to which thing, and why; written with this commit."""
        self._audit.append(Entry(action, object_type, object_id, actor_id, reason, details))

    async def flush(self) -> None:
        """Write what was collected. Called once, by `Database.transaction`, just before the commit."""
        if self._jobs:
            count = len(self._jobs)
            await self.connection.execute(
                _ENQUEUE,
                [0] * count,
                [name for name, _ in self._jobs],
                [payload for _, payload in self._jobs],
                [timedelta(0)] * count,
                [None] * count,
                [tracing.job_headers()] * count,
            )
        if self.events and self._bus.outbox is not None:
            await self._bus.outbox(self.connection, self.events)
        if self._audit:
            signed = (self._audit, origin.get(), self._sign)
            many = len(self._audit) > _MANY_ENTRIES
            values = await asyncio.to_thread(append_values, *signed) if many else append_values(*signed)
            # Last, because it locks the end of a chain until the commit.
            await self.connection.execute(APPEND, *values)


def _dump(value: object) -> str:
    return orjson.dumps(value, default=uuid_text).decode()


async def prepare_connection(connection: "asyncpg.Connection[Row]") -> None:
    """Teach a connection our JSON (jsonb in and out as Python values), and count its statements."""
    connection.add_query_logger(metrics.statement_done)
    if tracing.active() is not None:
        connection.add_query_logger(tracing.statement_done)
    await connection.set_type_codec("jsonb", encoder=_dump, decoder=orjson.loads, schema="pg_catalog")


def _no_key_yet(_: bytes) -> bytes:
    raise RuntimeError("This database cannot write the audit log: bootstrap has not given it the log's key.")


async def _keep_session(_: "asyncpg.Connection[Row]") -> None:
    # No statement of ours sets session state outside a transaction, so the pool need not reset it at each
    # release: that saves 30-40 µs a request (facts in docs/architecture.md).
    return


class Database:
    """The pool. Reads outside a transaction commit by themselves and cost no BEGIN."""

    def __init__(self, pool: "asyncpg.Pool[Row]", bus: Bus, *, sign: Sign = _no_key_yet) -> None:
        self.pool = pool
        self.bus = bus
        # Bootstrap sets it once the key is read, which needs this very pool.
        self.sign = sign
        self.totals = Totals()

    @classmethod
    async def connect(cls, url: str, *, bus: Bus, size: int) -> "Database":
        """Open the pool. Raises OSError or asyncpg.PostgresError when the server cannot be reached."""
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            command_timeout=30,
            init=prepare_connection,
            reset=_keep_session,
            server_settings={"application_name": "faded-skies", "jit": "off"},
        )
        return cls(pool, bus)

    @property
    def is_exhausted(self) -> bool:
        """Whether the next statement would have to wait for a connection."""
        return self.pool.get_idle_size() == 0 and self.pool.get_size() == self.pool.get_max_size()

    async def close(self) -> None:
        await self.pool.close()

    async def fetch(self, statement: str, *values: object) -> list[Row]:
        return await self.pool.fetch(statement, *values)

    async def fetchrow(self, statement: str, *values: object) -> Row | None:
        return await self.pool.fetchrow(statement, *values)

    async def fetchval(self, statement: str, *values: object) -> Any:
        return await self.pool.fetchval(statement, *values)

    async def count(self, statement: str, *values: object, rows: int, limit: int, offset: int) -> int:
        """Return how many rows a list has on all pages, of which this one, from `offset` on, shows `rows`.

        A page that is not full tells by itself. Beside a full one the total of a long list may be as old as
        `totals.LIFETIME`, and is never less than what the page shows.
        """
        if rows < limit and (rows or not offset):
            return offset + rows
        kept = self.totals.find(statement, values) if rows else None
        if kept is not None:
            return max(kept, offset + rows)
        total = int(await self.fetchval(statement, *values))
        self.totals.keep(statement, values, total)
        return total

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[Tx]:
        """Open a transaction in which to see what would happen; nothing of it stays."""
        async with self.pool.acquire() as connection:
            token = transaction_open.set(True)
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield Tx(cast("asyncpg.Connection[Row]", connection), self.bus, self.sign)
            finally:
                await transaction.rollback()
                transaction_open.reset(token)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """Open a transaction that only reads, and sees one moment of the database throughout."""
        async with self.pool.acquire() as connection:
            token = transaction_open.set(True)
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    yield Tx(cast("asyncpg.Connection[Row]", connection), self.bus, self.sign)
            finally:
                transaction_open.reset(token)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Open a transaction: commits when the block ends, undoes everything when it raises.

        Only edges call this, once, and finish with it before they answer. While it is open no network call may
        be made (`outbound`). Raises whatever the commit raises: an answer is given only after it.
        """
        async with self.pool.acquire() as connection:
            token = transaction_open.set(True)
            try:
                async with connection.transaction():
                    tx = Tx(cast("asyncpg.Connection[Row]", connection), self.bus, self.sign)
                    yield tx
                    await tx.flush()
            finally:
                transaction_open.reset(token)
        for event in tx.events:
            metrics.committed(event)
        for counter in tx.counts:
            counter.inc()
