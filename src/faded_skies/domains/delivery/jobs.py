"""What runs beside the requests: positions on their way into the database, and the days they are kept in."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis.exceptions import ResponseError

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.service import Rounds
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.jobs import Consumer, Periodic
from faded_skies.platform.ports import Ports
from faded_skies.platform.valkey import Valkey

PAUSE_SECONDS = 1.0
"""Positions wait this long for company."""

ABANDONED_MS = 15_000
"""After this time without an acknowledgement whoever read an entry is taken for dead."""

MOST_ENTRIES = 500

# All workers read under one name: a dead one leaves only entries behind, and those are claimed by their age.
_GROUP = _READER = "database"

_STREAMS = (service.POSITIONS, service.EARLIER_POSITIONS)
_Entries = dict[str, list[tuple[bytes, dict[bytes, bytes]]]]
"""By stream, what was read of it: ids and fields."""


class PositionFlusher:
    """Moves positions from the stream into the database, in batches.

    An entry is acknowledged after its commit. A crash in between makes it come again, and a position that is
    stored already stays as it is: nothing is lost and nothing is doubled.
    """

    def __init__(self, valkey: Valkey, db: Database, law: Law) -> None:
        self._valkey = valkey
        self._db = db
        self._law = law

    async def run(self, stop: asyncio.Event) -> None:
        """Work until stopped; what arrived before is stored in any case."""
        await _renew_partitions(self._db, self._law)
        await self.join()
        while not stop.is_set():
            await self.flush()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
        await self.flush()

    async def join(self) -> None:
        """Make the reading groups, unless they are there."""
        for stream in _STREAMS:
            try:
                await self._valkey.xgroup_create(stream, _GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def flush(self) -> int:
        """Store what waits, the abandoned first; return how many entries it was."""
        stored = await self._move(await self._abandoned())
        while moved := await self._move(await self._new()):
            stored += moved
        return stored

    async def _move(self, found: _Entries) -> int:
        if found:
            await self._store([fields for entries in found.values() for _, fields in entries])
            await self._forget(found)
        return sum(len(entries) for entries in found.values())

    async def _abandoned(self) -> _Entries:
        found = {}
        for stream in _STREAMS:
            answer: Any = await self._valkey.xautoclaim(
                stream, _GROUP, _READER, min_idle_time=ABANDONED_MS, count=MOST_ENTRIES
            )
            if answer[1]:
                found[stream] = answer[1]
        return found

    async def _new(self) -> _Entries:
        answer: Any = await self._valkey.xreadgroup(
            _GROUP, _READER, dict.fromkeys(_STREAMS, ">"), count=MOST_ENTRIES
        )
        return {stream.decode(): entries for stream, entries in answer}

    async def _store(self, entries: Sequence[dict[bytes, bytes]]) -> None:
        rows = [one for fields in entries for one in service.read_entry(fields)]
        await service.store_positions(self._db, self._valkey, rows)

    async def _forget(self, found: _Entries) -> None:
        async with self._valkey.pipeline(transaction=False) as pipe:
            for stream, entries in found.items():
                ids = [entry_id for entry_id, _ in entries]
                pipe.xack(stream, _GROUP, *ids)
                pipe.xdel(stream, *ids)
            await pipe.execute()


async def _renew_partitions(db: Database, law: Law) -> None:
    async with db.transaction() as tx:
        await service.renew_partitions(tx, law, now=clock.now())


def consumers(ports: Ports) -> Sequence[Consumer]:
    """Return the delivery domain's endless work."""
    flusher = PositionFlusher(ports.valkey, ports.db, ports.get(Law))
    return [Consumer("delivery.positions", flusher.run)]


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the delivery domain's periodic work."""

    async def renew_partitions() -> None:
        await _renew_partitions(ports.db, ports.get(Law))

    rounds: Rounds = ports.get(Rounds)

    async def forget_decisions() -> None:
        async with ports.db.transaction() as tx:
            await service.forget_decisions(tx)

    return [
        Periodic("delivery.renew_partitions", "7 * * * *", renew_partitions),
        Periodic("delivery.dispatch", "* * * * *", rounds.ask),
        Periodic("delivery.forget_decisions", "27 * * * *", forget_decisions),
    ]
