"""Events out: rows that transactions write, and the relay that tells them to a broker, oldest first (ADR 34)."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import asyncpg
import structlog

from faded_skies.platform import clock, metrics
from faded_skies.platform.db import DATABASE_LOST, Database
from faded_skies.platform.event_lanes import Refusals
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
# NOT IN: so it is looked up in a hash, also by a plan that knows no lanes yet.
_NEXT = """
SELECT position, id, name, subject, body, coalesce(subject::text, name) AS lane FROM events_out
WHERE coalesce(subject::text, name) NOT IN (SELECT unnest($2::text[])) ORDER BY position LIMIT $1
"""
_FORGET = "DELETE FROM events_out WHERE position = ANY ($1::bigint[])"
_BACKLOG = """
SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(stated_at)), 0)::float8 AS oldest FROM events_out
"""


class BrokerDownError(Exception):
    """The broker does not answer, does not take us, or has not confirmed. `why` is a word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class EventRefusedError(Exception):
    """The broker is well, but a queue that wants this event does not take it, as a full one may. Others may have it."""


Publish = Callable[[Outgoing], Awaitable[bool]]
"""Hands one event over and waits until it is stored. False when no queue wants it.

Raises BrokerDownError and EventRefusedError.
"""


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
        self._refusals = Refusals(first_pause=FIRST_PAUSE, longest_pause=LONGEST_PAUSE)
        self._pause = FIRST_PAUSE

    async def run(self, stop: asyncio.Event) -> None:
        """Tell events until told to stop; after trouble with either side, wait and begin anew.

        Waits get longer until an event is told: a broker may take connections and nothing else.
        """
        while not stop.is_set():
            try:
                async with self._leading(stop) as connection:
                    if connection is None:
                        continue
                    async with self._broker.connected() as publish:
                        await self._tell(connection, publish, stop)
            except BrokerDownError as down:
                log.warning("events_out_wait", why=down.why, seconds=self._pause)
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                log.warning("events_out_wait", why=type(error).__name__, seconds=self._pause)
            else:
                continue
            await _rest(stop, self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

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
            now = time.monotonic()
            rows = await connection.fetch(_NEXT, BATCH, self._refusals.standing(now))
            lanes: dict[str, list[asyncpg.Record]] = {}
            for row in rows:
                lanes.setdefault(row["lane"], []).append(row)
            if len(rows) < BATCH:
                self._refusals.forget_emptied(now, lanes)
            if not rows:
                await _rest(stop, IDLE_SECONDS)
                continue
            told: list[asyncpg.Record] = []
            refused: dict[str, str] = {}
            ended = await asyncio.gather(
                *(self._tell_lane(lane, publish, told, refused) for lane in lanes.values()),
                return_exceptions=True,
            )
            await connection.execute(_FORGET, [row["position"] for row in told])
            if told:
                self._pause = FIRST_PAUSE
            pause = self._note(told, refused)
            for error in ended:
                if error is not None:
                    raise error
            if pause:
                await _rest(stop, pause)

    async def _tell_lane(
        self,
        lane: Sequence[asyncpg.Record],
        publish: Publish,
        told: list[asyncpg.Record],
        refused: dict[str, str],
    ) -> None:
        """Tell one lane's events, each after the one before is stored; note what was, and which was refused."""
        for row in lane:
            event = Outgoing(row["id"], row["name"], row["subject"], row["body"])
            try:
                routed = await publish(event)
            except EventRefusedError:
                refused[row["lane"]] = event.name
                return
            told.append(row)
            metrics.event_told(event.name, routed=routed)
            if not routed and event.name not in self._unrouted:
                self._unrouted.add(event.name)
                log.info("event_out_unrouted", event_name=event.name)

    def _note(self, told: Sequence[asyncpg.Record], refused: Mapping[str, str]) -> float:
        """Note who got through and who did not; returns for how long everybody has to wait."""
        pause = self._refusals.note(
            time.monotonic(), told=[(row["lane"], row["name"]) for row in told], refused=refused
        )
        for name, lanes in Counter(refused.values()).items():
            log.warning("events_out_refused", event_name=name, lanes=lanes)
        return pause


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
