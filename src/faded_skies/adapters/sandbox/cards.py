"""The test cards, under the ids and with the outcomes of Stripe's testing page (docs.stripe.com/testing)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Card:
    """How a test card behaves. A declined card cannot be attached either, unless it `attaches`.

    Its `refunds` succeed at once, are pending for a while, or fail after they seemed to succeed.
    """

    brand: str
    last_four: str
    decline_code: str | None = None
    attaches: bool = True
    asks_authentication: bool = False
    is_disputed: bool = False
    refunds: Literal["at_once", "pending", "fail"] = "at_once"


_DECLINES = {
    "": ("0002", "generic_decline"),
    "InsufficientFunds": ("9995", "insufficient_funds"),
    "LostCard": ("9987", "lost_card"),
    "StolenCard": ("9979", "stolen_card"),
    "ExpiredCard": ("0069", "expired_card"),
    "IncorrectCvc": ("0127", "incorrect_cvc"),
    "ProcessingError": ("0119", "processing_error"),
}

CARDS: Mapping[str, Card] = {
    "pm_card_visa": Card("visa", "4242"),
    "pm_card_visa_debit": Card("visa", "5556"),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_mastercard_debit": Card("mastercard", "8210"),
    "pm_card_mastercard_prepaid": Card("mastercard", "5100"),
    "pm_card_amex": Card("amex", "0005"),
    "pm_card_discover": Card("discover", "1117"),
    "pm_card_diners": Card("diners", "0004"),
    "pm_card_jcb": Card("jcb", "0505"),
    "pm_card_unionpay": Card("unionpay", "0005"),
    "pm_card_authenticationRequired": Card("visa", "3184", asks_authentication=True),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "visa", "3178", decline_code="insufficient_funds", asks_authentication=True
    ),
    "pm_card_createDispute": Card("visa", "0259", is_disputed=True),
    "pm_card_pendingRefund": Card("visa", "7726", refunds="pending"),
    "pm_card_refundFail": Card("visa", "5126", refunds="fail"),
    "pm_card_chargeCustomerFail": Card("visa", "0341", decline_code="generic_decline"),
    **{
        f"{prefix}_chargeDeclined{suffix}": Card("visa", last_four, decline_code=code, attaches=False)
        for prefix in ("pm_card", "pm_card_visa")
        for suffix, (last_four, code) in _DECLINES.items()
    },
}


def fee_cents(amount_cents: int) -> int:
    """Return what the gateway keeps of a charge: 2.9 % and 30 cents, as Stripe in the US (stripe.com/pricing)."""
    return (amount_cents * 29 + 500) // 1000 + 30
