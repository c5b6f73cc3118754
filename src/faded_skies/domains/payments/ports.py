"""What we need of a payment gateway, in our words. One suite (tests/ports) holds every adapter to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol
from uuid import UUID

from faded_skies.domains.payments.errors import GatewayUnavailable, TenderNotAllowed
from faded_skies.domains.payments.rules import ChargeResult, ChargeStatus, GatewayName, Tender

__all__ = [
    "CapturePolicy",
    "CardTerms",
    "ChargeRequest",
    "ChargeResult",
    "ChargeStatus",
    "DisputeState",
    "DisputeStatus",
    "GatewayName",
    "GatewayRefund",
    "Gateways",
    "MethodDetails",
    "PaymentGateway",
    "RefundResult",
    "Wallet",
    "WebhookEvent",
]

Wallet = Literal["apple_pay", "google_pay"]
DisputeStatus = Literal["warning", "needs_response", "under_review", "won", "lost"]


@dataclass(frozen=True, slots=True)
class MethodDetails:
    """A kept card as the gateway describes it. `expires_on` is its last good day; `wallet` where it came from one."""

    external_id: str
    brand: str
    last_four: str
    expires_on: date
    wallet: Wallet | None = None


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """What to charge. `intent_id` is ours and makes the call safe to repeat, with all the same values.

    `customer` is who pays, by the gateway's name. With `captures_later` the money is only authorised, and `capture`
    takes it.
    """

    intent_id: UUID
    customer: str
    amount_cents: int
    method_external_id: str
    captures_later: bool = False


@dataclass(frozen=True, slots=True)
class RefundResult:
    """What became of a refund. `reason` is the gateway's word when it failed."""

    external_id: str | None
    status: Literal["succeeded", "processing", "failed"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """A refund as the gateway has it. `refund_id` is ours, None when it was made at the gateway itself."""

    refund_id: UUID | None
    external_id: str
    amount_cents: int
    result: RefundResult


@dataclass(frozen=True, slots=True)
class DisputeState:
    """A dispute as it stands now. `withdrawn`: the gateway has taken the money back from us, for now or for good."""

    external_id: str
    charge_external_id: str
    amount_cents: int
    fee_cents: int
    reason: str
    status: DisputeStatus
    withdrawn: bool
    evidence_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified delivery: that something happened, never what is true now.

    `kind` is the gateway's own word. `about` says what to ask anew, None when it concerns us not: a charge, its
    refunds (`external_id` is the charge's either way, `intent_id` ours where the delivery carries it back), a
    dispute, or a customer's kept methods (`external_id` is the dispute's or the customer's).
    """

    id: str
    kind: str
    about: Literal["charge", "refunds", "dispute", "methods"] | None
    intent_id: UUID | None = None
    external_id: str | None = None


class PaymentGateway(Protocol):
    """Charges cards. Every call may raise GatewayUnavailable: what happened is then unknown."""

    @property
    def name(self) -> GatewayName:
        """The provider's name as it stands in our rows."""
        ...

    async def open_customer(self, user_id: UUID) -> str:
        """Return the gateway's name of a person, the same however often it is asked at the same time."""
        ...

    async def forget_customer(self, customer: str) -> None:
        """Forget a person and their kept cards; one that is already forgotten is no error."""
        ...

    async def attach(self, customer: str, token: str, *, wallet: Wallet | None = None) -> MethodDetails:
        """Keep a card for a customer, `wallet` telling where the client says it is from.

        One that this customer has already is described again. Raises CardDeclined or UnknownPaymentMethod.
        """
        ...

    async def detach(self, external_id: str) -> None:
        """Forget a kept card; one that is already forgotten is no error."""
        ...

    async def list_methods(self, customer: str) -> Sequence[MethodDetails]:
        """Return the cards that are kept for a customer; none for one who is unknown or forgotten."""
        ...

    async def set_default(self, customer: str, external_id: str) -> None:
        """Make a kept card the customer's default there too. Raises UnknownPaymentMethod."""
        ...

    async def create(self, request: ChargeRequest) -> ChargeResult:
        """Prepare a charge without taking money. Raises UnknownPaymentMethod."""
        ...

    async def charge(self, request: ChargeRequest) -> ChargeResult:
        """Take (or authorise) the money, at most once for an intent id. Raises UnknownPaymentMethod."""
        ...

    async def confirm(self, external_id: str, method_external_id: str) -> ChargeResult:
        """Take (or authorise) the money of a prepared charge; one already confirmed answers its state.

        Also finishes what the customer has authenticated, where the gateway leaves that to us. Raises
        UnknownPaymentMethod.
        """
        ...

    async def capture(self, external_id: str) -> ChargeResult:
        """Take the money of an authorised charge, at most once; any other charge answers its state."""
        ...

    async def retrieve(
        self, intent_id: UUID, *, customer: str | None, external_id: str | None
    ) -> ChargeResult | None:
        """Return the present state of a charge, or None when the gateway never heard of it."""
        ...

    async def cancel(self, external_id: str) -> ChargeResult:
        """End a charge that has not succeeded, an authorised one too; answers `succeeded` when it was too late."""
        ...

    async def refund(self, refund_id: UUID, external_id: str, amount_cents: int) -> RefundResult:
        """Give money of a charge back, at most once for a refund id."""
        ...

    async def list_refunds(self, external_id: str) -> Sequence[GatewayRefund]:
        """Return every refund of a charge as it stands now, those made at the gateway itself too."""
        ...

    async def find_dispute(self, external_id: str) -> DisputeState | None:
        """Return a dispute as it stands now, None when there is no such one."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Return the delivery. Raises BadSignature."""
        ...


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """When money is taken: with the order, or authorised with it and taken `at_departure`."""

    at_departure: bool


@dataclass(frozen=True, slots=True)
class CardTerms:
    """Whether cards can be charged, and for which product classes; None stands for all of them.

    US card networks, and Stripe with them, do not carry sales of THC, so a real gateway names its classes.
    `publishable_key` is what apps show Stripe, None without it.
    """

    is_connected: bool
    classes: frozenset[str] | None
    publishable_key: str | None = None

    def carries(self, product_class: str) -> bool:
        """Tell whether goods of this class may be charged to a card."""
        return self.classes is None or product_class in self.classes


class Gateways:
    """The connected gateways: which one takes new payments of a tender, and which one holds an old charge.

    A bank payment joins as one more adapter with its tender here.
    """

    def __init__(self, by_tender: Mapping[Tender, PaymentGateway]) -> None:
        self._by_tender = dict(by_tender)
        self._by_name: dict[str, PaymentGateway] = {gateway.name: gateway for gateway in by_tender.values()}

    @property
    def connected(self) -> Sequence[PaymentGateway]:
        """Every gateway that is connected."""
        return list(self._by_name.values())

    @property
    def tenders(self) -> frozenset[Tender]:
        """The tenders that can be charged here."""
        return frozenset(self._by_tender)

    def for_tender(self, tender: Tender) -> PaymentGateway:
        """Return the gateway of new payments. Raises TenderNotAllowed where none is connected."""
        gateway = self._by_tender.get(tender)
        if gateway is None:
            raise TenderNotAllowed("This shop does not take cards yet. Pay cash or with FS coins.")
        return gateway

    def find(self, name: str) -> PaymentGateway | None:
        """Return a connected gateway by its name."""
        return self._by_name.get(name)

    def named(self, name: str) -> PaymentGateway:
        """Return the gateway that holds a charge. Raises GatewayUnavailable while it is not connected."""
        gateway = self.find(name)
        if gateway is None:
            raise GatewayUnavailable
        return gateway
