"""Attempts to charge.

The intent's row is the truth. What the gateway says, by its answer, by a webhook or when asked later, only
moves the row, in any order and any number of times. Locks: the order's row first (its owner takes it), then
the intent's. Functions that take a gateway run outside of any transaction.
"""

from uuid import UUID

import structlog

from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import Account, Fact
from faded_skies.domains.payments import rules
from faded_skies.domains.payments.errors import (
    GatewayUnavailable,
    IntentNotFound,
    IntentNotUsable,
    PaymentUnderWay,
    TenderNotAllowed,
    UnknownPaymentMethod,
)
from faded_skies.domains.payments.events import ChargeUnwanted, PaymentAnswered
from faded_skies.domains.payments.models import Intent, PaymentMethod
from faded_skies.domains.payments.ports import (
    ChargeRequest,
    GatewayName,
    Gateways,
)
from faded_skies.domains.payments.queries import intents as queries
from faded_skies.domains.payments.rules import ABANDONED_AFTER, ChargeResult, ChargeStatus, IntentStatus
from faded_skies.domains.payments.service.customers import get_customer
from faded_skies.domains.payments.service.refunds import request_refund
from faded_skies.platform import clock, metrics
from faded_skies.platform.db import Database, Tx

log = structlog.get_logger()


async def open_intent(
    tx: Tx,
    *,
    user_id: UUID,
    order_id: UUID,
    method: PaymentMethod,
    amount_cents: int,
    captures_later: bool,
    amendment_id: UUID | None = None,
) -> Intent:
    """Begin an attempt to charge a card for an order; `charge` follows after the commit.

    `captures_later`: the money is only authorised now. `amendment_id`: the change of a paid order that it pays. Raises
    PaymentUnderWay when the order has an open attempt, TenderNotAllowed for cash and coins.
    """
    if method.provider == "shop":
        raise TenderNotAllowed
    intent = await queries.insert_intent(
        tx,
        user_id=user_id,
        order_id=order_id,
        method_id=method.id,
        gateway=method.provider,
        amount_cents=amount_cents,
        status=IntentStatus.PROCESSING,
        expires_in=None,
        captures_later=captures_later,
        amendment_id=amendment_id,
    )
    if intent is None:
        raise PaymentUnderWay
    return intent


async def open_unadopted(
    tx: Tx,
    *,
    user_id: UUID,
    method: PaymentMethod | None,
    gateway: GatewayName,
    amount_cents: int,
    captures_later: bool,
) -> Intent:
    """Begin an attempt for an order to adopt within 15 minutes. Raises TenderNotAllowed."""
    if method is not None and method.provider != gateway:
        raise TenderNotAllowed(
            "Cash and coins are chosen with the order itself; only cards are prepared beforehand."
        )
    intent = await queries.insert_intent(
        tx,
        user_id=user_id,
        order_id=None,
        method_id=method.id if method else None,
        gateway=gateway,
        amount_cents=amount_cents,
        status=IntentStatus.CREATED,
        expires_in=ABANDONED_AFTER,
        captures_later=captures_later,
    )
    assert intent is not None  # noqa: S101 - only an order's open intent stands in the way
    return intent


async def adopt_intent(
    tx: Tx, *, user_id: UUID, intent_ref: str, order_id: UUID, amount_cents: int
) -> Intent:
    """Let an order take over an intent made beforehand, named by our id or by the gateway's.

    One that has succeeded already is the order's payment. Raises IntentNotFound for a stranger's,
    IntentNotUsable when it belongs to another order, asks another amount or has ended, PaymentUnderWay.
    """
    intent = await queries.lock_intent_of(tx, user_id, intent_id=_uuid(intent_ref), external_id=intent_ref)
    if intent is None:
        raise IntentNotFound
    if intent.order_id == order_id:
        return intent
    if intent.order_id is not None:
        raise IntentNotUsable("This payment belongs to another order. Begin a new payment for this one.")
    if intent.amount_cents != amount_cents:
        raise IntentNotUsable(
            "This payment was prepared for another amount than the order's. Begin a new payment.",
            amountDue=amount_cents / 100,
        )
    if intent.status is IntentStatus.CREATED:
        raise IntentNotUsable("This payment is still being prepared. Try again in a moment.")
    too_late = intent.expires_at is not None and intent.expires_at <= clock.now()
    if too_late or not (intent.status.is_open or intent.status is IntentStatus.SUCCEEDED):
        raise IntentNotUsable("This payment has ended without being used. Begin a new payment.")
    if intent.status.is_open and await queries.has_open_intent(tx, order_id):
        raise PaymentUnderWay
    adopted = await queries.adopt_intent(tx, intent.id, order_id)
    if adopted.status is IntentStatus.SUCCEEDED:
        await ledger.post(
            tx,
            Fact.APPLY,
            intent.id,
            debit=Account.UNAPPLIED,
            credit=Account.DEPOSITS,
            amount_cents=intent.amount_cents,
            order_id=order_id,
        )
    return adopted


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def charge(db: Database, gateways: Gateways, intent: Intent, method: PaymentMethod) -> ChargeResult:
    """Ask the gateway for the money of an open intent; safe to repeat.

    No answer means `processing`: what happened is unknown, and the sweep asks later. Call it outside of any
    transaction and bring the result home by `apply_result`.
    """
    token = method.external_id
    if token is None:
        raise TenderNotAllowed
    if intent.status.has_money:
        return ChargeResult(intent.external_id, ChargeStatus.SUCCEEDED)
    try:
        gateway = gateways.named(intent.gateway)
        if intent.external_id is not None:
            return await gateway.confirm(intent.external_id, token)
        customer = intent.customer or await get_customer(db, gateway, intent.user_id)
        return await gateway.charge(
            ChargeRequest(
                intent.id, customer, intent.amount_cents, token, captures_later=intent.captures_later
            )
        )
    except UnknownPaymentMethod:
        return ChargeResult(intent.external_id, ChargeStatus.DECLINED, None, "payment_method_unknown")
    except GatewayUnavailable:
        log.warning("charge_unanswered", intent_id=str(intent.id))
        return ChargeResult(None, ChargeStatus.PROCESSING)


async def ask(gateways: Gateways, intent: Intent) -> ChargeResult:
    """Return what the gateway says of an intent now; `processing` when it never heard of it.

    Raises GatewayUnavailable. An intent unknown for 15 minutes never will be known: it counts as cancelled.
    """
    gateway = gateways.named(intent.gateway)
    result = await gateway.retrieve(intent.id, customer=intent.customer, external_id=intent.external_id)
    if result is not None:
        return result
    given_up = intent.created_at < clock.now() - ABANDONED_AFTER
    return ChargeResult(None, ChargeStatus.CANCELLED if given_up else ChargeStatus.PROCESSING)


async def confirm(gateways: Gateways, intent: Intent, method: PaymentMethod) -> ChargeResult:
    """Finish a charge that the customer has authenticated, where the gateway leaves that to us.

    Any other one answers its state. Raises GatewayUnavailable.
    """
    result = await ask(gateways, intent)
    waits = result.status is ChargeStatus.REQUIRES_CONFIRMATION
    if not waits or result.external_id is None or method.external_id is None:
        return result
    return await gateways.named(intent.gateway).confirm(result.external_id, method.external_id)


async def capture(gateways: Gateways, intent: Intent) -> ChargeResult:
    """Take the money that an intent has authorised; one that was taken or released answers so.

    Raises GatewayUnavailable.
    """
    if intent.external_id is None:
        return await ask(gateways, intent)
    return await gateways.named(intent.gateway).capture(intent.external_id)


async def cancel(gateways: Gateways, intent: Intent) -> ChargeResult:
    """End an intent at the gateway; answers `succeeded` when it was too late. Raises GatewayUnavailable."""
    gateway = gateways.named(intent.gateway)
    if intent.external_id is not None:
        return await gateway.cancel(intent.external_id)
    known = await ask(gateways, intent)
    return known if known.external_id is None else await gateway.cancel(known.external_id)


async def cancel_stoppable(
    db: Database, gateways: Gateways, *, order_id: UUID
) -> list[tuple[UUID, ChargeResult]]:
    """End what may still take money for a dead order; the caller settles each result. Raises GatewayUnavailable."""
    return [
        (intent.id, await cancel(gateways, intent))
        for intent in await queries.list_stoppable_intents(db, order_id)
    ]


async def let_go(tx: Tx, *, order_id: UUID) -> None:
    """Have the attempt under way ended, because its order wants no money any more."""
    intent = await find_open_intent(tx, order_id)
    if intent is not None:
        tx.emit(ChargeUnwanted(intent_id=intent.id))


async def find_open_intent(source: Database | Tx, order_id: UUID) -> Intent | None:
    """Return the attempt under way for an order; there is at most one."""
    found = await queries.list_open_intents(source, order_id)
    return found[0] if found else None


async def find_decline_code(source: Database | Tx, order_id: UUID) -> str | None:
    """Return why the last attempt for an order failed, or None."""
    return await queries.find_decline_code(source, order_id)


async def find_intent(tx: Tx, intent_id: UUID) -> Intent | None:
    """Return an intent, so that its order's row can be locked first."""
    return await queries.find_intent(tx, intent_id)


async def get_intent(source: Database | Tx, intent_id: UUID) -> Intent:
    """Return an intent. Raises IntentNotFound."""
    intent = await queries.find_intent(source, intent_id)
    if intent is None:
        raise IntentNotFound
    return intent


async def apply_result(tx: Tx, *, intent_id: UUID, result: ChargeResult, wanted: bool) -> Intent:
    """Move an intent by what the gateway said; late, repeated and reordered answers are harmless.

    The caller holds the lock of the intent's order. `wanted` tells whether the order still waits for the
    money: a success that is not wanted becomes surplus and is given back by itself. Raises IntentNotFound.
    """
    intent = await queries.lock_intent(tx, intent_id)
    if intent is None:
        raise IntentNotFound
    moved = rules.next_status(
        intent.status, result.status, wanted=wanted, adopted=intent.order_id is not None
    )
    if result.status is ChargeStatus.AUTHORIZED and not wanted and not intent.status.has_money:
        tx.emit(ChargeUnwanted(intent_id=intent.id))
    if moved is intent.status and not _tells_more(intent, result):
        if intent.status.is_open:
            await queries.touch_intent(tx, intent.id)
        return intent
    settled = await queries.settle_intent(tx, intent.id, moved, result)
    await _post(tx, intent, settled)
    if moved is intent.status:
        return settled
    tx.count(metrics.PAYMENTS, intent.gateway, moved)
    tx.audit(
        f"payment.{moved}",
        object_type="payment_intent",
        object_id=intent.id,
        actor_id=None,
        orderId=intent.order_id,
        amountCents=intent.amount_cents,
        before=intent.status,
    )
    if moved is IntentStatus.SURPLUS:
        left = settled.amount_cents - settled.refunded_cents
        await request_refund(
            tx,
            intent_id=intent.id,
            amount_cents=left,
            debits=[(Account.UNAPPLIED, left)],
            reason="The order no longer needed it.",
            requested_by=None,
        )
    return settled


def _tells_more(intent: Intent, result: ChargeResult) -> bool:
    learns_name = intent.external_id is None and result.external_id is not None
    return learns_name or (intent.fee_cents is None and result.fee_cents is not None)


async def _post(tx: Tx, before: Intent, after: Intent) -> None:
    """Write into the books that money came, and what the gateway keeps of it."""
    if after.status.has_money and not before.status.has_money:
        is_for_order = after.status is IntentStatus.SUCCEEDED and after.order_id is not None
        await ledger.post(
            tx,
            Fact.CHARGE,
            after.id,
            debit=Account.GATEWAY,
            credit=Account.DEPOSITS if is_for_order else Account.UNAPPLIED,
            amount_cents=after.amount_cents,
            order_id=after.order_id,
        )
    if after.fee_cents and after.status.has_money and not (before.fee_cents and before.status.has_money):
        await ledger.post(
            tx,
            Fact.PROCESSING_FEE,
            after.id,
            debit=Account.PROCESSING_FEES,
            credit=Account.GATEWAY,
            amount_cents=after.fee_cents,
            order_id=after.order_id,
        )


async def answer(tx: Tx, *, intent_id: UUID, result: ChargeResult, wanted: bool = True) -> None:
    """Pass on what the gateway said by PaymentAnswered, or settle it here when there is no order.

    `wanted` is False for an intent that no order adopted in time.
    """
    intent = await queries.lock_intent(tx, intent_id)
    if intent is None:
        return
    if intent.order_id is None:
        await apply_result(tx, intent_id=intent_id, result=result, wanted=wanted)
        return
    if intent.status.is_open:
        await queries.touch_intent(tx, intent_id)
    tx.emit(
        PaymentAnswered(
            intent_id=intent_id,
            order_id=intent.order_id,
            external_id=result.external_id,
            status=result.status,
            client_secret=result.client_secret,
            decline_code=result.decline_code,
            fee_cents=result.fee_cents,
        )
    )
