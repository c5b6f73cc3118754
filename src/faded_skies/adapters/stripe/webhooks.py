"""Stripe's deliveries: whether they are Stripe's, and what they are about (docs.stripe.com/webhooks)."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import stripe

from faded_skies.adapters.stripe.reading import intent_id_of
from faded_skies.domains.payments.errors import BadSignature
from faded_skies.domains.payments.ports import WebhookEvent

HEADER = "stripe-signature"
TOLERANCE_SECONDS = 300
_MOST_HEADER = 4096

_ABOUT_CUSTOMER = {
    "customer.deleted",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "payment_method.automatically_updated",
}
_ABOUT_REFUNDS = {
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
}
_ABOUT_CHARGE = {
    "charge.captured",
    "charge.expired",
    "charge.failed",
    "charge.pending",
    "charge.succeeded",
    "charge.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
}


class WebhookReader:
    """Reads deliveries signed by any of the secrets; two are good at once while they are rotated."""

    def __init__(self, secrets: Sequence[str], *, live: bool) -> None:
        self._secrets = secrets
        self._live = live

    def read(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Return a verified delivery. Raises BadSignature, also for a body that is no event."""
        self._verify(headers.get(HEADER, ""), body)
        try:
            event = orjson.loads(body)
            thing = event["data"]["object"]
            event_id, kind = str(event["id"]), str(event["type"])
            if event.get("livemode") is not self._live:
                return WebhookEvent(event_id, kind, None)
            return _read(event_id, kind, thing, event["data"].get("previous_attributes") or {})
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise BadSignature from error

    def _verify(self, header: str, body: bytes) -> None:
        if len(header) > _MOST_HEADER or not header.isascii() or _is_ahead(header):
            raise BadSignature
        for secret in self._secrets:
            try:
                stripe.WebhookSignature.verify_header(body, header, secret, tolerance=TOLERANCE_SECONDS)
            except (stripe.SignatureVerificationError, UnicodeError, OverflowError):
                continue
            return
        raise BadSignature


def _is_ahead(header: str) -> bool:
    """Tell whether a signature is of the future, which the SDK does not look at."""
    for part in header.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "t":
            return (
                not value.isascii()
                or not value.isdigit()
                or int(value[:12]) > time.time() + TOLERANCE_SECONDS
            )
    return True


def _read(event_id: str, kind: str, thing: dict[str, Any], before: dict[str, Any]) -> WebhookEvent:
    if kind in _ABOUT_CHARGE:
        return WebhookEvent(event_id, kind, "charge", intent_id_of(thing), _charge_id(thing))
    if kind in _ABOUT_REFUNDS:
        return WebhookEvent(event_id, kind, "refunds", intent_id_of(thing), _charge_id(thing))
    if kind.startswith("charge.dispute."):
        return WebhookEvent(event_id, kind, "dispute", None, _text(thing.get("id")))
    if kind in _ABOUT_CUSTOMER:
        is_customer = thing.get("object") == "customer"
        customer = thing.get("id") if is_customer else thing.get("customer") or before.get("customer")
        return WebhookEvent(event_id, kind, "methods", None, _text(customer))
    return WebhookEvent(event_id, kind, None)


def _charge_id(thing: dict[str, Any]) -> str | None:
    """Return the PaymentIntent that a PaymentIntent, charge or refund is of."""
    return _text(thing.get("id") if thing.get("object") == "payment_intent" else thing.get("payment_intent"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
