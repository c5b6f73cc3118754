"""Socket.IO (protocol of socket.io-client 4): who is connected, which events they may send, and telling rooms.

Every client event has a closed payload type and one handler; its acknowledgement is `{ok: true, …}` or
`{ok: false, error, code}`. Emits go over Valkey, so they reach rooms on every server process; a worker only emits.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import socketio
import structlog
from engineio.async_socket import AsyncSocket
from pydantic import ValidationError
from redis.exceptions import RedisError

from faded_skies.platform import engineio_sessions, rooms
from faded_skies.platform.access import Access
from faded_skies.platform.actor import Actor, Authenticator, Role
from faded_skies.platform.connections import Connection, Connections
from faded_skies.platform.db import DATABASE_LOST
from faded_skies.platform.errors import Situation
from faded_skies.platform.http.answers import refusal
from faded_skies.platform.http.errors import problems
from faded_skies.platform.http.fields import Body, Shape
from faded_skies.platform.presence import Presence
from faded_skies.platform.rooms import Manager
from faded_skies.platform.tokens import AccessTokens

log = structlog.get_logger()

MOST_MESSAGE_BYTES = 64 * 1024
MOST_AT_ONCE = 40
EVENTS_A_SECOND = 20

_AWAY = (asyncpg.PostgresError, *DATABASE_LOST, RedisError)


@dataclass(frozen=True)
class Socket:
    """One connected client, as handlers see it."""

    sid: str
    actor: Actor
    server: socketio.AsyncServer

    async def join(self, room: str) -> None:
        await self.server.enter_room(self.sid, room)

    async def tell_others(self, event: str, data: object, *, room: str) -> None:
        """Send the event to every socket in the room but this one, in whichever process."""
        await self.server.emit(event, data, room=room, skip_sid=self.sid)


@dataclass(frozen=True)
class ClientEvent:
    """One event that clients may send: its name, its closed payload, its handler, and the shape of the further ack."""

    name: str
    payload: type[Body]
    handler: Callable[[Socket, Any], Awaitable[dict[str, object]]]
    answer: type[Shape] = Shape


@dataclass(frozen=True)
class ServerEvent:
    """One event that clients may hear: its name, the shape of its data, and when it is told to whom."""

    name: str
    payload: type[Shape]
    when: str


class Bucket:
    """How much one socket may still send: it holds MOST_AT_ONCE events and refills by EVENTS_A_SECOND."""

    def __init__(self) -> None:
        self._left = float(MOST_AT_ONCE)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take one event; False when none is left."""
        now = time.monotonic()
        self._left = min(MOST_AT_ONCE, self._left + (now - self._at) * EVENTS_A_SECOND)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def build_server(
    manager: Manager,
    *,
    authenticator: Authenticator,
    tokens: AccessTokens,
    connections: Connections,
    presence: Presence,
    access: Access,
    events: Sequence[ClientEvent],
    origins: list[str],
) -> socketio.AsyncServer:
    """Return the server with its connect handler and all client events."""
    server = socketio.AsyncServer(
        async_mode="asgi",
        client_manager=manager,
        cors_allowed_origins=origins,
        json=rooms.Json,
        max_http_buffer_size=MOST_MESSAGE_BYTES,
        http_compression=False,
        # One after another: chat stays in the order of writing, and a flood waits in its own network.
        async_handlers=False,
    )

    async def connect(sid: str, _environ: dict[str, Any], auth: object = None) -> bool:
        session = server.eio.sockets[manager.eio_sid_from_sid(sid, "/")]
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str):
            raise _refused("TOKEN_REQUIRED")
        try:
            await manager.wait_until_listening()
            await admit(sid, session, token)
        except Situation as situation:
            raise _refused(situation.code) from None
        except Exception as error:
            # No refusal: after one the client would not try again.
            log.warning("socket_not_admitted", exc_info=not isinstance(error, _AWAY))
            await engineio_sessions.end(session)
        if session.closed:  # by us, or by its client meanwhile, of whom nobody else takes leave
            await disconnect(sid, "")
        return not session.closed

    async def admit(sid: str, session: AsyncSocket, token: str) -> None:
        actor = await authenticator.authenticate(token)
        access.check("SOCKET connect", actor)
        expires_at = tokens.read(token).expires_at
        await server.enter_room(sid, f"user:{actor.id}")
        if actor.role is Role.AGENT:
            await server.enter_room(sid, "agents")
            await presence.enter(actor.id, sid)
        buckets[sid] = Bucket()
        hang_up = partial(server.disconnect, sid)
        connections.add(sid, Connection(actor, expires_at, hang_up, untaken=session.queue))

    async def disconnect(sid: str, _reason: str) -> None:
        connections.drop(sid)
        buckets.pop(sid, None)
        await presence.leave(sid)

    buckets: dict[str, Bucket] = {}
    server.on("connect", connect)
    server.on("disconnect", disconnect)
    for event in events:
        server.on(event.name, _receiver(server, connections, access, buckets, event))
    # Not at the first connection: what was told before it would leave a second connection to the bus open for good.
    server.manager_initialized = True
    manager.initialize()
    return server


def _refused(code: str) -> Exception:
    refused: Exception = socketio.exceptions.ConnectionRefusedError("Authentication error", {"code": code})
    return refused


def _receiver(
    server: socketio.AsyncServer,
    connections: Connections,
    access: Access,
    buckets: Mapping[str, "Bucket"],
    event: ClientEvent,
) -> Callable[..., Awaitable[dict[str, object]]]:
    async def receive(sid: str, *data: object) -> dict[str, object]:
        if (bucket := buckets.get(sid)) is None or not bucket.take():
            return {"ok": False, "error": "Slow down: that is too much at once.", "code": "RATE_LIMITED"}
        try:
            payload = event.payload.model_validate(data[0] if len(data) == 1 else None)
        except ValidationError as error:
            details = problems([{**one, "loc": ("payload", *one["loc"])} for one in error.errors()])
            return {
                "ok": False,
                "error": details[0]["message"],
                "code": "VALIDATION_ERROR",
                "details": details,
            }
        try:
            actor = await connections.living_actor(sid)
            access.check(f"SOCKET {event.name}", actor)
            answer = await event.handler(Socket(sid, actor, server), payload)
        except Situation as situation:
            return {"ok": False, **refusal(situation)[1]}
        except _AWAY:
            log.exception("socket_event_failed", socket_event=event.name)
            return {
                "ok": False,
                "error": "We cannot do this at the moment. Try again.",
                "code": "UNAVAILABLE",
            }
        except Exception:
            # The last net: without an acknowledgement the client would wait for its own timeout.
            log.exception("socket_event_failed", socket_event=event.name)
            return {
                "ok": False,
                "error": "Something went wrong on our side. Try again.",
                "code": "INTERNAL",
            }
        return {"ok": True, **answer}

    return receive
