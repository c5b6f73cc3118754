"""SQL of payments."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from faded_skies.domains.payments.models import Intent, PaymentMethod, Refund, Tender
from faded_skies.domains.payments.ports import GatewayName, MethodDetails
from faded_skies.domains.payments.rules import ChargeResult, IntentStatus
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_METHOD_COLUMNS = "id, user_id, type, provider, external_id, last_four, card_brand, expires_at, is_primary"
_METHOD = f"{_METHOD_COLUMNS} FROM payment_methods"
_LIST_METHODS = f"SELECT {_METHOD} WHERE user_id = $1 AND is_active ORDER BY is_primary DESC, created_at, id"
_FIND_METHOD = f"SELECT {_METHOD} WHERE user_id = $1 AND id = $2 AND is_active"
_FIND_METHOD_BY_EXTERNAL = (
    f"SELECT {_METHOD} WHERE user_id = $1 AND provider = $2 AND external_id = $3 AND is_active"
)
_FIND_METHOD_BY_TYPE = f"SELECT {_METHOD} WHERE user_id = $1 AND type = $2 AND is_active"
# One person's methods change one after the other, so that exactly one stays primary.
_LOCK_METHODS = "SELECT pg_advisory_xact_lock(hashtextextended('payment_methods:' || $1::text, 0))"
_INSERT_METHOD = f"""
INSERT INTO payment_methods (
    id, user_id, type, provider, external_id, last_four, card_brand, expires_at, is_primary
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8,
       NOT EXISTS (SELECT FROM payment_methods WHERE user_id = $2 AND is_primary)
RETURNING {_METHOD_COLUMNS}
"""
_CLEAR_PRIMARY = (
    "UPDATE payment_methods SET is_primary = false WHERE user_id = $1 AND is_primary AND id <> $2"
)
_SET_PRIMARY = "UPDATE payment_methods SET is_primary = true WHERE id = $1"
_DEACTIVATE_METHOD = "UPDATE payment_methods SET is_active = false, is_primary = false WHERE id = $1"
_PROMOTE_OLDEST = """
UPDATE payment_methods SET is_primary = true
WHERE id = (SELECT id FROM payment_methods WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1)
"""

_INTENT_COLUMNS = """
id, user_id, order_id, payment_method_id, gateway, external_id, client_secret, amount_cents, status,
decline_code, refunded_cents, expires_at, created_at
"""
_INSERT_INTENT = f"""
INSERT INTO payment_intents (
    id, user_id, order_id, payment_method_id, gateway, amount_cents, status, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8)
ON CONFLICT (order_id) WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action')
DO NOTHING
RETURNING {_INTENT_COLUMNS}
"""
_FIND_INTENT = f"SELECT {_INTENT_COLUMNS} FROM payment_intents WHERE id = $1"
_LOCK_INTENT = f"{_FIND_INTENT} FOR NO KEY UPDATE"
_LOCK_INTENT_OF = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents WHERE user_id = $1 AND (id = $2 OR external_id = $3) FOR NO KEY UPDATE
"""
_HAS_OPEN_INTENT = """
SELECT EXISTS (
    SELECT FROM payment_intents
    WHERE order_id = $1 AND status IN ('created', 'processing', 'requires_confirmation', 'requires_action')
)
"""
_ADOPT_INTENT = f"""
UPDATE payment_intents SET order_id = $2, expires_at = NULL, updated_at = now() WHERE id = $1
RETURNING {_INTENT_COLUMNS}
"""
_SETTLE_INTENT = f"""
UPDATE payment_intents
SET status = $2, external_id = coalesce(external_id, $3), client_secret = coalesce(client_secret, $4),
    decline_code = CASE WHEN $2 = 'failed' THEN coalesce($5, decline_code) END, updated_at = now()
WHERE id = $1
RETURNING {_INTENT_COLUMNS}
"""
_TOUCH_INTENT = "UPDATE payment_intents SET updated_at = now() WHERE id = $1"
_FIND_PAID_INTENT = "SELECT id FROM payment_intents WHERE order_id = $1 AND status = 'succeeded'"
_FIND_DECLINE_CODE = """
SELECT decline_code FROM payment_intents WHERE order_id = $1 AND status = 'failed' ORDER BY updated_at DESC LIMIT 1
"""
_LIST_OPEN_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE order_id = $1 AND status IN ('created', 'processing', 'requires_confirmation', 'requires_action')
"""
_LIST_SILENT_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action')
  AND updated_at < now() - $1::interval
ORDER BY updated_at LIMIT $2
"""
_LIST_ABANDONED_INTENTS = f"""
SELECT {_INTENT_COLUMNS} FROM payment_intents
WHERE order_id IS NULL AND expires_at < now()
  AND status IN ('created', 'processing', 'requires_confirmation', 'requires_action', 'succeeded')
ORDER BY expires_at LIMIT $1
"""
_RESERVE_REFUND = """
UPDATE payment_intents SET refunded_cents = refunded_cents + $2, updated_at = now()
WHERE id = $1 AND status IN ('succeeded', 'surplus') AND refunded_cents + $2 <= amount_cents
RETURNING CASE WHEN status = 'succeeded' THEN order_id END AS order_id
"""
_UNRESERVE_REFUND = (
    "UPDATE payment_intents SET refunded_cents = refunded_cents - $2, updated_at = now() WHERE id = $1"
)
_INSERT_REFUND = """
INSERT INTO refunds (id, payment_intent_id, order_id, amount_cents, reason, requested_by)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_FIND_REFUND = """
SELECT r.id, r.payment_intent_id AS intent_id, r.order_id, r.amount_cents, r.status,
       i.external_id AS intent_external_id
FROM refunds r JOIN payment_intents i ON i.id = r.payment_intent_id
WHERE r.id = $1
"""
_LOCK_REFUND = f"{_FIND_REFUND} FOR UPDATE OF r"
_SETTLE_REFUND = "UPDATE refunds SET status = $2, external_id = $3, settled_at = now() WHERE id = $1"
_LIST_PENDING_REFUNDS = """
SELECT id FROM refunds WHERE status = 'pending' AND created_at < now() - $1::interval
ORDER BY created_at LIMIT $2
"""


def _method(row: Row) -> PaymentMethod:
    values: dict[str, Any] = dict(row)
    return PaymentMethod(**{**values, "type": Tender(values["type"])})


def _intent(row: Row) -> Intent:
    values: dict[str, Any] = dict(row)
    return Intent(**{**values, "status": IntentStatus(values["status"])})


async def list_methods(source: Database | Tx, user_id: UUID) -> list[PaymentMethod]:
    return [_method(row) for row in await source.fetch(_LIST_METHODS, user_id)]


async def find_method(source: Database | Tx, user_id: UUID, method_id: UUID) -> PaymentMethod | None:
    row = await source.fetchrow(_FIND_METHOD, user_id, method_id)
    return _method(row) if row else None


async def find_method_by_external(
    tx: Tx, user_id: UUID, provider: str, external_id: str
) -> PaymentMethod | None:
    row = await tx.fetchrow(_FIND_METHOD_BY_EXTERNAL, user_id, provider, external_id)
    return _method(row) if row else None


async def find_method_by_type(tx: Tx, user_id: UUID, tender: Tender) -> PaymentMethod | None:
    row = await tx.fetchrow(_FIND_METHOD_BY_TYPE, user_id, tender)
    return _method(row) if row else None


async def lock_methods(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_LOCK_METHODS, str(user_id))


async def insert_method(
    tx: Tx, *, user_id: UUID, tender: Tender, provider: str, details: MethodDetails | None
) -> PaymentMethod:
    """Insert a method; it becomes primary when there is no other. The caller holds `lock_methods`."""
    row = await tx.fetchrow(
        _INSERT_METHOD,
        new_id(),
        user_id,
        tender,
        provider,
        details and details.external_id,
        details and details.last_four,
        details and details.brand,
        details and details.expires_on,
    )
    assert row is not None  # noqa: S101 - INSERT … RETURNING without ON CONFLICT gives a row or raises
    return _method(row)


async def set_primary(tx: Tx, user_id: UUID, method_id: UUID) -> None:
    """Make a method the only primary one. The caller holds `lock_methods`."""
    await tx.execute(_CLEAR_PRIMARY, user_id, method_id)
    await tx.execute(_SET_PRIMARY, method_id)


async def deactivate_method(tx: Tx, method: PaymentMethod) -> None:
    """Take a method away; the oldest of the others follows a primary one. The caller holds `lock_methods`."""
    await tx.execute(_DEACTIVATE_METHOD, method.id)
    if method.is_primary:
        await tx.execute(_PROMOTE_OLDEST, method.user_id)


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
) -> Intent | None:
    """Insert an intent; None when its order has an open one already."""
    row = await tx.fetchrow(
        _INSERT_INTENT, new_id(), user_id, order_id, method_id, gateway, amount_cents, status, expires_in
    )
    return _intent(row) if row else None


async def find_intent(source: Database | Tx, intent_id: UUID) -> Intent | None:
    row = await source.fetchrow(_FIND_INTENT, intent_id)
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
        _SETTLE_INTENT, intent_id, status, result.external_id, result.client_secret, result.decline_code
    )
    assert row is not None  # noqa: S101 - the caller holds the row
    return _intent(row)


async def touch_intent(tx: Tx, intent_id: UUID) -> None:
    await tx.execute(_TOUCH_INTENT, intent_id)


async def find_paid_intent_id(tx: Tx, order_id: UUID) -> UUID | None:
    found: UUID | None = await tx.fetchval(_FIND_PAID_INTENT, order_id)
    return found


async def list_open_intents(source: Database | Tx, order_id: UUID) -> list[Intent]:
    return [_intent(row) for row in await source.fetch(_LIST_OPEN_INTENTS, order_id)]


async def find_decline_code(source: Database | Tx, order_id: UUID) -> str | None:
    code: str | None = await source.fetchval(_FIND_DECLINE_CODE, order_id)
    return code


async def list_silent_intents(db: Database, older_than: timedelta, limit: int) -> list[Intent]:
    """Return open intents of which nothing was heard for so long."""
    return [_intent(row) for row in await db.fetch(_LIST_SILENT_INTENTS, older_than, limit)]


async def list_abandoned_intents(db: Database, limit: int) -> list[Intent]:
    """Return intents made beforehand that no order adopted in time."""
    return [_intent(row) for row in await db.fetch(_LIST_ABANDONED_INTENTS, limit)]


async def reserve_refund(tx: Tx, intent_id: UUID, amount_cents: int) -> Row | None:
    """Count a refund against its intent; None when so much is not left. The row names its order."""
    return await tx.fetchrow(_RESERVE_REFUND, intent_id, amount_cents)


async def unreserve_refund(tx: Tx, intent_id: UUID, amount_cents: int) -> None:
    await tx.execute(_UNRESERVE_REFUND, intent_id, amount_cents)


async def insert_refund(
    tx: Tx,
    *,
    intent_id: UUID,
    order_id: UUID | None,
    amount_cents: int,
    reason: str,
    requested_by: UUID | None,
) -> UUID:
    refund_id = new_id()
    await tx.execute(_INSERT_REFUND, refund_id, intent_id, order_id, amount_cents, reason, requested_by)
    return refund_id


async def find_refund(source: Database | Tx, refund_id: UUID) -> Refund | None:
    row = await source.fetchrow(_FIND_REFUND, refund_id)
    return Refund(**dict(row)) if row else None


async def lock_refund(tx: Tx, refund_id: UUID) -> Refund | None:
    row = await tx.fetchrow(_LOCK_REFUND, refund_id)
    return Refund(**dict(row)) if row else None


async def settle_refund(tx: Tx, refund_id: UUID, status: str, external_id: str | None) -> None:
    await tx.execute(_SETTLE_REFUND, refund_id, status, external_id)


async def list_pending_refunds(db: Database, older_than: timedelta, limit: int) -> Sequence[UUID]:
    return [row["id"] for row in await db.fetch(_LIST_PENDING_REFUNDS, older_than, limit)]


_HELD = {
    "paymentMethods": """
SELECT id, type, provider, last_four AS "lastFour", card_brand AS "cardBrand", expires_at AS "expiresAt",
       is_primary AS "isPrimary", is_active AS "isActive", created_at AS "createdAt"
FROM payment_methods WHERE user_id = $1 ORDER BY created_at, id
""",
    "payments": """
SELECT id, order_id AS "orderId", payment_method_id AS "paymentMethodId", (amount_cents / 100.0)::float8 AS amount,
       status, decline_code AS "declineCode", (refunded_cents / 100.0)::float8 AS "refundedAmount",
       created_at AS "createdAt", updated_at AS "updatedAt"
FROM payment_intents WHERE user_id = $1 ORDER BY created_at, id
""",
    "refunds": """
SELECT r.id, r.order_id AS "orderId", r.payment_intent_id AS "paymentId", (r.amount_cents / 100.0)::float8 AS amount,
       r.reason, r.status, r.created_at AS "createdAt", r.settled_at AS "settledAt"
FROM refunds r JOIN payment_intents p ON p.id = r.payment_intent_id WHERE p.user_id = $1 ORDER BY r.created_at, r.id
""",
}
# Old orders refer to the rows, so what is left of them says only what kind of way it was.
_ERASE_METHODS = """
WITH before AS (
    SELECT id, external_id, is_active FROM payment_methods WHERE user_id = $1 FOR UPDATE
), erased AS (
    UPDATE payment_methods m SET
        is_active = false, is_primary = false, last_four = NULL, card_brand = NULL, expires_at = NULL,
        external_id = CASE WHEN m.external_id IS NOT NULL THEN 'erased' END
    FROM before WHERE m.id = before.id
), secrets AS (
    UPDATE payment_intents SET client_secret = NULL WHERE user_id = $1 AND client_secret IS NOT NULL
)
SELECT external_id FROM before WHERE is_active AND external_id IS NOT NULL
"""


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def erase_methods(tx: Tx, user_id: UUID) -> list[str]:
    """Erase a person's methods, and return what the gateway calls those that were in use."""
    return [row["external_id"] for row in await tx.fetch(_ERASE_METHODS, user_id)]
