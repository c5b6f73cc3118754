"""Stripe's objects in our words."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.adapters.stripe.reading import charge_of, dispute_of, method_of, refund_of
from faded_skies.domains.payments.ports import ChargeStatus
from faded_skies.platform.ids import new_id
from peers.stripe_proxy import StripeProxy

DISPUTE: dict[str, Any] = {
    "id": "dp_1",
    "object": "dispute",
    "amount": 2450,
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "status": "needs_response",
    "evidence_details": {"due_by": 1_800_000_000},
    "balance_transactions": [{"amount": -2450, "fee": 1500, "net": -3950}],
}


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"status": "requires_confirmation"}, ChargeStatus.REQUIRES_CONFIRMATION, None),
        ({"status": "requires_payment_method"}, ChargeStatus.REQUIRES_CONFIRMATION, None),
        (
            {
                "status": "requires_payment_method",
                "last_payment_error": {"code": "card_declined", "decline_code": "lost_card"},
            },
            ChargeStatus.DECLINED,
            "lost_card",
        ),
        (
            {"status": "requires_payment_method", "last_payment_error": {"code": "card_declined"}},
            ChargeStatus.DECLINED,
            "generic_decline",
        ),
        ({"status": "requires_action"}, ChargeStatus.REQUIRES_ACTION, None),
        ({"status": "processing"}, ChargeStatus.PROCESSING, None),
        ({"status": "requires_capture"}, ChargeStatus.AUTHORIZED, None),
        ({"status": "succeeded", "latest_charge": "ch_1"}, ChargeStatus.SUCCEEDED, None),
        ({"status": "canceled"}, ChargeStatus.CANCELLED, None),
    ],
)
def test_each_state_of_a_payment(told: dict[str, Any], status: ChargeStatus, code: str | None) -> None:
    result = charge_of({"id": "pi_1", "client_secret": "s", **told})
    assert (result.external_id, result.client_secret) == ("pi_1", "s")
    assert (result.status, result.decline_code, result.fee_cents) == (status, code, None)


@pytest.mark.parametrize(
    ("booked", "fee"), [({"fee": 101}, 101), ({"fee": -1}, None), ({}, None), ("txn_1", None), (None, None)]
)
def test_the_fee_is_told_when_it_is_booked(booked: Any, fee: int | None) -> None:
    told = {"id": "pi_1", "status": "succeeded", "latest_charge": {"balance_transaction": booked}}
    assert charge_of(told).fee_cents == fee


def test_a_card_is_good_through_the_last_day_of_its_month() -> None:
    card = {"brand": "visa", "last4": "4242", "exp_month": 2, "exp_year": 2028, "wallet": {"type": "link"}}
    details = method_of({"id": "pm_1", "card": card})
    assert (details.expires_on, details.wallet) == (date(2028, 2, 29), None)


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("succeeded", "succeeded"),
        ("pending", "processing"),
        ("requires_action", "processing"),
        ("failed", "failed"),
        ("canceled", "failed"),
        (None, "processing"),
    ],
)
def test_each_state_of_a_refund(status: str | None, ours: str) -> None:
    refund_id = new_id()
    found = refund_of(
        {"id": "re_1", "amount": 5, "status": status, "metadata": {"refund_id": str(refund_id)}}
    )
    assert (found.refund_id, found.external_id, found.result.status) == (refund_id, "re_1", ours)


def test_a_dispute_with_its_money_and_fee() -> None:
    state = dispute_of(DISPUTE)
    assert state is not None
    assert (state.charge_external_id, state.amount_cents, state.fee_cents) == ("pi_1", 2450, 1500)
    assert (state.status, state.withdrawn) == ("needs_response", True)
    assert state.evidence_due_at == datetime.fromtimestamp(1_800_000_000, UTC)


def test_a_dispute_that_was_won_has_its_money_back() -> None:
    back = [*DISPUTE["balance_transactions"], {"amount": 2450, "fee": -1500}]
    state = dispute_of(DISPUTE | {"status": "won", "balance_transactions": back})
    assert state is not None
    assert (state.status, state.withdrawn, state.fee_cents) == ("won", False, 1500)


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed"])
def test_an_inquiry_is_a_warning_and_takes_nothing(status: str) -> None:
    state = dispute_of(DISPUTE | {"status": status, "balance_transactions": []})
    assert state is not None
    assert (state.status, state.withdrawn) == ("warning", False)


async def test_a_dispute_is_asked_for_by_its_name(gateway: StripeGateway, proxy: StripeProxy) -> None:
    proxy.disputes["dp_1"] = DISPUTE
    assert await gateway.find_dispute("dp_1") == dispute_of(DISPUTE)
    proxy.disputes["dp_2"] = DISPUTE | {"payment_intent": None}
    assert await gateway.find_dispute("dp_2") is None
