"""Who of the staff is there: connected to any server process, or calling the API, within the last 45 seconds.

Each connection is a member of one sorted set in Valkey, whose score says until when it counts, by Valkey's own clock.
The process that has the connection renews it; who hangs up is taken out, and who died with their process runs out.
"""

import asyncio
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from faded_skies.platform.db import Database
from faded_skies.platform.events import Event
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

KEY = "presence:agents"
LASTS_SECONDS = 45
_BETWEEN_BEATS_SECONDS = 15.0
_BY_HTTP = "http"

# Whether the person of the first member was away until now; then all members count anew.
_BEAT = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local person, arrived = string.sub(ARGV[2], 1, 36), 1
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if string.sub(member, 1, 36) == person then arrived = 0 end
end
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
return arrived
"""
_PRESENT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(redis.call('TIME')[1]))
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""


@dataclass(frozen=True, kw_only=True)
class StaffArrived(Event):
    """An agent is there who was not, or who was away."""

    name: ClassVar[str] = "platform.staff_arrived"

    user_id: UUID


class Presence:
    """The presence of agents: this process's connections, and everybody's."""

    def __init__(self, valkey: Valkey, db: Database) -> None:
        self._valkey = valkey
        self._db = db
        self._here: dict[str, str] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def enter(self, user_id: UUID, connection: str) -> None:
        """Count an agent's connection to this process until `leave`; states StaffArrived when it is their first."""
        member = self._here[connection] = f"{user_id}:{connection}"
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew(), context=Context())
        try:
            await self._note(user_id, member)
        except RedisError as error:
            # They are let in all the same; the next beat counts them.
            log.warning("presence_not_noted", error=type(error).__name__)

    async def leave(self, connection: str) -> None:
        """Count a connection no longer."""
        member = self._here.pop(connection, None)
        if member is None:
            return
        try:
            await self._valkey.zrem(KEY, member)
        except RedisError as error:
            log.warning("presence_not_noted", error=type(error).__name__)

    async def touch(self, user_id: UUID) -> None:
        """Count an agent who calls the API as there for a while. Raises RedisError."""
        await self._note(user_id, f"{user_id}:{_BY_HTTP}")

    async def present(self) -> frozenset[UUID]:
        """Return who is there, in whichever process. Raises RedisError."""
        members: Any = await self._valkey.eval(_PRESENT, 1, KEY)
        return frozenset(UUID(member.decode()[:36]) for member in members)

    async def close(self) -> None:
        """Count this process's connections no longer."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
        for connection in list(self._here):
            await self.leave(connection)

    async def _note(self, user_id: UUID, member: str) -> None:
        arrived: Any = await self._valkey.eval(_BEAT, 1, KEY, str(LASTS_SECONDS), member)
        if arrived:
            async with self._db.transaction() as tx:
                tx.emit(StaffArrived(user_id=user_id))

    async def _renew(self) -> None:
        while self._here:
            await asyncio.sleep(_BETWEEN_BEATS_SECONDS)
            members = list(self._here.values())
            try:
                if members:
                    await self._valkey.eval(_BEAT, 1, KEY, str(LASTS_SECONDS), *members)
            except (RedisError, OSError) as error:
                log.warning("presence_not_renewed", error=type(error).__name__)
