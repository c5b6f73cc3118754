"""Facts about payments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from faded_skies.domains.payments.rules import ChargeResult, ChargeStatus
from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentAnswered(Event):
    """The gateway said something of an order's intent; orders settle it under the order's lock."""

    name: ClassVar[str] = "payments.payment_answered"
    intent_id: UUID
    order_id: UUID
    external_id: str | None
    status: ChargeStatus
    client_secret: str | None
    decline_code: str | None

    def result(self) -> ChargeResult:
        return ChargeResult(self.external_id, self.status, self.client_secret, self.decline_code)


@dataclass(frozen=True, kw_only=True)
class RefundRequested(Event):
    """Money shall go back; the gateway is yet to be told."""

    name: ClassVar[str] = "payments.refund_requested"
    refund_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundSettled(Event):
    """The gateway gave the money back (`ok`) or refused to.

    `order_id` is None when the money never counted as an order's payment.
    """

    name: ClassVar[str] = "payments.refund_settled"
    refund_id: UUID
    intent_id: UUID
    order_id: UUID | None
    amount_cents: int
    ok: bool


@dataclass(frozen=True, kw_only=True)
class MethodRemoved(Event):
    """A customer removed a kept card; the gateway shall forget it too."""

    name: ClassVar[str] = "payments.method_removed"
    external_id: str
