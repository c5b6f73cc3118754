"""What follows from facts about orders and their payments."""

from collections.abc import Sequence
from datetime import datetime

from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.orders import service
from faded_skies.domains.orders.events import AmendmentMoved, EtaChanged, OrderDied, OrderMoved, OrderNoted
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.events import PaymentAnswered, RefundFound, RefundSettled
from faded_skies.domains.payments.ports import Gateways, RefundResult
from faded_skies.platform import clock
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of orders and payments."""
    return [*_story(ports), *_telling(ports), *_payments(ports)]


def _story(ports: Ports) -> Sequence[Subscription]:
    db, realtime = ports.db, ports.realtime

    async def push(event: OrderMoved | OrderNoted, told_at: datetime) -> None:
        # The time of the story's own line: whoever hears it twice, or reads the story too, knows it for one.
        told = {
            "orderId": event.order_id,
            "status": event.status,
            "message": event.message,
            "createdAt": told_at,
        }
        rooms = [f"user:{event.user_id}", *await service.list_rooms(db, event.order_id)]
        await realtime.tell("order-status", told, rooms=rooms)

    async def push_status(event: OrderMoved) -> None:
        told_at = await service.find_told_at(db, event.order_id, status=event.status, since=event.moved_at)
        if told_at is not None:
            await push(event, told_at)

    async def push_note(event: OrderNoted) -> None:
        await push(event, event.noted_at)

    return [
        Subscription("orders.push_status", OrderMoved, push_status, is_fleeting=True),
        Subscription("orders.push_note", OrderNoted, push_note, is_fleeting=True),
    ]


def _telling(ports: Ports) -> Sequence[Subscription]:
    db, realtime = ports.db, ports.realtime

    async def write_to_customer(event: OrderMoved) -> None:
        async with db.transaction() as tx:
            await notifications.notify_order_status(
                tx,
                user_id=event.user_id,
                order_id=event.order_id,
                order_number=event.order_number,
                status=event.status,
                message=event.message,
                purchase=await service.purchase_of(tx, event.order_id)
                if event.status == "confirmed"
                else None,
            )

    async def push_amendment(event: AmendmentMoved) -> None:
        await realtime.tell(
            "order-amendment",
            {
                "orderId": event.order_id,
                "amendmentId": event.amendment_id,
                "status": event.status,
                "createdAt": event.moved_at,
            },
            rooms=[f"user:{event.user_id}", *await service.list_rooms(db, event.order_id)],
        )

    async def write_of_amendment(event: AmendmentMoved) -> None:
        async with db.transaction() as tx:
            await notifications.notify_amendment(
                tx,
                user_id=event.user_id,
                order_id=event.order_id,
                order_number=event.order_number,
                amendment_id=event.amendment_id,
                status=event.status,
                reason=event.reason,
                total_before_cents=event.total_before_cents,
                total_after_cents=event.total_after_cents,
            )

    async def push_eta(event: EtaChanged) -> None:
        await service.tell_eta(
            realtime,
            order_id=event.order_id,
            eta_at=event.eta_at,
            source=event.source,
            rooms=[f"user:{event.user_id}", *await service.list_rooms(db, event.order_id)],
            now=clock.now(),
        )

    async def write_of_eta(event: EtaChanged) -> None:
        if event.eta_at <= clock.now():
            return  # the driver is at the door, or this comes too late to help
        async with db.transaction() as tx:
            await notifications.notify_eta(
                tx,
                user_id=event.user_id,
                order_id=event.order_id,
                order_number=event.order_number,
                eta_at=event.eta_at,
                reckoned_at=event.reckoned_at,
                now=clock.now(),
            )

    async def write_of_refund(event: RefundSettled) -> None:
        if event.order_id is not None and event.ok:
            async with db.transaction() as tx:
                await service.write_of_refund(
                    tx,
                    order_id=event.order_id,
                    refund_id=event.refund_id,
                    amount_cents=event.amount_cents,
                    in_cash=event.intent_id is None,
                )

    return [
        Subscription("orders.write_to_customer", OrderMoved, write_to_customer),
        Subscription("orders.push_eta", EtaChanged, push_eta, is_fleeting=True),
        Subscription("orders.write_of_eta", EtaChanged, write_of_eta),
        Subscription("orders.push_amendment", AmendmentMoved, push_amendment, is_fleeting=True),
        Subscription("orders.write_of_amendment", AmendmentMoved, write_of_amendment),
        Subscription("orders.write_of_refund", RefundSettled, write_of_refund),
    ]


def _payments(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    gateways: Gateways = ports.get(Gateways)

    async def settle(event: PaymentAnswered) -> None:
        async with db.transaction() as tx:
            await service.settle(tx, intent_id=event.intent_id, result=event.result())

    async def stop_charges(event: OrderDied) -> None:
        for intent_id, result in await payments.cancel_stoppable(db, gateways, order_id=event.order_id):
            async with db.transaction() as tx:
                await service.settle(tx, intent_id=intent_id, result=result)

    async def note_refund(event: RefundSettled) -> None:
        if event.order_id is not None:
            async with db.transaction() as tx:
                await service.note_refund(tx, order_id=event.order_id, refund_id=event.refund_id, ok=event.ok)

    async def book_found_refund(event: RefundFound) -> None:
        if event.order_id is None:
            return
        async with db.transaction() as tx:
            refund_id = await service.book_found_refund(
                tx,
                order_id=event.order_id,
                intent_id=event.intent_id,
                external_id=event.external_id,
                amount_cents=event.amount_cents,
            )
            result = RefundResult(event.external_id, event.status)
            await payments.settle_refund(tx, refund_id=refund_id, result=result)

    return [
        Subscription("orders.settle_payment", PaymentAnswered, settle),
        Subscription("orders.stop_charges", OrderDied, stop_charges),
        Subscription("orders.note_refund", RefundSettled, note_refund),
        Subscription("orders.book_found_refund", RefundFound, book_found_refund),
    ]
