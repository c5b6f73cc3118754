"""What rooms are told, for plain HTTP: one process listens to the sockets' channel once for all its streams.

A listener that falls behind, or loses Valkey, ends; its client comes back with the id of the last event it has.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from faded_skies.platform.errors import Limited
from faded_skies.platform.rooms import CHANNEL, Json
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

MOST_BEHIND = 100
MOST_OF_ONE_PERSON = 10
_PATIENCE = 60.0  # seconds that one read waits

Told = tuple[str, Any]
"""An event's name and its data."""


class Listener:
    """One listener; `get` gives what its rooms are told, None once it has ended."""

    def __init__(self, rooms: Collection[str]) -> None:
        self.rooms = frozenset(rooms)
        self._queue: asyncio.Queue[Told | None] = asyncio.Queue(MOST_BEHIND)
        self._ended = False

    def put(self, told: Told) -> None:
        """Give it an event; one that does not keep up ends."""
        try:
            self._queue.put_nowait(told)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Let it end at once; what waits in it is dropped."""
        self._ended = True
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    async def get(self, patience: float) -> Told | None:
        """Return the next event. Raises TimeoutError when none comes within `patience` seconds."""
        told = await asyncio.wait_for(self._queue.get(), patience)
        return None if self._ended else told


class Streams:
    """The listeners of this process."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._listeners: set[Listener] = set()
        self._people: Counter[UUID] = Counter()
        self._reading: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._listeners)

    def check_place(self, person_id: UUID) -> None:
        """Raise Limited for one person's eleventh stream here."""
        if self._people[person_id] >= MOST_OF_ONE_PERSON:
            raise Limited("You follow too many orders at once. Close some of the pages first.")

    @asynccontextmanager
    async def listen(self, rooms: Collection[str], *, person_id: UUID) -> AsyncIterator[Listener]:
        """Hear what these rooms are told from now on. Beyond one person's places here it ends at once."""
        listener = Listener(rooms)
        if self._people[person_id] >= MOST_OF_ONE_PERSON:  # several asked for the last place at once
            listener.end()
        self._people[person_id] += 1
        self._listeners.add(listener)
        try:
            if self._reading is None or self._reading.done():
                self._subscribed.clear()
                self._reading = asyncio.create_task(self._read())
            await self._subscribed.wait()
            yield listener
        finally:
            self._listeners.discard(listener)
            self._people[person_id] -= 1
            if not self._people[person_id]:
                del self._people[person_id]

    async def close(self) -> None:
        """End every listener and stop reading."""
        self._end_all()
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    async def _read(self) -> None:
        try:
            async with self._valkey.pubsub() as channel:
                await channel.subscribe(CHANNEL)
                while True:
                    message = await channel.get_message(timeout=_PATIENCE)
                    if message is not None and message["type"] == "subscribe":
                        if self._subscribed.is_set():
                            # The client connected anew by itself: what was told in between is lost to all.
                            self._end_all()
                        self._subscribed.set()
                    elif message is not None:
                        self._tell(Json.loads(message["data"]))
        except (RedisError, OSError) as error:
            log.warning("streams_lost_valkey", error=type(error).__name__)
        finally:
            self._end_all()
            self._subscribed.set()

    def _tell(self, message: Any) -> None:
        """Pass on an emit as python-socketio's managers write it, its data in a list; the rest is between them."""
        if message.get("method") != "emit":
            return
        rooms = message["room"] if isinstance(message["room"], list) else [message["room"]]
        for listener in self._listeners:
            if not listener.rooms.isdisjoint(rooms):
                listener.put((message["event"], message["data"][0]))

    def _end_all(self) -> None:
        for listener in self._listeners:
            listener.end()
