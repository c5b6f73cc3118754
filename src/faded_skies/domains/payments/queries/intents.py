"""SQL of attempts to charge."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from faded_skies.domains.payments.models import Intent
from faded_skies.domains.payments.ports import GatewayName
from faded_skies.domains.payments.rules import ChargeResult, IntentStatus
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_IS_OPEN = "status IN ('created', 'processing', 'requires_confirmation', 'requires_action', 'authorized')"
_INTENT_COLUMNS = """
id, user_id, order_id, payment_method_id, gateway, external_id, client_secret, amount_cents, status,
decline_code, refunded_cents, expires_at, created_at, captures_later, fee_cents, amendment_id,
(SELECT c.external_id FROM gateway_customers c
 WHERE c.user_id = payment_intents.user_id AND c.gateway = payment_intents.gateway) AS customer
"""
_INSERT_INTENT = f"""
INSERT INTO payment_intents (
    id, user_id, order_id, payment_method_id, gateway, amount_cents, status, expires_at, captures_later, amendment_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8, $9, $10)
ON CONFLICT (order_id) WHERE {_IS_OPEN}
DO NOTHING
RETURNING {_INTENT_COLUMNS}
"""
_FIND_INTENT = f"SELECT {_INTENT_COLUMNS} FROM payment_intents WHERE id = $1"
_FIND_INTENT_BY_EXTERNAL = (
    f"SELECT {_INTENT_COLUMNS} FROM payment_intents WHERE gateway = $1 AND external_id = $2"
)
_LOCK_INTENT = f"{_FIND_INTENT} FOR NO KEY UPDATE"
_LOCK_INTENT_OF = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents WHERE user_id = $1 AND (id = $2 OR external_id = $3) FOR NO KEY UPDATE
"""
_HAS_OPEN_INTENT = f"""
SELECT EXISTS (
    SELECT FROM payment_intents
    WHERE order_id = $1 AND {_IS_OPEN}
)
"""
_ADOPT_INTENT = f"""
UPDATE payment_intents SET order_id = $2, expires_at = NULL, updated_at = now() WHERE id = $1
RETURNING {_INTENT_COLUMNS}
"""
_SETTLE_INTENT = f"""
UPDATE payment_intents
SET status = $2, external_id = coalesce(external_id, $3), client_secret = coalesce(client_secret, $4),
    decline_code = CASE WHEN $2 = 'failed' THEN coalesce($5, decline_code) END,
    fee_cents = coalesce(fee_cents, $6), updated_at = now()
WHERE id = $1
RETURNING {_INTENT_COLUMNS}
"""
_TOUCH_INTENT = "UPDATE payment_intents SET updated_at = now() WHERE id = $1"
_LIST_PAID_INTENTS = """
SELECT id, amount_cents - refunded_cents AS left_cents FROM payment_intents
WHERE order_id = $1 AND status = 'succeeded' ORDER BY created_at DESC, id DESC
"""
_FIND_DECLINE_CODE = """
SELECT decline_code FROM payment_intents WHERE order_id = $1 AND status = 'failed' ORDER BY updated_at DESC LIMIT 1
"""
_LIST_OPEN_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE order_id = $1 AND {_IS_OPEN}
"""
# Once a failed one has been asked of by its customer's own form it may still succeed, so it is ended too.
_LIST_STOPPABLE_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE order_id = $1 AND (
    {_IS_OPEN}
    OR status = 'failed' AND external_id IS NOT NULL
)
"""
# Authorised money waits for its order's departure, perhaps for days: that is looked at each hour.
_LIST_SILENT_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE {_IS_OPEN}
  AND updated_at < now() - CASE WHEN status = 'authorized' THEN greatest($1::interval, '1 hour') ELSE $1::interval END
ORDER BY updated_at LIMIT $2
"""
_LIST_ABANDONED_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE order_id IS NULL AND expires_at < now()
  AND ({_IS_OPEN} OR status = 'succeeded')
ORDER BY expires_at LIMIT $1
"""


def _intent(row: Row) -> Intent:
    values: dict[str, Any] = dict(row)
    return Intent(**{**values, "status": IntentStatus(values["status"])})


async def insert_intent(
    tx: Tx,
    *,
    user_id: UUID,
    order_id: UUID | None,
    method_id: UUID | None,
    gateway: GatewayName,
    amount_cents: int,
    status: IntentStatus,
    expires_in: timedelta | None,
    captures_later: bool,
    amendment_id: UUID | None = None,
) -> Intent | None:
    """Insert an intent; None when its order has an open one already."""
    row = await tx.fetchrow(
        _INSERT_INTENT,
        new_id(),
        user_id,
        order_id,
        method_id,
        gateway,
        amount_cents,
        status,
        expires_in,
        captures_later,
        amendment_id,
    )
    return _intent(row) if row else None


async def find_intent(source: Database | Tx, intent_id: UUID) -> Intent | None:
    row = await source.fetchrow(_FIND_INTENT, intent_id)
    return _intent(row) if row else None


async def find_intent_by_external(
    source: Database | Tx, gateway: GatewayName, external_id: str
) -> Intent | None:
    row = await source.fetchrow(_FIND_INTENT_BY_EXTERNAL, gateway, external_id)
    return _intent(row) if row else None


async def lock_intent(tx: Tx, intent_id: UUID) -> Intent | None:
    row = await tx.fetchrow(_LOCK_INTENT, intent_id)
    return _intent(row) if row else None


async def lock_intent_of(tx: Tx, user_id: UUID, *, intent_id: UUID | None, external_id: str) -> Intent | None:
    """Hold a person's intent, named by our id or by the gateway's."""
    row = await tx.fetchrow(_LOCK_INTENT_OF, user_id, intent_id, external_id)
    return _intent(row) if row else None


async def has_open_intent(tx: Tx, order_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS_OPEN_INTENT, order_id))


async def adopt_intent(tx: Tx, intent_id: UUID, order_id: UUID) -> Intent:
    row = await tx.fetchrow(_ADOPT_INTENT, intent_id, order_id)
    assert row is not None  # noqa: S101 - the caller holds the row
    return _intent(row)


async def settle_intent(tx: Tx, intent_id: UUID, status: IntentStatus, result: ChargeResult) -> Intent:
    row = await tx.fetchrow(
        _SETTLE_INTENT,
        intent_id,
        status,
        result.external_id,
        result.client_secret,
        result.decline_code,
        result.fee_cents,
    )
    assert row is not None  # noqa: S101 - the caller holds the row
    return _intent(row)


async def touch_intent(tx: Tx, intent_id: UUID) -> None:
    await tx.execute(_TOUCH_INTENT, intent_id)


async def list_paid_intents(tx: Tx, order_id: UUID) -> list[tuple[UUID, int]]:
    """Return the attempts that paid an order and what is left of each in cents, the latest first."""
    return [(row["id"], row["left_cents"]) for row in await tx.fetch(_LIST_PAID_INTENTS, order_id)]


async def list_open_intents(source: Database | Tx, order_id: UUID) -> list[Intent]:
    return [_intent(row) for row in await source.fetch(_LIST_OPEN_INTENTS, order_id)]


async def list_stoppable_intents(source: Database | Tx, order_id: UUID) -> list[Intent]:
    """Return what may still take money for an order: open attempts, and failed ones that can be tried again."""
    return [_intent(row) for row in await source.fetch(_LIST_STOPPABLE_INTENTS, order_id)]


async def find_decline_code(source: Database | Tx, order_id: UUID) -> str | None:
    code: str | None = await source.fetchval(_FIND_DECLINE_CODE, order_id)
    return code


async def list_silent_intents(db: Database, older_than: timedelta, limit: int) -> list[Intent]:
    """Return open intents of which nothing was heard for so long."""
    return [_intent(row) for row in await db.fetch(_LIST_SILENT_INTENTS, older_than, limit)]


async def list_abandoned_intents(db: Database, limit: int) -> list[Intent]:
    """Return intents made beforehand that no order adopted in time."""
    return [_intent(row) for row in await db.fetch(_LIST_ABANDONED_INTENTS, limit)]
