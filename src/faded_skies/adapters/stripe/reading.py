"""Stripe's objects in our words. They come as plain dicts, from answers and from errors alike."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

from faded_skies.domains.payments.ports import (
    ChargeResult,
    ChargeStatus,
    DisputeState,
    DisputeStatus,
    GatewayRefund,
    MethodDetails,
    RefundResult,
    Wallet,
)

Told = Mapping[str, Any]

_CHARGES = {
    "requires_confirmation": ChargeStatus.REQUIRES_CONFIRMATION,
    "requires_action": ChargeStatus.REQUIRES_ACTION,
    "processing": ChargeStatus.PROCESSING,
    "requires_capture": ChargeStatus.AUTHORIZED,
    "succeeded": ChargeStatus.SUCCEEDED,
    "canceled": ChargeStatus.CANCELLED,
}
_DISPUTES: Mapping[str, DisputeStatus] = {
    "warning_needs_response": "warning",
    "warning_under_review": "warning",
    "warning_closed": "warning",
    "prevented": "warning",
    "needs_response": "needs_response",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
}
_NOT_AUTHENTICATED = "payment_intent_authentication_failure"
WALLETS = {"apple_pay", "google_pay"}


def charge_of(intent: Told) -> ChargeResult:
    """Return what a PaymentIntent says (docs.stripe.com/payments/paymentintents/lifecycle).

    `requires_payment_method` is both how one begins and how a declined one ends; its last error tells which.
    """
    status, code = _CHARGES.get(intent["status"]), None
    if status is None:
        problem = intent.get("last_payment_error")
        status = ChargeStatus.DECLINED if problem else ChargeStatus.REQUIRES_CONFIRMATION
        code = decline_code_of(problem) if problem else None
    return ChargeResult(intent["id"], status, intent.get("client_secret"), code, _fee_of(intent))


def decline_code_of(problem: Told) -> str:
    """Return why a bank said no: its own code where Stripe tells it."""
    code = str(problem.get("decline_code") or problem.get("code") or "generic_decline")
    return {"card_declined": "generic_decline", _NOT_AUTHENTICATED: "authentication_required"}.get(code, code)


def _fee_of(intent: Told) -> int | None:
    """Return what Stripe keeps in cents; None until the balance transaction is there and was asked for."""
    charge = intent.get("latest_charge")
    booked = charge.get("balance_transaction") if isinstance(charge, Mapping) else None
    fee = booked.get("fee") if isinstance(booked, Mapping) else None
    return fee if isinstance(fee, int) and fee >= 0 else None


def latest_charge_of(intent: Told) -> str:
    """Return the name of the last try to charge, "none" before the first."""
    charge = intent.get("latest_charge")
    return str((charge.get("id") if isinstance(charge, Mapping) else charge) or "none")


def method_of(method: Told) -> MethodDetails:
    """Return a card; it is good through the last day of its month."""
    card = method["card"]
    year, month = card["exp_year"], card["exp_month"]
    wallet = (card.get("wallet") or {}).get("type")
    return MethodDetails(
        method["id"],
        card["brand"],
        card["last4"],
        date(year, month, monthrange(year, month)[1]),
        cast("Wallet", wallet) if wallet in WALLETS else None,
    )


def refund_of(refund: Told) -> GatewayRefund:
    """Return a refund; a pending one may succeed or fail days later (docs.stripe.com/refunds)."""
    status = refund.get("status")
    if status in {"failed", "canceled"}:
        result = RefundResult(refund["id"], "failed", str(refund.get("failure_reason") or status))
    elif status == "succeeded":
        result = RefundResult(refund["id"], "succeeded")
    else:
        result = RefundResult(refund["id"], "processing")
    return GatewayRefund(_ours(refund, "refund_id"), refund["id"], refund["amount"], result)


def dispute_of(dispute: Told) -> DisputeState | None:
    """Return a dispute; None when it is not of a PaymentIntent, and so not of ours."""
    charge = _id_of(dispute.get("payment_intent"))
    if charge is None:
        return None
    moves = [move for move in dispute.get("balance_transactions") or () if isinstance(move, Mapping)]
    due = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeState(
        external_id=dispute["id"],
        charge_external_id=charge,
        amount_cents=dispute["amount"],
        fee_cents=sum(move["fee"] for move in moves if move.get("fee", 0) > 0),
        reason=str(dispute.get("reason") or "general"),
        status=_DISPUTES.get(dispute["status"], "under_review"),
        withdrawn=sum(move["amount"] for move in moves) < 0,
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
    )


def intent_id_of(thing: Told) -> UUID | None:
    """Return our intent's id as an object carries it back."""
    return _ours(thing, "intent_id")


def _ours(thing: Told, name: str) -> UUID | None:
    metadata = thing.get("metadata")
    value = metadata.get(name) if isinstance(metadata, Mapping) else None
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _id_of(thing: object) -> str | None:
    """Return the id of what Stripe gives either whole or by its id."""
    found = thing.get("id") if isinstance(thing, Mapping) else thing
    return found if isinstance(found, str) else None
