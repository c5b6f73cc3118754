"""Telling rooms of connected clients, over Valkey, from any process; only servers have clients."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import socketio

from faded_skies.platform.ids import uuid_text

CHANNEL = "faded-skies:sockets"
_PATIENCE = 0.5  # seconds


class Json:
    """What python-socketio asks of a JSON module, by orjson: UUIDs and times as in HTTP."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value, default=uuid_text, option=orjson.OPT_UTC_Z).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> Any:
        return orjson.loads(text)


class Realtime:
    """Tells rooms."""

    def __init__(self, manager: socketio.AsyncRedisManager) -> None:
        self._manager = manager

    async def tell(self, event: str, data: object, *, rooms: Sequence[str]) -> None:
        """Send the event once to each socket that is in any of the rooms."""
        await self._manager.emit(event, data, namespace="/", room=list(rooms))


def connect_manager(redis_url: str, *, write_only: bool) -> socketio.AsyncRedisManager:
    """Return the bus that carries emits between processes."""
    return socketio.AsyncRedisManager(redis_url, channel=CHANNEL, write_only=write_only, json=Json)


async def close_manager(manager: socketio.AsyncRedisManager) -> None:
    """Stop listening to the bus and close its connections, which the library leaves open."""
    listening: asyncio.Task[None] | None = getattr(manager, "thread", None)
    while listening is not None and not listening.done():
        # A cancellation that meets the client while it connects is taken for a failed connection, and tried again.
        listening.cancel()
        await asyncio.wait([listening], timeout=_PATIENCE)
    if manager.redis is not None:
        await manager.pubsub.aclose()
        await manager.redis.aclose()
