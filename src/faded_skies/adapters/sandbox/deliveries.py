"""Delivers what happened at the sandbox to our webhook: signed, at least once, with patience."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import asyncpg
import httpx
import structlog

from faded_skies.adapters.sandbox.signing import HEADER, sign
from faded_skies.platform.db import DATABASE_LOST

log = structlog.get_logger()

_MOST_ATTEMPTS = 15
_PATIENCE_SECONDS = 2.0

# Taken and put off in one step, so that several processes share the work and a killed one loses none.
_TAKE = f"""
UPDATE sandbox.deliveries
SET attempts = attempts + 1, next_at = now() + make_interval(secs => least(300, 2 ^ attempts))
WHERE id IN (
    SELECT id FROM sandbox.deliveries WHERE next_at <= now() AND attempts < {_MOST_ATTEMPTS}
    ORDER BY next_at LIMIT 10 FOR UPDATE SKIP LOCKED
)
RETURNING id, body
"""
_DONE = "DELETE FROM sandbox.deliveries WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, signed for now."""

    id: str
    body: bytes
    headers: dict[str, str]


class Deliver(Protocol):
    """Brings a delivery to its receiver."""

    async def __call__(self, delivery: Delivery) -> bool:
        """Return whether it was taken."""
        ...


class Deliveries:
    """What waits to be delivered."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, secret: bytes, deliver: Deliver) -> None:
        self._pool = pool
        self._secret = secret
        self._deliver = deliver

    async def send_due(self) -> int:
        """Try once what is due now; returns how many were taken."""
        taken = 0
        for row in await self._pool.fetch(_TAKE):
            headers = {
                "content-type": "application/json",
                HEADER: sign(self._secret, row["body"], at=int(time.time())),
            }
            if await self._deliver(Delivery(row["id"], row["body"], headers)):
                await self._pool.execute(_DONE, row["id"])
                taken += 1
        return taken

    async def run(self, changed: asyncio.Event) -> None:
        """Deliver until cancelled: at once when something `changed`, else every few seconds."""
        while True:
            changed.clear()
            try:
                await self.send_due()
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                log.warning("sandbox_deliveries_put_off", error=type(error).__name__)
                await asyncio.sleep(_PATIENCE_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), timeout=_PATIENCE_SECONDS)


def by_http(client: httpx.AsyncClient, url: str) -> Deliver:
    """Return what posts deliveries to the address; nobody there is no error, the next try comes later."""

    async def deliver(delivery: Delivery) -> bool:
        try:
            answer = await client.post(url, content=delivery.body, headers=delivery.headers)
        except httpx.HTTPError:
            return False
        return answer.is_success

    return deliver
