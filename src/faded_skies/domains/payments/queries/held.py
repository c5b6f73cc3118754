"""SQL of what payments hold on a person, and of what goes when they leave."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

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
    "disputes": """
SELECT d.id, d.order_id AS "orderId", d.payment_intent_id AS "paymentId", (d.amount_cents / 100.0)::float8 AS amount,
       d.reason, d.status, d.opened_at AS "openedAt"
FROM disputes d JOIN payment_intents p ON p.id = d.payment_intent_id WHERE p.user_id = $1 ORDER BY d.opened_at, d.id
""",
    "refunds": """
SELECT r.id, r.order_id AS "orderId", r.payment_intent_id AS "paymentId", (r.amount_cents / 100.0)::float8 AS amount,
       r.reason, r.status, r.created_at AS "createdAt", r.settled_at AS "settledAt"
FROM refunds r LEFT JOIN payment_intents p ON p.id = r.payment_intent_id LEFT JOIN orders o ON o.id = r.order_id
WHERE p.user_id = $1 OR o.user_id = $1 ORDER BY r.created_at, r.id
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
SELECT 1
"""
_ERASE_CUSTOMERS = "DELETE FROM gateway_customers WHERE user_id = $1 RETURNING gateway, external_id"


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def erase_methods(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_ERASE_METHODS, user_id)


async def erase_customers(tx: Tx, user_id: UUID) -> list[Row]:
    """Forget what the gateways call a person; each row has `gateway` and the `external_id` there."""
    return await tx.fetch(_ERASE_CUSTOMERS, user_id)
