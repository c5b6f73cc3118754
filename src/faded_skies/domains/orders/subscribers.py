"""What follows from facts about orders and their payments."""

from collections.abc import Sequence

from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.orders import service
from faded_skies.domains.orders.events import OrderDied, OrderMoved
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.events import PaymentAnswered, RefundSettled
from faded_skies.domains.payments.ports import PaymentGateway
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of orders and payments."""
    db, realtime = ports.db, ports.realtime
    gateway: PaymentGateway = ports.get(PaymentGateway)

    async def push_status(event: OrderMoved) -> None:
        await realtime.tell(
            "order-status",
            {
                "orderId": event.order_id,
                "status": event.status,
                "message": event.message,
                "createdAt": event.moved_at,
            },
            rooms=[f"user:{event.user_id}", f"order:{event.order_id}"],
        )

    async def write_to_customer(event: OrderMoved) -> None:
        async with db.transaction() as tx:
            await notifications.notify_order_status(
                tx,
                user_id=event.user_id,
                order_id=event.order_id,
                order_number=event.order_number,
                status=event.status,
                message=event.message,
            )

    async def settle(event: PaymentAnswered) -> None:
        async with db.transaction() as tx:
            await service.settle(tx, intent_id=event.intent_id, result=event.result())

    async def stop_charges(event: OrderDied) -> None:
        for intent_id, result in await payments.cancel_open(db, gateway, order_id=event.order_id):
            async with db.transaction() as tx:
                await service.settle(tx, intent_id=intent_id, result=result)

    async def note_refund(event: RefundSettled) -> None:
        if event.order_id is not None:
            async with db.transaction() as tx:
                await service.note_refunds(tx, event.order_id)

    return [
        Subscription("orders.push_status", OrderMoved, push_status),
        Subscription("orders.write_to_customer", OrderMoved, write_to_customer),
        Subscription("orders.settle_payment", PaymentAnswered, settle),
        Subscription("orders.stop_charges", OrderDied, stop_charges),
        Subscription("orders.note_refund", RefundSettled, note_refund),
    ]
