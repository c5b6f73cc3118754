"""Rows of payments."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from faded_skies.domains.payments.ports import GatewayName
from faded_skies.domains.payments.rules import IntentStatus


class Tender(StrEnum):
    """The ways to pay."""

    CARD = "card"
    APPLE_PAY = "apple_pay"
    GOOGLE_PAY = "google_pay"
    FS_COIN = "fs_coin"
    CASH = "cash"

    @property
    def needs_gateway(self) -> bool:
        return self not in {Tender.FS_COIN, Tender.CASH}


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
    """One attempt to charge. `refunded_cents` counts refunds asked for and not failed."""

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


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back, with what the gateway needs to know of its intent."""

    id: UUID
    intent_id: UUID
    order_id: UUID | None
    amount_cents: int
    status: Literal["pending", "succeeded", "failed"]
    intent_external_id: str
