"""SQL of disputes."""

from typing import Any
from uuid import UUID

from faded_skies.domains.payments.models import Dispute
from faded_skies.domains.payments.ports import DisputeState, GatewayName
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_COLUMNS = """
d.id, d.payment_intent_id AS intent_id, d.order_id, o.order_number, d.gateway, d.external_id, d.amount_cents,
d.fee_cents, d.reason, d.status, d.withdrawn, d.evidence_due_at, d.opened_at
"""
_SELECT = f"SELECT {_COLUMNS} FROM disputes d LEFT JOIN orders o ON o.id = d.order_id"
_LOCK = f"{_SELECT} WHERE d.gateway = $1 AND d.external_id = $2 FOR UPDATE OF d"
_OPEN = """
INSERT INTO disputes (id, payment_intent_id, order_id, gateway, external_id, amount_cents, reason, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'warning')
ON CONFLICT (gateway, external_id) DO NOTHING
"""
_MOVE = """
UPDATE disputes SET status = $2, withdrawn = $3, fee_cents = greatest(fee_cents, $4), evidence_due_at = $5, reason = $6,
    updated_at = now()
WHERE id = $1
"""
_LIST = f"{_SELECT} WHERE ($1::text IS NULL OR d.status = $1) ORDER BY d.opened_at DESC, d.id DESC LIMIT $2 OFFSET $3"
_COUNT = "SELECT count(*) FROM disputes WHERE $1::text IS NULL OR status = $1"


def _dispute(row: Row) -> Dispute:
    values: dict[str, Any] = dict(row)
    return Dispute(**values)


async def lock_dispute(tx: Tx, gateway: GatewayName, external_id: str) -> Dispute | None:
    row = await tx.fetchrow(_LOCK, gateway, external_id)
    return _dispute(row) if row else None


async def open_dispute(
    tx: Tx, *, gateway: GatewayName, intent_id: UUID, order_id: UUID | None, state: DisputeState
) -> bool:
    """Insert a dispute of which nothing is known but that it exists; False when it is there already."""
    return (
        await tx.execute(
            _OPEN, new_id(), intent_id, order_id, gateway, state.external_id, state.amount_cents, state.reason
        )
        == 1
    )


async def move_dispute(tx: Tx, dispute_id: UUID, state: DisputeState) -> None:
    await tx.execute(
        _MOVE,
        dispute_id,
        state.status,
        state.withdrawn,
        state.fee_cents,
        state.evidence_due_at,
        state.reason,
    )


async def list_disputes(
    db: Database, *, status: str | None, limit: int, offset: int
) -> tuple[list[Dispute], int]:
    rows = await db.fetch(_LIST, status, limit, offset)
    return [_dispute(row) for row in rows], await db.fetchval(_COUNT, status)
