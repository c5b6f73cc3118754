"""Engine.IO sessions, the connections below Socket.IO's: ending them so that clients come back, and the idle ones."""

import asyncio
import time
from contextlib import suppress

import socketio
import structlog
from engineio.async_socket import AsyncSocket

log = structlog.get_logger()

IDLE_SECONDS = 20.0
"""How long a session may be open without a connected client: before it says who it is, or after it was refused."""

_BETWEEN_LOOKS_SECONDS = 5.0


async def end(session: AsyncSocket) -> None:
    """End it as a lost network would: unlike after a refusal, the client connects anew by itself, and backs off."""
    # A WebSocket is just closed. Who polls is told, or would wait for the answer to a poll.
    await session.close(wait=False, abort=session.upgraded)
    session.queue.put_nowait(None)  # here the library's writer closes the WebSocket


class IdleSessions:
    """Ends the sessions of this process in which nobody connects, or nobody any more."""

    def __init__(self, server: socketio.AsyncServer) -> None:
        self._server = server
        self._idle_since: dict[str, float] = {}
        self._watch = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Stop watching."""
        self._watch.cancel()
        with suppress(asyncio.CancelledError):
            await self._watch

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)
            now = time.monotonic()
            sessions = dict(self._server.eio.sockets)
            self._idle_since = {
                eio_sid: self._idle_since.get(eio_sid, now)
                for eio_sid in sessions
                if self._server.manager.sid_from_eio_sid(eio_sid, "/") is None
            }
            for eio_sid, since in self._idle_since.items():
                if now - since >= IDLE_SECONDS:
                    try:
                        await end(sessions[eio_sid])
                    except Exception:
                        # One that cannot be closed must not end the watch over the others.
                        log.exception("session_not_ended")
