"""Who is connected to this process, and hanging up on those whose session has ended, in whichever process it was.

A socket is let in by its token once. So each event asks whether the session still lives, and once a second one query
asks it for all that are connected here: who is signed out hears no more than a second of what follows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context

import asyncpg
import structlog

from faded_skies.platform.actor import Actor, Authenticator, InvalidToken
from faded_skies.platform.db import DATABASE_LOST

log = structlog.get_logger()

_BETWEEN_LOOKS_SECONDS = 1.0


class Connections:
    """The sockets of this process and whom they stand for; `hang_up` closes one."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._actors: dict[str, Actor] = {}
        self._watch: asyncio.Task[None] | None = None

    def add(self, sid: str, actor: Actor, *, hang_up: Callable[[str], Awaitable[None]]) -> None:
        """Note who came, and watch their session."""
        self._actors[sid] = actor
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._look(hang_up), context=Context())

    def drop(self, sid: str) -> None:
        """Note who left."""
        self._actors.pop(sid, None)

    async def living_actor(self, sid: str) -> Actor:
        """Return whom the socket stands for. Raises InvalidToken when their session has ended."""
        actor = self._actors.get(sid)
        if actor is None or not await self._authenticator.living([actor.session_id]):
            raise InvalidToken
        return actor

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def _look(self, hang_up: Callable[[str], Awaitable[None]]) -> None:
        while self._actors:
            await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)
            known = dict(self._actors)
            try:
                living = await self._authenticator.living({actor.session_id for actor in known.values()})
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                # Nobody is shut out because the database is away; each event asks it for itself.
                log.warning("sessions_not_looked_at", error=type(error).__name__)
                continue
            for sid, actor in known.items():
                if actor.session_id not in living:
                    self.drop(sid)
                    try:
                        await hang_up(sid)
                    except Exception:
                        # One that cannot be closed must not end the watch over the others.
                        log.exception("socket_not_closed")
