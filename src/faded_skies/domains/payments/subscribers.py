"""What follows from facts about payments, and from what a gateway delivers."""

from collections.abc import Sequence

from faded_skies.domains.ledger.service import Account
from faded_skies.domains.payments import service
from faded_skies.domains.payments.events import (
    ChargeUnwanted,
    CustomerLeft,
    MethodRemoved,
    PrimaryChanged,
    RefundFound,
    RefundRequested,
)
from faded_skies.domains.payments.ports import Gateways, RefundResult
from faded_skies.platform import inbox
from faded_skies.platform.events import Subscription
from faded_skies.platform.inbox import WebhookReceived
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of charges, refunds, kept methods and deliveries."""
    return [*_money(ports), *_methods(ports), _deliveries(ports)]


def _money(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    gateways: Gateways = ports.get(Gateways)

    async def refund(event: RefundRequested) -> None:
        result = await service.send_refund(db, gateways, event.refund_id)
        if result is not None:
            async with db.transaction() as tx:
                await service.settle_refund(tx, refund_id=event.refund_id, result=result)

    async def release(event: ChargeUnwanted) -> None:
        intent = await service.get_intent(db, event.intent_id)
        result = await service.cancel(gateways, intent)
        async with db.transaction() as tx:
            await service.answer(tx, intent_id=intent.id, result=result, wanted=False)

    async def book_found_refund(event: RefundFound) -> None:
        if event.order_id is not None:
            return  # the order's to say what it takes from the books (orders.book_found_refund)
        async with db.transaction() as tx:
            refund_id = await service.find_refund_id(tx, event.external_id)
            if refund_id is None:
                refund_id = await service.request_refund(
                    tx,
                    intent_id=event.intent_id,
                    amount_cents=event.amount_cents,
                    debits=[(Account.UNAPPLIED, event.amount_cents)],
                    reason="Made at the payment provider.",
                    requested_by=None,
                    external_id=event.external_id,
                )
            result = RefundResult(event.external_id, event.status)
            await service.settle_refund(tx, refund_id=refund_id, result=result)

    return [
        Subscription("payments.refund", RefundRequested, refund),
        Subscription("payments.release", ChargeUnwanted, release),
        Subscription("payments.book_found_refund", RefundFound, book_found_refund),
    ]


def _methods(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    gateways: Gateways = ports.get(Gateways)

    async def detach(event: MethodRemoved) -> None:
        await gateways.named(event.gateway).detach(event.external_id)

    async def tell_default(event: PrimaryChanged) -> None:
        for gateway in gateways.connected:
            await service.tell_default(db, gateway, event.user_id)

    async def forget(event: CustomerLeft) -> None:
        await gateways.named(event.gateway).forget_customer(event.external_id)

    return [
        Subscription("payments.detach", MethodRemoved, detach),
        Subscription("payments.tell_default", PrimaryChanged, tell_default),
        Subscription("payments.forget_customer", CustomerLeft, forget),
    ]


def _deliveries(ports: Ports) -> Subscription:
    db = ports.db
    gateways: Gateways = ports.get(Gateways)

    async def work_delivery(event: WebhookReceived) -> None:
        gateway = gateways.find(event.source)
        if gateway is None:
            return
        async with db.transaction() as tx:
            row = await inbox.lock(tx, event.webhook_id)
        if row is None:
            return
        bring_home = await service.ask_about(db, gateway, row["payload"])
        async with db.transaction() as tx:
            if await inbox.lock(tx, event.webhook_id) is None:
                return
            if bring_home is not None:
                await bring_home(tx)
            await inbox.mark_handled(tx, event.webhook_id)

    return Subscription("payments.work_delivery", WebhookReceived, work_delivery)
