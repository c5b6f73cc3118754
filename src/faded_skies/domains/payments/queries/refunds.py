"""SQL of refunds."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from faded_skies.domains.payments.models import Refund
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_RESERVE_REFUND = """
UPDATE payment_intents SET refunded_cents = refunded_cents + $2, updated_at = now()
WHERE id = $1 AND status IN ('succeeded', 'surplus') AND refunded_cents + $2 <= amount_cents
RETURNING CASE WHEN status = 'succeeded' THEN order_id END AS order_id
"""
_UNRESERVE_REFUND = (
    "UPDATE payment_intents SET refunded_cents = refunded_cents - $2, updated_at = now() WHERE id = $1"
)
_INSERT_REFUND = """
INSERT INTO refunds (id, payment_intent_id, order_id, amount_cents, reason, requested_by, channel, external_id, lines)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $2::uuid IS NULL THEN 'cash' ELSE 'gateway' END, $7, $8)
"""
_REFUND = """
SELECT r.id, r.payment_intent_id AS intent_id, r.order_id, r.amount_cents, r.status, r.lines, i.gateway,
       i.external_id AS intent_external_id
FROM refunds r LEFT JOIN payment_intents i ON i.id = r.payment_intent_id
"""
_FIND_REFUND = f"{_REFUND} WHERE r.id = $1"
_LOCK_REFUND = f"{_FIND_REFUND} FOR UPDATE OF r"
_FIND_REFUND_ID = "SELECT id FROM refunds WHERE external_id = $1"
_SETTLE_REFUND = """
UPDATE refunds SET status = $2, external_id = coalesce(external_id, $3), settled_at = now() WHERE id = $1
"""
_LIST_PENDING_REFUNDS = """
SELECT id FROM refunds WHERE status = 'pending' AND created_at < now() - $1::interval
ORDER BY created_at LIMIT $2
"""


async def reserve_refund(tx: Tx, intent_id: UUID, amount_cents: int) -> Row | None:
    """Count a refund against its intent; None when so much is not left. The row names its order."""
    return await tx.fetchrow(_RESERVE_REFUND, intent_id, amount_cents)


async def unreserve_refund(tx: Tx, intent_id: UUID, amount_cents: int) -> None:
    await tx.execute(_UNRESERVE_REFUND, intent_id, amount_cents)


async def insert_refund(
    tx: Tx,
    *,
    intent_id: UUID | None,
    order_id: UUID | None,
    amount_cents: int,
    reason: str,
    requested_by: UUID | None,
    external_id: str | None,
    lines: Sequence[dict[str, object]],
) -> UUID:
    """Insert a refund; without an intent it is paid in cash."""
    refund_id = new_id()
    await tx.execute(
        _INSERT_REFUND,
        refund_id,
        intent_id,
        order_id,
        amount_cents,
        reason,
        requested_by,
        external_id,
        list(lines),
    )
    return refund_id


async def find_refund(source: Database | Tx, refund_id: UUID) -> Refund | None:
    row = await source.fetchrow(_FIND_REFUND, refund_id)
    return Refund(**dict(row)) if row else None


async def lock_refund(tx: Tx, refund_id: UUID) -> Refund | None:
    row = await tx.fetchrow(_LOCK_REFUND, refund_id)
    return Refund(**dict(row)) if row else None


async def find_refund_id(source: Database | Tx, external_id: str) -> UUID | None:
    """Return the refund that the gateway calls by this name."""
    found: UUID | None = await source.fetchval(_FIND_REFUND_ID, external_id)
    return found


async def settle_refund(tx: Tx, refund_id: UUID, status: str, external_id: str | None) -> None:
    await tx.execute(_SETTLE_REFUND, refund_id, status, external_id)


async def list_pending_refunds(db: Database, older_than: timedelta, limit: int) -> Sequence[UUID]:
    return [row["id"] for row in await db.fetch(_LIST_PENDING_REFUNDS, older_than, limit)]
