"""Rate limits over fixed windows, counted in Valkey for all processes together.

`Gate` is exact: each attempt is one round trip, for what is dear (sign-in, orders). `Meter` counts in the
process and tells Valkey ten times a second, for what is hot: a limit may be passed by what arrives at other
processes within that tenth, and a request costs no round trip.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from faded_skies.platform.errors import Limited
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

_SYNC_SECONDS = 0.1
_MOST_SUBJECTS = 100_000


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


class Gate:
    """An exact limit of `limit` attempts in `window` seconds for each subject."""

    def __init__(self, valkey: Valkey, name: str, *, limit: int, window: int, refusal: str) -> None:
        self._valkey = valkey
        self._name = name
        self._limit = limit
        self._window = window
        self._refusal = refusal

    async def enter(self, subject: str) -> None:
        """Count one attempt. Raises Limited, with `retryAfter` in seconds, when there were too many."""
        now = time.time()
        key = self._key(subject, now)
        async with self._valkey.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, self._window)
            count, _ = await pipe.execute()
        budget = _budget(count, self._limit, self._window, now)
        if budget.exceeded:
            raise Limited(self._refusal, retryAfter=budget.reset)

    async def forgive(self, subject: str) -> None:
        """Take one attempt back, where only failures count."""
        key = self._key(subject, time.time())
        async with self._valkey.pipeline(transaction=False) as pipe:
            pipe.decr(key)
            pipe.expire(key, self._window)  # the window may have changed since, and this makes a new key
            await pipe.execute()

    def _key(self, subject: str, now: float) -> str:
        return f"rate_limit:{subject}:{self._name}:{int(now // self._window)}"


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
            self._sync = asyncio.get_running_loop().create_task(self._share())
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
