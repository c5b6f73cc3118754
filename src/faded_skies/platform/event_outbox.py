"""Events out: rows that transactions write, and the relay that tells them to a broker, oldest first (ADR 34)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog

from faded_skies.platform import clock, metrics
from faded_skies.platform.db import DATABASE_LOST, Database
from faded_skies.platform.events import Event
from faded_skies.platform.health import Ailing
from faded_skies.platform.ids import new_id
from faded_skies.platform.outward import Outgoing, outgoing

log = structlog.get_logger()

BATCH = 200
IDLE_SECONDS = 0.5
WAIT_FOR_LEAD_SECONDS = 2.0
LATE_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

# Any number, the same in every release: who holds it tells the broker.
_LOCK = 7_203_001

_WRITE = """
INSERT INTO events_out (id, name, subject, body)
SELECT id, name, subject, body
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[]) WITH ORDINALITY AS e (id, name, subject, body, n)
ORDER BY n
"""
_LEAD = "SELECT pg_try_advisory_lock($1)"
_NEXT = "SELECT position, id, name, subject, body FROM events_out ORDER BY position LIMIT $1"
_FORGET = "DELETE FROM events_out WHERE position = ANY ($1::bigint[])"
_BACKLOG = """
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(stated_at)), 0)::float8 AS oldest FROM events_out
"""


class BrokerDownError(Exception):
    """The broker does not answer, does not take us, or has not confirmed. `why` is a word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Publish = Callable[[Outgoing], Awaitable[bool]]
"""Hands one event over and waits until it is stored. False when no queue wants it. Raises BrokerDownError."""


class Broker(Protocol):
    """Where events go."""

    def connected(self) -> AbstractAsyncContextManager[Publish]:
        """Keep one connection for a while. Raises BrokerDownError."""
        ...


@dataclass(frozen=True)
class Backlog:
    """How many events wait, and for how long the first of them has."""

    waiting: int
    oldest_seconds: float


async def read_backlog(db: Database) -> Backlog:
    """Return what the broker has not been told yet."""
    row = (await db.fetch(_BACKLOG))[0]
    return Backlog(row["waiting"], row["oldest"])


async def check_backlog(db: Database) -> None:
    """Raise Ailing when the broker has not been told for too long."""
    backlog = await read_backlog(db)
    if backlog.oldest_seconds > LATE_SECONDS:
        raise Ailing(
            f"{backlog.waiting} events wait for the broker, the first for {backlog.oldest_seconds:.0f} s; none is lost."
        )


class Outbox:
    """Writes events where the relay finds them. `source` is the address of this shop's API."""

    def __init__(self, source: str) -> None:
        self._source = source

    async def write(self, connection: "asyncpg.Connection[asyncpg.Record]", events: Sequence[Event]) -> None:
        """Write them in this order, within the caller's transaction."""
        now = clock.now()
        rows = [outgoing(event, event_id=new_id(), at=now, source=self._source) for event in events]
        await connection.execute(
            _WRITE,
            [row.id for row in rows],
            [row.name for row in rows],
            [row.subject for row in rows],
            [row.body for row in rows],
        )


class Relay:
    """Tells the broker, while it is the one that leads; endless work of a worker."""

    def __init__(self, url: str, broker: Broker) -> None:
        self._url = url
        self._broker = broker
        self._unrouted: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Tell events until told to stop; after trouble with either side, wait and begin anew."""
        pause = FIRST_PAUSE
        while not stop.is_set():
            try:
                async with self._leading(stop) as connection:
                    if connection is None:
                        continue
                    async with self._broker.connected() as publish:
                        pause = FIRST_PAUSE
                        await self._tell(connection, publish, stop)
            except BrokerDownError as down:
                log.warning("events_out_wait", why=down.why, seconds=pause)
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                log.warning("events_out_wait", why=type(error).__name__, seconds=pause)
            else:
                continue
            await _rest(stop, pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    @asynccontextmanager
    async def _leading(
        self, stop: asyncio.Event
    ) -> AsyncIterator["asyncpg.Connection[asyncpg.Record] | None"]:
        """Give a connection that holds the lead until it ends; None, after a while, where another leads."""
        connection = await asyncpg.connect(
            self._url, command_timeout=30, server_settings={"application_name": "faded-skies-events-out"}
        )
        try:
            if await connection.fetchval(_LEAD, _LOCK):
                yield connection
            else:
                await _rest(stop, WAIT_FOR_LEAD_SECONDS)
                yield None
        finally:
            await connection.close(timeout=2)

    async def _tell(
        self, connection: "asyncpg.Connection[asyncpg.Record]", publish: Publish, stop: asyncio.Event
    ) -> None:
        while not stop.is_set():
            rows = await connection.fetch(_NEXT, BATCH)
            if not rows:
                await _rest(stop, IDLE_SECONDS)
                continue
            lanes: dict[UUID | str, list[asyncpg.Record]] = {}
            for row in rows:
                lanes.setdefault(row["subject"] or row["name"], []).append(row)
            told: list[int] = []
            ended = await asyncio.gather(
                *(self._tell_lane(lane, publish, told) for lane in lanes.values()), return_exceptions=True
            )
            await connection.execute(_FORGET, told)
            for error in ended:
                if error is not None:
                    raise error

    async def _tell_lane(self, lane: Sequence[asyncpg.Record], publish: Publish, told: list[int]) -> None:
        """Tell one object's events, each after the one before is stored; note what was."""
        for row in lane:
            event = Outgoing(row["id"], row["name"], row["subject"], row["body"])
            routed = await publish(event)
            told.append(row["position"])
            metrics.event_told(event.name, routed=routed)
            if not routed and event.name not in self._unrouted:
                self._unrouted.add(event.name)
                log.info("event_out_unrouted", event_name=event.name)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
