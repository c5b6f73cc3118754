"""Telling rooms of connected clients, over Valkey, from any process; only servers have clients."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from engineio import packet as engineio_packet
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from socketio import packet

from faded_skies.platform import engineio_sessions
from faded_skies.platform.ids import uuid_text
from faded_skies.platform.memberships import Memberships
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

CHANNEL = "faded-skies:sockets"
TOGETHER = "faded-skies:together"

_PATIENCE_TO_LISTEN = 5.0  # seconds, as those below
_PATIENCE_TO_STOP = 0.5
_BETWEEN_TRIES = 0.5
_QUIET = 10.0
"""After so long without a word the bus is asked whether it is there, and has as long to answer."""


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


class Manager(Memberships):
    """The bus between processes: many messages in one, and no silence about what got lost.

    Who tells while the bus is away hears of it (RedisError), as jobs try again. Nobody repeats to a server what was
    told while it could not listen, so when it can again its clients are sent away; they come back at once and are told
    the state. Until it listens, nobody is let in.
    """

    name = "valkey"

    def __init__(self, valkey: Valkey, *, write_only: bool) -> None:
        super().__init__(channel=CHANNEL, write_only=write_only, json=Json)
        self._valkey = valkey
        self._listening = asyncio.Event()
        self._channel: PubSub | None = None

    async def wait_until_listening(self) -> None:
        """Return when this process hears the others. Raises TimeoutError when that takes too long."""
        async with asyncio.timeout(_PATIENCE_TO_LISTEN):
            await self._listening.wait()

    async def close(self) -> None:
        """Stop listening."""
        listening: asyncio.Task[None] | None = getattr(self, "thread", None)
        while listening is not None and not listening.done():
            # A cancellation that meets the client while it connects is taken for a failed connection, and tried again.
            listening.cancel()
            await asyncio.wait([listening], timeout=_PATIENCE_TO_STOP)
        if self._channel is not None:
            await self._channel.aclose()  # type: ignore[no-untyped-call]  # untyped in redis-py

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
        if not any(room in here for room in rooms):  # to everybody is to the room None
            return
        if message.get("callback") is None and not message.get("binary"):
            self._put(message, rooms)
        else:
            await super()._handle_emit(message)

    def _put(self, message: dict[str, Any], rooms: Sequence[str | None]) -> None:
        """Put the message into each client's queue, encoded once; the library makes a task for each of them."""
        namespace, skipped = message["namespace"], message.get("skip_sid")
        event = self.server.packet_class(
            packet.EVENT, namespace=namespace, data=[message["event"], *message["data"]]
        )
        encoded = engineio_packet.Packet(engineio_packet.MESSAGE, event.encode())
        for sid, eio_sid in self.get_participants(namespace, rooms):
            session = self.server.eio.sockets.get(eio_sid)
            if session is not None and not session.closed and sid != skipped:
                session.queue.put_nowait(encoded)

    async def _publish(self, data: dict[str, Any]) -> None:
        await self._valkey.publish(self.channel, Json.dumps(data))

    async def _listen(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            try:
                async with self._valkey.pubsub() as self._channel:
                    await self._channel.subscribe(self.channel)
                    async for data in self._hear(self._channel):
                        message = Json.loads(data)
                        if message.get("host_id") != self.host_id or message["method"] == "callback":
                            for one in unpacked(message):
                                yield one
            except (RedisError, OSError) as error:
                log.warning("socket_bus_lost", error=type(error).__name__)
            self._listening.clear()
            await asyncio.sleep(_BETWEEN_TRIES)

    async def _hear(self, channel: PubSub) -> AsyncIterator[bytes]:
        """Yield what is published, until the connection is lost. Raises RedisError or TimeoutError."""
        is_asked = False
        while True:
            message = await channel.get_message(timeout=_QUIET)
            if message is None and is_asked:
                raise TimeoutError("the bus does not answer")
            if is_asked := message is None:
                await channel.ping()
            elif message["type"] == "subscribe":
                # Also when redis-py has connected anew without a word: what was told in between is lost.
                await self._send_all_away()
                self._listening.set()
            elif message["type"] == "message":
                yield message["data"]

    async def _send_all_away(self) -> None:
        connected = [
            eio_sid for sid, eio_sid in self.get_participants("/", None) if self.is_connected(sid, "/")
        ]
        if connected:
            log.warning("sockets_sent_away", sockets=len(connected))
        for eio_sid in connected:
            if (session := self.server.eio.sockets.get(eio_sid)) is not None:
                await engineio_sessions.end(session)
            await asyncio.sleep(0)  # thousands leave; others are served in between


def unpacked(message: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the messages of the bus that are in one."""
    emits: Sequence[dict[str, Any]] = message["emits"] if message.get("method") == TOGETHER else [message]
    return emits


class Realtime:
    """Tells rooms."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def tell(self, event: str, data: object, *, rooms: Sequence[str]) -> None:
        """Send the event once to each socket that is in any of the rooms. Raises RedisError when it cannot be told."""
        await self._manager.emit(event, data, namespace="/", room=list(rooms))

    async def tell_all(self, messages: Sequence[Message]) -> None:
        """Send all the messages at the cost of about one, as far as others can be told: it is no reason to fail.

        Who should have heard comes back for the state once the bus is there again.
        """
        if messages:
            try:
                await self._manager.emit_all(messages)
            except RedisError:
                log.warning("messages_not_told", messages=len(messages))
