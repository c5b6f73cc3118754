"""Money on its way back."""

from uuid import UUID

from faded_skies.domains.payments import queries
from faded_skies.domains.payments.errors import (
    IntentNotFound,
    RefundTooLarge,
)
from faded_skies.domains.payments.events import RefundRequested, RefundSettled
from faded_skies.domains.payments.ports import (
    PaymentGateway,
    RefundResult,
)
from faded_skies.platform.db import Database, Tx


async def refund_order(
    tx: Tx, *, order_id: UUID, amount_cents: int, reason: str, requested_by: UUID | None
) -> UUID:
    """Give money of an order's card payment back. Raises IntentNotFound or RefundTooLarge."""
    intent_id = await queries.find_paid_intent_id(tx, order_id)
    if intent_id is None:
        raise IntentNotFound
    return await request_refund(
        tx, intent_id=intent_id, amount_cents=amount_cents, reason=reason, requested_by=requested_by
    )


async def request_refund(
    tx: Tx, *, intent_id: UUID, amount_cents: int, reason: str, requested_by: UUID | None
) -> UUID:
    """Ask for money back and return the refund's id; the gateway hears of it later. Raises RefundTooLarge."""
    reserved = await queries.reserve_refund(tx, intent_id, amount_cents)
    if reserved is None:
        raise RefundTooLarge
    refund_id = await queries.insert_refund(
        tx,
        intent_id=intent_id,
        order_id=reserved["order_id"],
        amount_cents=amount_cents,
        reason=reason,
        requested_by=requested_by,
    )
    tx.audit(
        "refund.requested",
        object_type="refund",
        object_id=refund_id,
        actor_id=requested_by,
        intentId=intent_id,
        amountCents=amount_cents,
        reason=reason,
    )
    tx.emit(RefundRequested(refund_id=refund_id))
    return refund_id


async def send_refund(db: Database, gateway: PaymentGateway, refund_id: UUID) -> RefundResult | None:
    """Tell the gateway of a refund; safe to repeat. None when it is settled. Raises GatewayUnavailable."""
    refund = await queries.find_refund(db, refund_id)
    if refund is None or refund.status != "pending":
        return None
    return await gateway.refund(refund.id, refund.intent_external_id, refund.amount_cents)


async def settle_refund(tx: Tx, *, refund_id: UUID, result: RefundResult) -> None:
    """Write down what became of a refund, once. A failed one can be asked for again."""
    refund = await queries.lock_refund(tx, refund_id)
    if refund is None or refund.status != "pending" or result.status == "processing":
        return
    ok = result.status == "succeeded"
    await queries.settle_refund(tx, refund_id, result.status, result.external_id)
    if not ok:
        await queries.unreserve_refund(tx, refund.intent_id, refund.amount_cents)
    tx.audit(
        f"refund.{result.status}",
        object_type="refund",
        object_id=refund_id,
        actor_id=None,
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
            ok=ok,
        )
    )
