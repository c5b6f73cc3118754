"""What follows from facts about payments, and from what the gateway delivers."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.payments import service
from faded_skies.domains.payments.events import MethodRemoved, RefundRequested
from faded_skies.domains.payments.ports import PaymentGateway
from faded_skies.platform import inbox
from faded_skies.platform.events import Subscription
from faded_skies.platform.inbox import WebhookReceived
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of refunds, removed methods and deliveries."""
    db = ports.db
    gateway: PaymentGateway = ports.get(PaymentGateway)

    async def refund(event: RefundRequested) -> None:
        result = await service.send_refund(db, gateway, event.refund_id)
        if result is not None:
            async with db.transaction() as tx:
                await service.settle_refund(tx, refund_id=event.refund_id, result=result)

    async def detach(event: MethodRemoved) -> None:
        await gateway.detach(event.external_id)

    async def work_delivery(event: WebhookReceived) -> None:
        # A delivery only says that something happened; what is true now is asked, so order is no matter.
        if event.source != gateway.name:
            return
        async with db.transaction() as tx:
            row = await inbox.lock(tx, event.webhook_id)
        if row is None:
            return
        named = row["payload"]["intentId"]
        intent_id = UUID(named) if named else None
        result = await gateway.retrieve(intent_id, None) if intent_id else None
        async with db.transaction() as tx:
            if await inbox.lock(tx, event.webhook_id) is None:
                return
            if intent_id is not None and result is not None:
                await service.answer(tx, intent_id=intent_id, result=result)
            await inbox.mark_handled(tx, event.webhook_id)

    return [
        Subscription("payments.refund", RefundRequested, refund),
        Subscription("payments.detach", MethodRemoved, detach),
        Subscription("payments.work_delivery", WebhookReceived, work_delivery),
    ]
