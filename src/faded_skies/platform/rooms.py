"""Telling rooms of connected clients, over Valkey, from any process; only servers have clients."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import socketio

from faded_skies.platform.ids import uuid_text

CHANNEL = "faded-skies:sockets"
TOGETHER = "faded-skies:together"
_PATIENCE = 0.5  # seconds


class Json:
    """What python-socketio asks of a JSON module, by orjson: UUIDs and times as in HTTP."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value, default=uuid_text, option=orjson.OPT_UTC_Z).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> Any:
        return orjson.loads(text)


@dataclass(frozen=True, slots=True)
class Message:
    """An event for each socket that is in any of the rooms."""

    event: str
    data: object
    rooms: Sequence[str]


class Manager(socketio.AsyncRedisManager):  # type: ignore[misc]  # untyped in python-socketio
    """The library's bus, which also takes many messages in one, and leaves alone what concerns nobody here."""

    async def emit_all(self, messages: Sequence[Message]) -> None:
        """Emit the messages here, and to other processes as one. Releases that do not know it hear nothing of it."""
        emits = [
            {
                "method": "emit",
                "event": one.event,
                "data": [one.data],
                "namespace": "/",
                "room": list(one.rooms),
            }
            for one in messages
        ]
        for emit in emits:
            await self._handle_emit(emit)
        await self._publish({"method": TOGETHER, "emits": emits, "host_id": self.host_id})

    async def _handle_emit(self, message: dict[str, Any]) -> None:
        here = self.rooms.get(message["namespace"], {})
        rooms = message["room"] if isinstance(message["room"], list) else [message["room"]]
        if any(room in here for room in rooms):  # to everybody is to the room None
            await super()._handle_emit(message)

    async def _listen(self) -> AsyncIterator[dict[str, Any]]:
        async for data in super()._listen():
            message = Json.loads(data)
            if message.get("host_id") != self.host_id or message["method"] == "callback":
                for one in unpacked(message):
                    yield one


def unpacked(message: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the messages of the bus that are in one."""
    emits: Sequence[dict[str, Any]] = message["emits"] if message.get("method") == TOGETHER else [message]
    return emits


class Realtime:
    """Tells rooms."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def tell(self, event: str, data: object, *, rooms: Sequence[str]) -> None:
        """Send the event once to each socket that is in any of the rooms."""
        await self._manager.emit(event, data, namespace="/", room=list(rooms))

    async def tell_all(self, messages: Sequence[Message]) -> None:
        """Send all the messages at the cost of about one."""
        if messages:
            await self._manager.emit_all(messages)


def connect_manager(redis_url: str, *, write_only: bool) -> Manager:
    """Return the bus that carries emits between processes."""
    return Manager(redis_url, channel=CHANNEL, write_only=write_only, json=Json)


async def close_manager(manager: Manager) -> None:
    """Stop listening to the bus and close its connections, which the library leaves open."""
    listening: asyncio.Task[None] | None = getattr(manager, "thread", None)
    while listening is not None and not listening.done():
        # A cancellation that meets the client while it connects is taken for a failed connection, and tried again.
        listening.cancel()
        await asyncio.wait([listening], timeout=_PATIENCE)
    if manager.redis is not None:
        await manager.pubsub.aclose()
        await manager.redis.aclose()
