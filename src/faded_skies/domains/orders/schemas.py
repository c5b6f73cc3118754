"""Orders on the wire (contract §3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from faded_skies.domains.orders.models import Amendment, Item, Order, TrackingLine
from faded_skies.domains.orders.rules import minutes_until
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.money import to_dollars


class TaxesShape(Shape):
    state: float
    cannabis: float
    local: float
    breakdown: list[dict[str, object]]


class PaymentShape(Shape):
    status: str
    amount_due: float
    amount_paid: float
    refunded_amount: float


class ItemShape(Shape):
    product_id: UUID
    name: str
    quantity: int
    unit_price: float
    total_price: float


class DriverShape(Shape):
    first_name: str


class OrderShape(Shape):
    id: UUID
    order_number: str
    status: str
    subtotal: float
    tax_amount: float
    taxes: TaxesShape
    delivery_fee: float
    tip: float
    total_amount: float
    coins_used: int
    coin_discount: float
    payment: PaymentShape
    items: list[ItemShape]
    delivery_address: dict[str, object]
    payment_method: dict[str, object]
    estimated_delivery_time: int | None
    special_instructions: str | None
    driver: DriverShape | None
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


class OrderAnswer(Shape):
    order: OrderShape


class OrdersAnswer(Shape):
    orders: list[OrderShape]
    total: int
    has_more: bool


class PictureShape(Shape):
    """An order's goods and sums, before or after a change."""

    items: list[ItemShape]
    subtotal: float
    tax_amount: float
    total_amount: float
    coins_used: int
    amount_due: float


class AmendmentShape(Shape):
    """A change of an order's goods. While it is `open` the customer may answer it until `expiresAt`.

    `paying`: the difference is being charged; `failed`: it was not paid, and the order stays as it was.
    """

    id: UUID
    order_id: UUID
    status: Literal["open", "paying", "applied", "declined", "withdrawn", "expired", "closed", "failed"]
    proposed_by: Literal["shop", "customer"]
    reason: str | None
    before: PictureShape
    after: PictureShape
    difference: float
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None


class AmendmentAnswer(Shape):
    amendment: AmendmentShape


class AmendmentsAnswer(Shape):
    amendments: list[AmendmentShape]


def present_amendment(amendment: Amendment) -> dict[str, object]:
    """Return a change of an order as clients see it; `difference` is what the total changes by, in dollars."""
    cents = amendment.after["totalCents"] - amendment.before["totalCents"]
    return {
        "id": amendment.id,
        "orderId": amendment.order_id,
        "status": amendment.status,
        "proposedBy": "customer" if amendment.by_customer else "shop",
        "reason": amendment.reason,
        "before": _picture(amendment.before),
        "after": _picture(amendment.after),
        "difference": to_dollars(cents),
        "expiresAt": amendment.expires_at,
        "createdAt": amendment.created_at,
        "settledAt": amendment.settled_at,
    }


def _picture(kept: dict[str, Any]) -> dict[str, object]:
    return {
        "items": [
            {
                "productId": item["productId"],
                "name": item["name"],
                "quantity": item["quantity"],
                "unitPrice": to_dollars(item["unitPriceCents"]),
                "totalPrice": to_dollars(item["totalPriceCents"]),
            }
            for item in kept["items"]
        ],
        "subtotal": to_dollars(kept["subtotalCents"]),
        "taxAmount": to_dollars(kept["taxCents"]),
        "totalAmount": to_dollars(kept["totalCents"]),
        "coinsUsed": kept["coinsUsed"],
        "amountDue": to_dollars(kept["amountDueCents"]),
    }


def present_order(order: Order, items: Sequence[Item], *, now: datetime) -> dict[str, object]:
    """Return the order as clients see it."""
    return {
        "id": order.id,
        "orderNumber": order.order_number,
        "status": order.status.value,
        "subtotal": to_dollars(order.subtotal_cents),
        "taxAmount": to_dollars(order.tax_cents),
        "taxes": order.taxes,
        "deliveryFee": to_dollars(order.delivery_fee_cents),
        "tip": to_dollars(order.tip_cents),
        "totalAmount": to_dollars(order.total_cents),
        "coinsUsed": order.coins_used,
        "coinDiscount": to_dollars(order.coins_used),
        "payment": {
            "status": order.payment_status,
            "amountDue": to_dollars(order.amount_due_cents),
            "amountPaid": to_dollars(order.paid_cents),
            "refundedAmount": to_dollars(order.refunded_cents),
        },
        "items": [
            {
                "productId": item.product_id,
                "name": item.name,
                "quantity": item.quantity,
                "unitPrice": to_dollars(item.unit_price_cents),
                "totalPrice": to_dollars(item.total_price_cents),
            }
            for item in items
        ],
        "deliveryAddress": order.delivery_address,
        "paymentMethod": order.payment_method,
        "estimatedDeliveryTime": minutes_until(order.eta_at, now=now),
        "specialInstructions": order.special_instructions,
        "driver": None if order.driver_first_name is None else {"firstName": order.driver_first_name},
        "deliveredAt": order.delivered_at,
        "createdAt": order.created_at,
        "updatedAt": order.updated_at,
    }


def present_tracking(line: TrackingLine) -> dict[str, object]:
    """Return one line of the story as clients see it."""
    return {
        "status": line.status,
        "message": line.message,
        "latitude": line.latitude,
        "longitude": line.longitude,
        "createdAt": line.created_at,
    }
