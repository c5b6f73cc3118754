"""What can go wrong with a payment, in sentences a customer can act on."""

from typing import ClassVar
from uuid import UUID

from faded_skies.platform.errors import Absent, Invalid, InvalidState, Kind, Malformed, Situation, Unavailable

_DECLINES = {
    "insufficient_funds": "Your card has too little money on it for this. Use another card, or pay cash.",
    "lost_card": "Your bank does not accept this card any more. Use another card, or call your bank.",
    "stolen_card": "Your bank does not accept this card any more. Use another card, or call your bank.",
    "expired_card": "This card has expired. Use another card.",
    "incorrect_cvc": "The security code of this card is wrong. Add the card again with the right code.",
    "processing_error": "Your bank could not handle this just now. Wait a minute and try again.",
    "authentication_required": "Your bank could not confirm that it is you. Try again, or use another card.",
    "amount_too_small": "This is too little to be charged to a card. Use FS coins for it, or pay cash.",
    "payment_method_unknown": "This card is no longer known to the payment provider. Add it again.",
}
_DECLINED = "Your bank declined this card. Use another card, or call your bank."


class PaymentFailed(Situation):
    """Money was asked for and not given. `declineCode` says why, `orderId` for which order."""

    kind: ClassVar[Kind] = Kind.PAYMENT
    code: ClassVar[str] = "PAYMENT_FAILED"

    def __init__(self, decline_code: str | None, *, order_id: UUID | None = None) -> None:
        facts: dict[str, object] = {"declineCode": decline_code or "generic_decline"}
        if order_id is not None:
            facts["orderId"] = order_id
        super().__init__(_DECLINES.get(decline_code or "", _DECLINED), **facts)


class CardDeclined(PaymentFailed):
    """The gateway refused to keep the card; nothing was charged."""


class TenderNotAllowed(Invalid):
    """This shop does not take this way of paying, or not here."""

    code = "TENDER_NOT_ALLOWED"
    sentence = "This way of paying is not offered here. Choose another one."


class PaymentMethodNotFound(Absent):
    sentence = "There is no such payment method in your account. Choose one of yours, or add it first."


class OtherWallet(Invalid):
    code = "VALIDATION_ERROR"
    sentence = (
        "This card does not come from that wallet. Add it as what it is: card, apple_pay or google_pay."
    )


class UnknownPaymentMethod(Invalid):
    """The gateway has never heard of this method, or it belongs to another customer."""

    code = "VALIDATION_ERROR"
    sentence = "The payment provider does not know this payment method. Enter the card again."


class IntentNotFound(Absent):
    sentence = "There is no such payment in your account. Begin the payment again."


class IntentNotUsable(InvalidState):
    """The intent exists, but cannot pay for this order."""


class PaymentUnderWay(InvalidState):
    sentence = "A payment for this order is already under way. Wait for it to end before you start another."


class RefundTooLarge(InvalidState):
    sentence = (
        "That is more than is left of this payment. Refund at most what was paid and not yet given back."
    )


class GatewayUnavailable(Unavailable):
    """The gateway did not answer, so what it did is unknown until it is asked again."""

    sentence = (
        "We cannot reach the payment provider at the moment. Try again in a minute; you will not pay twice."
    )


class BadSignature(Malformed):
    code = "BAD_SIGNATURE"
    sentence = "The signature of this delivery is missing, wrong or too old."
