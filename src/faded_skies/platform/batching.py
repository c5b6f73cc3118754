"""Doing for many callers at once what each of them asks for by itself.

A call that finds nobody at work is worked on at once; those that come meanwhile are the next batch. So the busier a
process is, the less each call costs it. Where an answer need not be quick, batches may be kept apart: then even those
that seldom meet share the work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from faded_skies.platform.errors import Situation

MOST_TOGETHER = 100

Call = TypeVar("Call")
Answer = TypeVar("Answer")


class Batcher(Generic[Call, Answer]):
    """Hands calls to `work` in batches, one batch at a time and in the order of arrival.

    A batch begins `apart` seconds after the one before, or as soon as it is full.

    `work` returns an answer for each call; a Situation among them is raised to its caller. What `work` raises is raised
    to all callers of the batch.
    """

    def __init__(
        self, work: Callable[[Sequence[Call]], Awaitable[Sequence[Answer | Situation]]], *, apart: float = 0.0
    ) -> None:
        self._work = work
        self._apart = apart
        self._next_at = 0.0
        self._waiting: list[tuple[Call, asyncio.Future[Answer]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, call: Call) -> Answer:
        """Return the answer to this call, whose work begins after it came."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((call, answer))
        if self._running is None or self._running.done():
            # In a context of its own: it works for others too, and what this caller has open is not its matter.
            self._running = loop.create_task(self._run(), context=Context())
        return await answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if len(self._waiting) < MOST_TOGETHER and (pause := self._next_at - loop.time()) > 0:
                await asyncio.sleep(pause)
            self._next_at = loop.time() + self._apart
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                answers = await self._work([call for call, _ in batch])
                served = list(zip(batch, answers, strict=True))
            except Exception as error:  # noqa: BLE001 - each caller gets it
                for _, waiter in batch:
                    if not waiter.done():
                        waiter.set_exception(error)
                continue
            for (_, waiter), answer in served:
                if waiter.done():  # who asked has left
                    continue
                if isinstance(answer, Situation):
                    waiter.set_exception(answer)
                else:
                    waiter.set_result(answer)
