"""Rows of payments."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from faded_skies.domains.payments.ports import DisputeStatus, GatewayName
from faded_skies.domains.payments.rules import IntentStatus, Tender


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay. Cash and coins have no `external_id`; their provider is the shop."""

    id: UUID
    user_id: UUID
    type: Tender
    provider: Literal["sandbox", "stripe", "shop"]
    external_id: str | None
    last_four: str | None
    card_brand: str | None
    expires_at: date | None
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt to charge. `refunded_cents` counts refunds asked for and not failed.

    With `captures_later` the money is authorised first. `fee_cents` is the gateway's, once it is known. `customer` is
    who pays, by the gateway's name. With an `amendment_id` it pays what a change made its order dearer by.
    """

    id: UUID
    user_id: UUID
    order_id: UUID | None
    payment_method_id: UUID | None
    gateway: GatewayName
    external_id: str | None
    client_secret: str | None
    amount_cents: int
    status: IntentStatus
    decline_code: str | None
    refunded_cents: int
    expires_at: datetime | None
    created_at: datetime
    captures_later: bool
    fee_cents: int | None
    amendment_id: UUID | None
    customer: str | None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back, with what the gateway needs to know of its intent; without an intent it is cash.

    `lines` are the units of the order's lines that it gives back: `line` and `quantity`.
    """

    id: UUID
    intent_id: UUID | None
    order_id: UUID | None
    amount_cents: int
    status: Literal["pending", "succeeded", "failed"]
    lines: list[dict[str, Any]]
    gateway: GatewayName | None
    intent_external_id: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A charge that its customer's bank asks back. `withdrawn`: the gateway has taken the money from us meanwhile."""

    id: UUID
    intent_id: UUID
    order_id: UUID | None
    order_number: str | None
    gateway: GatewayName
    external_id: str
    amount_cents: int
    fee_cents: int
    reason: str
    status: DisputeStatus
    withdrawn: bool
    evidence_due_at: datetime | None
    opened_at: datetime
