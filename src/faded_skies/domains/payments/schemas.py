"""Payments on the wire."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.payments.models import Intent, PaymentMethod
from faded_skies.domains.payments.rules import Tender, wire_status
from faded_skies.platform.http.fields import Body, Id, Line, Shape
from faded_skies.platform.money import JsonNumber, Sum

GatewayId = Annotated[Line, Field(max_length=255, examples=["pm_card_visa"])]
"""A payment method as the gateway's own client library names it."""


class AddMethod(
    Body, json_schema_extra={"examples": [{"type": "card", "stripePaymentMethodId": "pm_card_visa"}]}
):
    """A new payment method. Cards and wallets need `stripePaymentMethodId`; cash and coins take none."""

    type: Tender
    stripe_payment_method_id: GatewayId | None = None


class ChangeMethod(Body, json_schema_extra={"examples": [{"isPrimary": True}]}):
    """What can be changed of a payment method."""

    is_primary: Annotated[bool, Field(strict=True)]


class CreateIntent(
    Body, json_schema_extra={"examples": [{"amount": 24.5, "paymentMethodId": "pm_card_visa"}]}
):
    """A payment prepared before its order. `paymentMethodId` is ours, or the gateway's own id."""

    amount: Annotated[Sum, Field(ge=0.5), JsonNumber()]
    payment_method_id: GatewayId


class MethodShape(Shape):
    """A payment method; `expiresAt` is the card's last good day."""

    id: Id
    type: Tender
    provider: Literal["sandbox", "stripe", "shop"]
    last_four: str | None
    card_brand: str | None
    expires_at: date | None
    is_primary: bool


class MethodAnswer(Shape):
    """One payment method."""

    payment_method: MethodShape


class MethodsAnswer(Shape):
    """All of a person's payment methods, the primary one first."""

    payment_methods: list[MethodShape]


class IntentAnswer(Shape):
    """A prepared payment: hand `paymentIntentId` to the order, `clientSecret` to the card form."""

    payment_intent_id: UUID
    client_secret: str | None
    status: Literal[
        "requires_confirmation",
        "requires_action",
        "processing",
        "authorized",
        "succeeded",
        "failed",
        "cancelled",
    ]


class WebhookAnswer(Shape):
    """The delivery is kept."""

    received: Literal[True]


def present_method(method: PaymentMethod) -> dict[str, object]:
    return {
        "id": method.id,
        "type": method.type,
        "provider": method.provider,
        "lastFour": method.last_four,
        "cardBrand": method.card_brand,
        "expiresAt": method.expires_at,
        "isPrimary": method.is_primary,
    }


def present_intent(intent: Intent) -> dict[str, object]:
    return {
        "paymentIntentId": intent.id,
        "clientSecret": intent.client_secret,
        "status": wire_status(intent.status),
    }
