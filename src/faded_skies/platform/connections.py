"""Who is connected to this process, and hanging up on those who may not stay, wherever they lost that right.

A connection is let in by its token once. So each event of a socket asks whether the session still lives, and once a
second one query asks it for all that are connected here: who is signed out, or whose token is over, hears no more than
a second of what follows. Who does not take what is sent to them is hung up on too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, Authenticator, InvalidToken
from faded_skies.platform.batching import Batcher
from faded_skies.platform.db import DATABASE_LOST
from faded_skies.platform.errors import Situation
from faded_skies.platform.metrics import SLOW_CLIENTS

log = structlog.get_logger()

_BETWEEN_LOOKS_SECONDS = 1.0

MOST_UNTAKEN = 1_000
"""Messages that may wait for one client to take them."""


@dataclass(frozen=True)
class Connection:
    """One connected client. `expires_at` of its token in Unix seconds; `untaken` are the messages that wait for it."""

    actor: Actor
    expires_at: float
    hang_up: Callable[[], Awaitable[None]]
    untaken: asyncio.Queue[Any] | None = None

    def is_slow(self) -> bool:
        return self.untaken is not None and self.untaken.qsize() > MOST_UNTAKEN

    def forget_untaken(self) -> None:
        """Let go what waits, so that a goodbye need not wait behind it."""
        while self.untaken is not None and not self.untaken.empty():
            self.untaken.get_nowait()
            self.untaken.task_done()


class Connections:
    """The connections of this process, by any id of theirs."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._asked: Batcher[UUID, bool] = Batcher(self._are_living)
        self._known: dict[str, Connection] = {}
        self._watch: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def add(self, key: str, connection: Connection) -> None:
        """Note who came, and watch them."""
        self._known[key] = connection
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._look(), context=Context())

    def drop(self, key: str) -> None:
        """Note who left."""
        self._known.pop(key, None)

    async def living_actor(self, key: str) -> Actor:
        """Return whom the connection stands for. Raises InvalidToken when their session has ended."""
        found = self._known.get(key)
        if found is None or not await self._asked.ask(found.actor.session_id):
            raise InvalidToken
        return found.actor

    async def _are_living(self, sessions: Sequence[UUID]) -> list[bool | Situation]:
        living = await self._authenticator.living(set(sessions))
        return [session in living for session in sessions]

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def _look(self) -> None:
        while self._known:
            await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)
            known = dict(self._known)
            living = sessions = {one.actor.session_id for one in known.values()}
            try:
                living = await self._authenticator.living(sessions)
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                # Nobody's session is over because the database is away; each event asks it for itself.
                log.warning("sessions_not_looked_at", error=type(error).__name__)
            now = clock.now().timestamp()
            for key, one in known.items():
                if one.is_slow():
                    log.warning("client_too_slow", most=MOST_UNTAKEN)
                    SLOW_CLIENTS.inc()
                    one.forget_untaken()
                elif one.actor.session_id in living and now < one.expires_at:
                    continue
                self.drop(key)
                try:
                    await one.hang_up()
                except Exception:
                    # One that cannot be closed must not end the watch over the others.
                    log.exception("connection_not_closed")
