"""How an attempt to pay moves, whatever arrives late, twice or in another order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

GatewayName = Literal["sandbox", "stripe"]

ABANDONED_AFTER = timedelta(minutes=15)
"""An intent that no order adopted, or that the gateway never heard of, ends after this (contract §3, §4)."""


class Tender(StrEnum):
    """The ways to pay."""

    CARD = "card"
    APPLE_PAY = "apple_pay"
    GOOGLE_PAY = "google_pay"
    FS_COIN = "fs_coin"
    CASH = "cash"

    @property
    def needs_gateway(self) -> bool:
        return self in BY_CARD


BY_CARD = frozenset({Tender.CARD, Tender.APPLE_PAY, Tender.GOOGLE_PAY})
"""Cards and the wallets that hold cards: one gateway charges them all."""


def has_expired(expires_on: date | None, *, today: date) -> bool:
    """Tell whether a card's last good day is over; what has none never expires."""
    return expires_on is not None and expires_on < today


class ChargeStatus(StrEnum):
    """What a gateway says of a charge. `authorized` money waits to be captured; `succeeded` money is taken."""

    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """What the gateway says of a charge; `external_id` is None when it knows nothing of it.

    `fee_cents` is what the gateway keeps of the money, None while it does not say.
    """

    external_id: str | None
    status: ChargeStatus
    client_secret: str | None = None
    decline_code: str | None = None
    fee_cents: int | None = None


class IntentStatus(StrEnum):
    """What our row says. `surplus` is money that nobody wanted; it goes back by itself."""

    CREATED = "created"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    SURPLUS = "surplus"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Tell whether the gateway has yet to say how it ends."""
        return self in _OPEN or self is IntentStatus.AUTHORIZED

    @property
    def has_money(self) -> bool:
        return self in _RECEIVED


_OPEN = {
    IntentStatus.CREATED,
    IntentStatus.REQUIRES_CONFIRMATION,
    IntentStatus.REQUIRES_ACTION,
    IntentStatus.PROCESSING,
}
_RECEIVED = {IntentStatus.SUCCEEDED, IntentStatus.SURPLUS}
_ENDS = {IntentStatus.AUTHORIZED, *_RECEIVED, IntentStatus.FAILED, IntentStatus.CANCELLED}

# Money once received stays received, and a success may follow a failure. An open attempt never goes
# back to an earlier stage.
MOVES: Mapping[IntentStatus, set[IntentStatus]] = {
    IntentStatus.CREATED: _OPEN | _ENDS,
    IntentStatus.REQUIRES_CONFIRMATION: {IntentStatus.REQUIRES_ACTION, IntentStatus.PROCESSING} | _ENDS,
    IntentStatus.REQUIRES_ACTION: {IntentStatus.PROCESSING} | _ENDS,
    IntentStatus.PROCESSING: {IntentStatus.REQUIRES_ACTION} | _ENDS,
    IntentStatus.AUTHORIZED: {*_RECEIVED, IntentStatus.FAILED, IntentStatus.CANCELLED},
    IntentStatus.FAILED: {IntentStatus.AUTHORIZED, *_RECEIVED, IntentStatus.CANCELLED},
    IntentStatus.CANCELLED: _RECEIVED,
    IntentStatus.SUCCEEDED: set(),
    IntentStatus.SURPLUS: set(),
}


def next_status(current: IntentStatus, answer: ChargeStatus, *, wanted: bool, adopted: bool) -> IntentStatus:
    """Return where the gateway's answer moves an intent; the same status when it changes nothing.

    A success that is not `wanted` is surplus. A success once settled for its order (`adopted`) is the order's
    to give back; one that no order adopted is surplus when its time is over.
    """
    proposed = _proposal(answer, wanted=wanted)
    if current is IntentStatus.SUCCEEDED and proposed is IntentStatus.SURPLUS and not adopted:
        return proposed
    return proposed if proposed in MOVES[current] else current


def _proposal(answer: ChargeStatus, *, wanted: bool) -> IntentStatus:
    if answer is ChargeStatus.SUCCEEDED and not wanted:
        return IntentStatus.SURPLUS
    if answer is ChargeStatus.DECLINED:
        return IntentStatus.FAILED
    return IntentStatus(answer.value)


_WIRE: Mapping[IntentStatus, str] = {
    IntentStatus.CREATED: "processing",
    IntentStatus.REQUIRES_CONFIRMATION: "requires_confirmation",
    IntentStatus.REQUIRES_ACTION: "requires_action",
    IntentStatus.PROCESSING: "processing",
    IntentStatus.AUTHORIZED: "authorized",
    IntentStatus.SUCCEEDED: "succeeded",
    IntentStatus.SURPLUS: "cancelled",
    IntentStatus.FAILED: "failed",
    IntentStatus.CANCELLED: "cancelled",
}


def wire_status(status: IntentStatus) -> str:
    """Return the word a client reads: succeeded, requires_action, failed, processing and the like."""
    return _WIRE[status]
