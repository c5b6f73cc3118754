"""What happens to charges without anybody here asking: banks, time, and people at the vendor's dashboard."""

import asyncio

import asyncpg
import structlog

from faded_skies.adapters.sandbox import queries
from faded_skies.adapters.sandbox.cards import CARDS
from faded_skies.domains.payments.errors import IntentNotFound
from faded_skies.domains.payments.ports import ChargeStatus
from faded_skies.platform.db import DATABASE_LOST

log = structlog.get_logger()

_PATIENCE_SECONDS = 5.0
_REFUNDS_TAKE_SECONDS = 10.0

_UNSETTLED = """
SELECT r.id, r.status, c.card FROM sandbox.refunds r JOIN sandbox.charges c ON c.id = r.charge_id
WHERE r.made_at <= now() - make_interval(secs => $1) AND (
    r.status = 'processing' OR r.status = 'succeeded' AND c.card = ANY($2::text[])
)
FOR UPDATE OF r SKIP LOCKED
"""
_FAILING = [name for name, card in CARDS.items() if card.refunds == "fail"]


class World:
    """The world behind the sandbox, on the same tables; `changed` wakes the deliveries."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", changed: asyncio.Event) -> None:
        self._pool = pool
        self._changed = changed

    async def settle_refunds(self, *, older_than_seconds: float = 0) -> int:
        """Let refunds that were pending succeed, and those of a failing card fail; returns how many moved."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_UNSETTLED, older_than_seconds, _FAILING)
            for row in rows:
                if row["status"] == "processing":
                    await queries.move_refund(connection, row["id"], "succeeded", None)
                else:
                    moved = await queries.move_refund(connection, row["id"], "failed", "lost_or_stolen_card")
                    await queries.take_back(connection, moved["charge_id"], -moved["amount_cents"])
        if rows:
            self._changed.set()
        return len(rows)

    async def run(self) -> None:
        """Let time pass until cancelled."""
        while True:
            await asyncio.sleep(_PATIENCE_SECONDS)
            try:
                await self.settle_refunds(older_than_seconds=_REFUNDS_TAKE_SECONDS)
            except (asyncpg.PostgresError, *DATABASE_LOST) as error:
                log.warning("sandbox_refunds_put_off", error=type(error).__name__)

    async def refund_at_dashboard(self, external_id: str, amount_cents: int) -> str:
        """Give money of a charge back as somebody would at the vendor's own site. Raises ValueError above the rest."""
        async with self._pool.acquire() as connection, connection.transaction():
            charge = await queries.lock_charge(connection, external_id)
            if charge is None:
                raise IntentNotFound
            if not await queries.take_back(connection, external_id, amount_cents):
                raise ValueError("so much is not left of this charge")
            made = await queries.insert_refund(
                connection, charge=charge, refund_id=None, amount_cents=amount_cents, status="succeeded"
            )
        self._changed.set()
        return str(made["id"])

    async def let_authorization_expire(self, external_id: str) -> None:
        """Release authorised money, as a bank does after some days."""
        async with self._pool.acquire() as connection, connection.transaction():
            charge = await queries.lock_charge(connection, external_id)
            if charge is not None and charge["status"] == ChargeStatus.AUTHORIZED:
                await queries.move_charge(
                    connection, charge, status=ChargeStatus.CANCELLED, decline_code=None, card=charge["card"]
                )
        self._changed.set()

    async def close_dispute(self, external_id: str, *, won: bool) -> None:
        """Decide a dispute, as the customer's bank does."""
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.close_dispute(connection, external_id, won=won)
        self._changed.set()
