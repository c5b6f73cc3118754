"""What we need of a payment gateway, in our words. One suite (tests/ports) holds every adapter to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol
from uuid import UUID

from faded_skies.domains.payments.rules import ChargeResult, ChargeStatus

__all__ = [
    "ChargeRequest",
    "ChargeResult",
    "ChargeStatus",
    "GatewayName",
    "MethodDetails",
    "PaymentGateway",
    "RefundResult",
    "WebhookEvent",
]

GatewayName = Literal["sandbox", "stripe"]


@dataclass(frozen=True, slots=True)
class MethodDetails:
    """A kept card as the gateway describes it. `expires_on` is its last good day."""

    external_id: str
    brand: str
    last_four: str
    expires_on: date


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """What to charge. `intent_id` is ours and makes the call safe to repeat."""

    intent_id: UUID
    user_id: UUID
    amount_cents: int
    method_external_id: str


@dataclass(frozen=True, slots=True)
class RefundResult:
    """What became of a refund. `reason` is the gateway's word when it failed."""

    external_id: str | None
    status: Literal["succeeded", "processing", "failed"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified delivery. `intent_id` is ours, carried back by the gateway; None when it concerns us not."""

    id: str
    kind: str
    intent_id: UUID | None


class PaymentGateway(Protocol):
    """Charges cards. Every call may raise GatewayUnavailable: what happened is then unknown."""

    @property
    def name(self) -> GatewayName:
        """The provider's name as it stands in our rows."""
        ...

    async def attach(self, user_id: UUID, token: str) -> MethodDetails:
        """Keep a card for a customer. Raises CardDeclined or UnknownPaymentMethod."""
        ...

    async def detach(self, external_id: str) -> None:
        """Forget a kept card; one that is already forgotten is no error."""
        ...

    async def create(self, request: ChargeRequest) -> ChargeResult:
        """Prepare a charge without taking money. Raises UnknownPaymentMethod."""
        ...

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        """Take the money, at most once for an intent id. Raises UnknownPaymentMethod."""
        ...

    async def confirm(self, external_id: str, method_external_id: str) -> ChargeResult:
        """Take the money of a prepared charge; one already confirmed answers its state.

        Raises UnknownPaymentMethod.
        """
        ...

    async def retrieve(self, intent_id: UUID, external_id: str | None) -> ChargeResult | None:
        """Return the present state of a charge, or None when the gateway never heard of it."""
        ...

    async def cancel(self, external_id: str) -> ChargeResult:
        """End a charge that has not succeeded; answers `succeeded` when it was too late."""
        ...

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        """Give money of a charge back, at most once for a refund id."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Return the delivery. Raises BadSignature."""
        ...
