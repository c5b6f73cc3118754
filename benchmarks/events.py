"""Signed deliveries, as the sandbox and as Stripe send them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import orjson

from benchmarks.load import request_bytes
from faded_skies.adapters.sandbox.signing import HEADER as SANDBOX_HEADER
from faded_skies.adapters.sandbox.signing import sign, webhook_secret
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings

_STRIPE_SECRET = "whsec_benchmarks"
_STRIPE_HEADER = "Stripe-Signature"


@dataclass(frozen=True)
class Sender:
    """Who delivers: the settings of a server that listens to it, and what makes a signed request."""

    source: str
    title: str
    settings: dict[str, str]
    request: Callable[[Settings, str], bytes]
    """Takes the server's settings and the event's own name."""


def _by_sandbox(settings: Settings, name: str) -> bytes:
    event = {"id": name, "kind": "payment.succeeded", "about": "charge"}
    event |= {"intentId": str(new_id()), "externalId": f"pi_{uuid4().hex[:24]}"}
    signature = sign(webhook_secret(settings), orjson.dumps(event), at=int(time.time()))
    return request_bytes("POST", "/webhooks/sandbox", body=event, **{SANDBOX_HEADER: signature})


def _by_stripe(_: Settings, name: str) -> bytes:
    event = _stripe_event(name)
    # Stripe's scheme is the sandbox's (docs.stripe.com/webhooks#verify-manually).
    signature = sign(_STRIPE_SECRET.encode(), orjson.dumps(event), at=int(time.time()))
    return request_bytes("POST", "/webhooks/stripe", body=event, **{_STRIPE_HEADER: signature})


def _stripe_event(name: str) -> dict[str, object]:
    """Return an event about as long as Stripe's own (docs.stripe.com/api/payment_intents/object)."""
    now = int(time.time())
    empty = (
        "application application_fee_amount canceled_at cancellation_reason description invoice last_payment_error "
        "next_action on_behalf_of processing receipt_email review setup_future_usage shipping source "
        "statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
    )
    intent: dict[str, object] = {
        "id": f"pi_{uuid4().hex[:24]}",
        "object": "payment_intent",
        "amount": 5263,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 5263,
        "automatic_payment_methods": {"allow_redirects": "never", "enabled": True},
        "capture_method": "automatic",
        "client_secret": f"pi_{uuid4().hex[:24]}_secret_{uuid4().hex[:25]}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": "usd",
        "customer": f"cus_{uuid4().hex[:14]}",
        "latest_charge": f"ch_{uuid4().hex[:24]}",
        "livemode": False,
        "metadata": {"intent_id": str(new_id())},
        "payment_method": f"pm_{uuid4().hex[:24]}",
        "payment_method_configuration_details": {"id": f"pmc_{uuid4().hex[:24]}", "parent": None},
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            },
            "link": {"persistent_token": None},
        },
        "payment_method_types": ["card", "link"],
        "status": "succeeded",
    }
    return {
        "id": name,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": now,
        "data": {"object": intent | dict.fromkeys(empty.split())},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": f"req_{uuid4().hex[:14]}", "idempotency_key": str(uuid4())},
        "type": "payment_intent.succeeded",
    }


SENDERS = (
    Sender("sandbox", "the sandbox", {}, _by_sandbox),
    Sender(
        "stripe",
        "Stripe",
        {"STRIPE_SECRET_KEY": "sk_test_benchmarks", "STRIPE_WEBHOOK_SECRET": _STRIPE_SECRET},
        _by_stripe,
    ),
)
