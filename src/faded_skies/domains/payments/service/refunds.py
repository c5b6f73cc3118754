"""Money on its way back.

A refund is asked for in the transaction that needs it, told to the gateway afterwards, and settled by what the gateway
says, at once or days later. What it takes from the books is given by who asks (`debits`): the order knows whether it
was a deposit still, or a sale already.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import Account, Fact
from faded_skies.domains.payments.errors import (
    IntentNotFound,
    RefundTooLarge,
)
from faded_skies.domains.payments.events import RefundRequested, RefundSettled
from faded_skies.domains.payments.models import Refund
from faded_skies.domains.payments.ports import Gateways, RefundResult
from faded_skies.domains.payments.queries import intents
from faded_skies.domains.payments.queries import refunds as queries
from faded_skies.platform import metrics
from faded_skies.platform.db import Database, Tx

log = structlog.get_logger()

Debits = Sequence[tuple[Account, int]]
Lines = Sequence[dict[str, object]]


async def refund_order(
    tx: Tx,
    *,
    order_id: UUID,
    amount_cents: int,
    debits: Debits,
    reason: str,
    requested_by: UUID | None,
    lines: Lines = (),
) -> None:
    """Give money of an order's card payments back, the latest first. Raises IntentNotFound or RefundTooLarge."""
    paid = await intents.list_paid_intents(tx, order_id)
    if not paid:
        raise IntentNotFound
    if amount_cents > sum(left for _, left in paid):
        raise RefundTooLarge
    for intent_id, left in paid:
        part = min(left, amount_cents)
        if part == 0:
            continue
        now, debits = ledger.part(debits, part)
        await request_refund(
            tx,
            intent_id=intent_id,
            amount_cents=part,
            debits=now,
            reason=reason,
            requested_by=requested_by,
            lines=lines,
        )
        amount_cents -= part
        # The units go back with the first part, once.
        lines = ()


async def request_refund(
    tx: Tx,
    *,
    intent_id: UUID,
    amount_cents: int,
    debits: Debits,
    reason: str,
    requested_by: UUID | None,
    external_id: str | None = None,
    lines: Lines = (),
) -> UUID:
    """Ask for money back and return the refund's id; the gateway hears of it later. Raises RefundTooLarge.

    One that the gateway has made already comes with its `external_id`, and is not asked for.
    """
    reserved = await queries.reserve_refund(tx, intent_id, amount_cents)
    if reserved is None:
        raise RefundTooLarge
    refund_id = await _write(
        tx,
        intent_id=intent_id,
        order_id=reserved["order_id"],
        amount_cents=amount_cents,
        debits=debits,
        reason=reason,
        requested_by=requested_by,
        external_id=external_id,
        lines=lines,
    )
    if external_id is None:
        tx.emit(RefundRequested(refund_id=refund_id))
    return refund_id


async def refund_cash(
    tx: Tx,
    *,
    order_id: UUID,
    amount_cents: int,
    debits: Debits,
    reason: str,
    requested_by: UUID,
    lines: Lines = (),
) -> UUID:
    """Write down cash that staff hands back out of the safe; it is settled by that."""
    refund_id = await _write(
        tx,
        intent_id=None,
        order_id=order_id,
        amount_cents=amount_cents,
        debits=debits,
        reason=reason,
        requested_by=requested_by,
        external_id=None,
        lines=lines,
    )
    await settle_refund(tx, refund_id=refund_id, result=RefundResult(None, "succeeded"))
    return refund_id


async def _write(
    tx: Tx,
    *,
    intent_id: UUID | None,
    order_id: UUID | None,
    amount_cents: int,
    debits: Debits,
    reason: str,
    requested_by: UUID | None,
    external_id: str | None,
    lines: Lines,
) -> UUID:
    refund_id = await queries.insert_refund(
        tx,
        intent_id=intent_id,
        order_id=order_id,
        amount_cents=amount_cents,
        reason=reason,
        requested_by=requested_by,
        external_id=external_id,
        lines=lines,
    )
    tx.count(metrics.REFUNDS, _way(intent_id), "requested")
    await ledger.post_entry(
        tx,
        Fact.REFUND_REQUESTED,
        refund_id,
        debits=debits,
        credits=[(Account.REFUNDS_PAYABLE, amount_cents)],
        order_id=order_id,
    )
    tx.audit(
        "refund.requested",
        object_type="refund",
        object_id=refund_id,
        actor_id=requested_by,
        orderId=order_id,
        intentId=intent_id,
        amountCents=amount_cents,
        reason=reason,
    )
    return refund_id


async def find_refund_id(source: Database | Tx, external_id: str) -> UUID | None:
    """Return our id of the refund that the gateway calls by this name."""
    return await queries.find_refund_id(source, external_id)


async def send_refund(db: Database, gateways: Gateways, refund_id: UUID) -> RefundResult | None:
    """Tell the gateway of a refund; safe to repeat. None when it is settled. Raises GatewayUnavailable."""
    refund = await queries.find_refund(db, refund_id)
    if refund is None or refund.status != "pending" or not refund.gateway or not refund.intent_external_id:
        return None
    gateway = gateways.named(refund.gateway)
    return await gateway.refund(refund.id, refund.intent_external_id, refund.amount_cents)


async def settle_refund(tx: Tx, *, refund_id: UUID, result: RefundResult) -> None:
    """Write down what became of a refund; the same said again changes nothing.

    A failed one can be asked for again, also one that had succeeded and came back days later.
    """
    refund = await queries.lock_refund(tx, refund_id)
    if refund is None or not _moves(refund, result):
        return
    await queries.settle_refund(tx, refund_id, result.status, result.external_id)
    tx.count(metrics.REFUNDS, _way(refund.intent_id), result.status)
    if result.status == "succeeded":
        await _post_payout(tx, refund, Fact.REFUND_PAID)
    else:
        await _drop(tx, refund)
    tx.audit(
        f"refund.{result.status}",
        object_type="refund",
        object_id=refund_id,
        actor_id=None,
        orderId=refund.order_id,
        intentId=refund.intent_id,
        amountCents=refund.amount_cents,
        reason=result.reason,
    )
    tx.emit(
        RefundSettled(
            refund_id=refund_id,
            intent_id=refund.intent_id,
            order_id=refund.order_id,
            amount_cents=refund.amount_cents,
            ok=result.status == "succeeded",
        )
    )


def _way(intent_id: UUID | None) -> str:
    return "cash" if intent_id is None else "gateway"


def _moves(refund: Refund, result: RefundResult) -> bool:
    if refund.status == "pending":
        return result.status != "processing"
    return refund.status == "succeeded" and result.status == "failed"


async def _drop(tx: Tx, refund: Refund) -> None:
    if refund.status == "succeeded":
        await _post_payout(tx, refund, Fact.REFUND_BOUNCED)
    await ledger.reverse(tx, Fact.REFUND_REQUESTED, refund.id, by=Fact.REFUND_DROPPED)
    if refund.intent_id is not None:
        await queries.unreserve_refund(tx, refund.intent_id, refund.amount_cents)
    log.error("refund_failed", refund_id=str(refund.id), order_id=str(refund.order_id))


async def _post_payout(tx: Tx, refund: Refund, fact: Fact) -> None:
    from_where = Account.GATEWAY if refund.intent_id is not None else Account.SAFE
    sides = (Account.REFUNDS_PAYABLE, from_where)
    debit, credit = sides if fact is Fact.REFUND_PAID else sides[::-1]
    await ledger.post(
        tx,
        fact,
        refund.id,
        debit=debit,
        credit=credit,
        amount_cents=refund.amount_cents,
        order_id=refund.order_id,
    )
