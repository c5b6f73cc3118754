"""SQL of what is held on a person in their orders, and of erasing it."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

_HELD = """
SELECT o.id, o.order_number AS "orderNumber", o.status, (o.subtotal_cents / 100.0)::float8 AS subtotal, o.taxes,
       (o.delivery_fee_cents / 100.0)::float8 AS "deliveryFee", (o.tip_cents / 100.0)::float8 AS tip,
       (o.total_cents / 100.0)::float8 AS "totalAmount", o.coins_used AS "coinsUsed",
       (o.amount_due_cents / 100.0)::float8 AS "amountDue", (o.paid_cents / 100.0)::float8 AS "amountPaid",
       (o.refunded_cents / 100.0)::float8 AS "refundedAmount", o.payment_status AS "paymentStatus", o.tender,
       o.payment_method_id AS "paymentMethodId", o.delivery_address AS "deliveryAddress",
       o.special_instructions AS "specialInstructions", o.rules_hash AS "rulesHash",
       split_part(d.full_name, ' ', 1) AS "driverFirstName", o.delivered_at AS "deliveredAt",
       o.created_at AS "createdAt", o.updated_at AS "updatedAt",
       (SELECT jsonb_agg(jsonb_build_object(
            'productId', i.product_id, 'name', i.name, 'productClass', i.product_class, 'quantity', i.quantity,
            'unitPrice', i.unit_price_cents / 100.0, 'totalPrice', i.total_price_cents / 100.0) ORDER BY i.line)
        FROM order_items i WHERE i.order_id = o.id) AS items,
       (SELECT jsonb_agg(jsonb_build_object(
            'status', t.status, 'message', t.message, 'latitude', t.latitude, 'longitude', t.longitude,
            'createdAt', t.created_at) ORDER BY t.created_at, t.id)
        FROM order_tracking t WHERE t.order_id = o.id) AS tracking,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'status', a.status, 'proposedBy', CASE WHEN a.by_customer THEN 'customer' ELSE 'shop' END,
            'reason', a.reason, 'before', a.before, 'after', a.after, 'createdAt', a.created_at,
            'settledAt', a.settled_at) ORDER BY a.created_at, a.id), '[]')
        FROM order_amendments a WHERE a.order_id = o.id) AS amendments
FROM orders o LEFT JOIN users d ON d.id = o.driver_id WHERE o.user_id = $1 ORDER BY o.created_at, o.id
"""
# A sale is a record that must stay, with where it went (docs/privacy.md). What never left the shop is none.
_ERASE = """
UPDATE orders SET
    special_instructions = NULL,
    delivery_address = delivery_address || CASE WHEN status IN ('delivered', 'returned')
        THEN '{"deliveryInstructions": null}'::jsonb
        ELSE '{"name": "Erased", "addressLine1": "Erased", "addressLine2": null, "deliveryInstructions": null,
               "formattedAddress": "Erased", "latitude": null, "longitude": null}'::jsonb
    END
WHERE user_id = $1 AND status IN ('delivered', 'returned', 'cancelled')
"""


def stream_orders_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_ERASE, user_id)
