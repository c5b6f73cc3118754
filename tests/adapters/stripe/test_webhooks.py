"""Stripe's deliveries: whose they are, and what they are about."""

import hashlib
import hmac
import time
from typing import Any

import orjson
import pytest

from faded_skies.adapters.stripe.webhooks import WebhookReader
from faded_skies.domains.payments.errors import BadSignature
from faded_skies.domains.payments.ports import WebhookEvent
from faded_skies.platform.ids import new_id

NEW, OLD = "whsec_new", "whsec_old"
READER = WebhookReader([NEW, OLD], live=False)


def sign(body: bytes, *, secret: str = NEW, at: float | None = None) -> str:
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def event(kind: str, thing: dict[str, Any], **changes: Any) -> bytes:
    whole = {"id": "evt_1", "type": kind, "livemode": False, "data": {"object": thing}}
    return orjson.dumps(whole | changes)


def read(body: bytes, header: str | None = None) -> WebhookEvent:
    return READER.read({"stripe-signature": sign(body) if header is None else header}, body)


BODY = event("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"})


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_while_secrets_are_rotated_both_are_good(secret: str) -> None:
    assert read(BODY, sign(BODY, secret=secret)).external_id == "pi_1"
    alone = WebhookReader([NEW], live=False)
    if secret == OLD:
        with pytest.raises(BadSignature):
            alone.read({"stripe-signature": sign(BODY, secret=OLD)}, BODY)


def test_one_good_signature_among_several_suffices() -> None:
    good = sign(BODY)
    moment, _, digest = good.partition(",v1=")
    assert read(BODY, f"{moment},v1={'0' * 64},v1={digest},v0=abc").id == "evt_1"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "nonsense",
        "v1=abc",
        sign(BODY, secret="whsec_wrong"),
        sign(BODY).replace("v1=", "v0="),
        sign(BODY)[:-1],
        sign(BODY + b" "),
        sign(BODY, at=time.time() - 301),
        sign(BODY, at=time.time() + 86_400),
        f"t={'9' * 5000},v1=00",
        f"t={10**11},v1=00",
        "t=-1,v1=00",
        "t=1.5,v1=00",
        "t=١٢٣,v1=00",
        "x" * 100_000,
        "t=1,v1=\u2603",
    ],
    ids=lambda _: "header",  # some are of this moment
)
def test_what_is_not_signed_by_stripe_a_moment_ago_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        read(BODY, header)


def test_within_five_minutes_it_is_taken() -> None:
    assert read(BODY, sign(BODY, at=time.time() - 290)).id == "evt_1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        BODY[:-10],
        b"[]",
        b"null",
        b"7",
        b"{}",
        b'{"id":"e","type":"t"}',
        b'{"id":"e","type":"t","livemode":false,"data":7}',
        b'{"id":"e","type":"payment_intent.succeeded","livemode":false,"data":{"object":null}}',
        b"\xff\xfe",
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        read(body)


def test_a_charge_carries_our_intent_back() -> None:
    intent_id = new_id()
    thing = {"object": "payment_intent", "id": "pi_1", "metadata": {"intent_id": str(intent_id)}}
    found = read(event("payment_intent.payment_failed", thing))
    assert found == WebhookEvent("evt_1", "payment_intent.payment_failed", "charge", intent_id, "pi_1")


@pytest.mark.parametrize("metadata", [None, {}, 7, {"intent_id": "7"}, {"intent_id": 7}])
def test_what_it_carries_back_may_be_anything(metadata: Any) -> None:
    thing = {"object": "payment_intent", "id": "pi_1", "metadata": metadata}
    found = read(event("payment_intent.succeeded", thing))
    assert (found.about, found.intent_id, found.external_id) == ("charge", None, "pi_1")


PI = {"object": "payment_intent", "id": "pi_1"}
CHARGE = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}
REFUND = {"object": "refund", "id": "re_1", "payment_intent": "pi_1"}
DISPUTE = {"object": "dispute", "id": "dp_1", "payment_intent": "pi_1"}
METHOD = {"object": "payment_method", "id": "pm_1", "customer": "cus_1"}


@pytest.mark.parametrize(
    ("kind", "thing", "about", "external_id"),
    [
        *((f"payment_intent.{one}", PI, "charge", "pi_1") for one in (
            "succeeded", "payment_failed", "canceled", "processing", "requires_action",
            "amount_capturable_updated",
        )),
        *((f"charge.{one}", CHARGE, "charge", "pi_1") for one in (
            "succeeded", "failed", "captured", "expired", "pending", "updated",
        )),
        ("charge.refunded", CHARGE, "refunds", "pi_1"),
        *((one, REFUND, "refunds", "pi_1") for one in (
            "charge.refund.updated", "refund.created", "refund.updated", "refund.failed",
        )),
        *((f"charge.dispute.{one}", DISPUTE, "dispute", "dp_1") for one in (
            "created", "updated", "closed", "funds_withdrawn", "funds_reinstated",
        )),
        *((f"payment_method.{one}", METHOD, "methods", "cus_1") for one in (
            "attached", "updated", "automatically_updated",
        )),
        ("customer.deleted", {"object": "customer", "id": "cus_1"}, "methods", "cus_1"),
        ("invoice.paid", {"object": "invoice", "id": "in_1"}, None, None),
        ("payment_intent.something_new", PI, None, None),
    ],
)  # fmt: skip
def test_each_kind_says_what_to_ask_anew(
    kind: str, thing: dict[str, Any], about: str | None, external_id: str | None
) -> None:
    found = read(event(kind, thing))
    assert (found.kind, found.about, found.external_id) == (kind, about, external_id)


def test_a_refund_carries_our_intent_back_where_its_charge_does() -> None:
    intent_id = new_id()
    found = read(event("charge.refunded", CHARGE | {"metadata": {"intent_id": str(intent_id)}}))
    assert found == WebhookEvent("evt_1", "charge.refunded", "refunds", intent_id, "pi_1")


def test_a_detached_card_names_its_customer_of_before() -> None:
    data = {"object": METHOD | {"customer": None}, "previous_attributes": {"customer": "cus_1"}}
    found = read(event("payment_method.detached", METHOD, data=data))
    assert (found.about, found.external_id) == ("methods", "cus_1")


@pytest.mark.parametrize("livemode", [True, None, "false"])
def test_the_other_mode_is_none_of_ours(livemode: object) -> None:
    found = read(event("payment_intent.succeeded", PI, livemode=livemode))
    assert (found.about, found.external_id) == (None, None)
