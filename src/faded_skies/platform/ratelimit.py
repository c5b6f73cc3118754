"""Rate limits over fixed windows, counted in Valkey for all processes together.

`Gate` is exact: each attempt is one round trip, for what is dear (sign-in, orders). `Meter` counts in the
process and tells Valkey ten times a second, for what is hot: a limit may be passed by what arrives at other
processes within that tenth, and a request costs no round trip.
"""

import asyncio
import time
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import RedisError

from faded_skies.platform.errors import Limited
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

_SYNC_SECONDS = 0.1
_MOST_SUBJECTS = 100_000

# One step for all keys: who is refused by one of them is counted nowhere, or a client who is shut out already could
# use up what others have.
_ENTER = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') + tonumber(ARGV[3]) > tonumber(ARGV[1]) then return 0 end
end
for _, key in ipairs(KEYS) do
    redis.call('INCRBY', key, ARGV[3])
    redis.call('EXPIRE', key, ARGV[2])
end
return 1
"""
_FORGIVE = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a limit; `reset` in whole seconds until the window ends."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the RateLimit fields (draft-ietf-httpapi-ratelimit-headers, as express-rate-limit sends them)."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


def _budget(count: int, limit: int, window: int, now: float) -> Budget:
    return Budget(limit, max(0, limit - count), window - int(now % window), count > limit)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where an attempt was counted, to take it back from there even when another window has begun since."""

    keys: tuple[str, ...]


class Gate:
    """An exact limit of `limit` attempts in `window` seconds for each subject."""

    def __init__(self, valkey: Valkey, name: str, *, limit: int, window: int, refusal: str) -> None:
        self._valkey = valkey
        self._name = name
        self._limit = limit
        self._window = window
        self._refusal = refusal

    async def enter(self, *subjects: str, count: int = 1) -> Ticket:
        """Count an attempt for all of these subjects, or for none when one of them has had too many.

        However many come at once, no more than `limit` are let in. `count` is what one attempt weighs; one that weighs
        more than is left is refused whole and counted nowhere. Raises Limited, with `retryAfter` in seconds.
        """
        now = time.time()
        keys = tuple(f"rate_limit:{subject}:{self._name}:{int(now // self._window)}" for subject in subjects)
        entered: Any = await self._valkey.eval(
            _ENTER, len(keys), *keys, str(self._limit), str(self._window), str(count)
        )
        if not entered:
            raise Limited(self._refusal, retryAfter=self._window - int(now % self._window))
        return Ticket(keys)

    async def forgive(self, ticket: Ticket) -> None:
        """Take one attempt back, where only failures count and each weighs one."""
        await self._valkey.eval(_FORGIVE, len(ticket.keys), *ticket.keys)


class Meter:
    """A hot limit, counted here and shared ten times a second."""

    def __init__(self, valkey: Valkey, name: str, *, limit: int, window: int) -> None:
        self._valkey = valkey
        self._name = name
        self._limit = limit
        self._window = window
        self._period = 0
        self._known: dict[str, int] = {}
        self._pending: dict[str, int] = {}
        self._sync: asyncio.Task[None] | None = None

    def hit(self, subject: str) -> Budget:
        """Count one request and return what is left."""
        now = time.time()
        period = int(now // self._window)
        if period != self._period or len(self._known) > _MOST_SUBJECTS:
            self._period = period
            self._known.clear()
            self._pending.clear()
        pending = self._pending.get(subject, 0) + 1
        self._pending[subject] = pending
        if self._sync is None or self._sync.done():
            # In a context of its own: it outlives the request, and what the request has open is not its matter.
            self._sync = asyncio.get_running_loop().create_task(self._share(), context=Context())
        return _budget(self._known.get(subject, 0) + pending, self._limit, self._window, now)

    async def close(self) -> None:
        """Share what was counted last."""
        if self._sync is not None:
            await self._sync

    async def _share(self) -> None:
        await asyncio.sleep(_SYNC_SECONDS)
        period, pending = self._period, dict(self._pending)
        try:
            async with self._valkey.pipeline(transaction=False) as pipe:
                for subject, count in pending.items():
                    key = f"rate_limit:{subject}:{self._name}:{period}"
                    pipe.incrby(key, count)
                    pipe.expire(key, self._window)
                totals = (await pipe.execute())[::2]
        except (RedisError, OSError) as error:
            # Without Valkey the limit holds within this process; the counts are shared when it is back.
            log.warning("rate_limit_not_shared", error=type(error).__name__)
            return
        if period != self._period:
            return
        for (subject, count), total in zip(pending.items(), totals, strict=True):
            self._known[subject] = total
            with suppress(KeyError):
                self._pending[subject] -= count
                if self._pending[subject] == 0:
                    del self._pending[subject]
