"""How long rows are kept: either a job forgets them, a few thousand at a time, or they stay for a stated reason."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from faded_skies.platform.db import Database, Tx

BATCH = 5_000
"""As many rows are deleted in one transaction, so that nobody waits for their locks."""


@dataclass(frozen=True)
class Pruned:
    """Rows that go by the clock: when, and the periodic job that does it."""

    when: str
    job: str


@dataclass(frozen=True)
class Kept:
    """Rows that no clock takes away, and why that does not grow without end, or must."""

    reason: str


async def in_batches(db: Database, forget: Callable[[Tx], Awaitable[int]]) -> int:
    """Run `forget`, which deletes at most BATCH rows and returns how many, until none is left; returns their sum."""
    total = 0
    while True:
        async with db.transaction() as tx:
            count = await forget(tx)
        total += count
        if count < BATCH:
            return total
