"""Facts about payments."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from faded_skies.domains.payments.rules import ChargeResult, ChargeStatus, GatewayName
from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentAnswered(Event):
    """The gateway said something of an order's intent; orders settle it under the order's lock."""

    name: ClassVar[str] = "payments.payment_answered"
    counted_by: ClassVar[str | None] = "status"
    intent_id: UUID
    order_id: UUID
    external_id: str | None
    status: ChargeStatus
    client_secret: str | None
    decline_code: str | None
    fee_cents: int | None = None

    def result(self) -> ChargeResult:
        return ChargeResult(
            self.external_id, self.status, self.client_secret, self.decline_code, self.fee_cents
        )


@dataclass(frozen=True, kw_only=True)
class ChargeUnwanted(Event):
    """A bank authorised money that no order waits for any more; the gateway shall release it."""

    name: ClassVar[str] = "payments.charge_unwanted"
    intent_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundRequested(Event):
    """Money shall go back; the gateway is yet to be told."""

    name: ClassVar[str] = "payments.refund_requested"
    refund_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundSettled(Event):
    """The money went back (`ok`) or did not, also some days after it seemed to.

    `order_id` is None when the money never counted as an order's payment, `intent_id` when it was cash.
    """

    name: ClassVar[str] = "payments.refund_settled"
    counted_by: ClassVar[str | None] = "ok"
    refund_id: UUID
    intent_id: UUID | None
    order_id: UUID | None
    amount_cents: int
    ok: bool


@dataclass(frozen=True, kw_only=True)
class RefundFound(Event):
    """The gateway has a refund that we did not ask for: somebody made it there."""

    name: ClassVar[str] = "payments.refund_found"
    intent_id: UUID
    order_id: UUID | None
    external_id: str
    amount_cents: int
    status: Literal["succeeded", "processing", "failed"]


@dataclass(frozen=True, kw_only=True)
class MethodRemoved(Event):
    """A customer removed a kept card; the gateway shall forget it too."""

    name: ClassVar[str] = "payments.method_removed"
    external_id: str
    # Jobs from before there was more than one gateway name none.
    gateway: GatewayName = "sandbox"


@dataclass(frozen=True, kw_only=True)
class PrimaryChanged(Event):
    """A person has another primary way to pay; their default at the gateway shall follow."""

    name: ClassVar[str] = "payments.primary_changed"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class CustomerLeft(Event):
    """Somebody closed their account; the gateway shall forget them and their cards."""

    name: ClassVar[str] = "payments.customer_left"
    gateway: GatewayName
    external_id: str
