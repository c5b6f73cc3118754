"""At the door: the ID, the signature and the cash, and what follows from them; and orders that come back."""

from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from faded_skies.domains.cash import service as cash
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.errors import (
    DeliveredToday,
    OutsideDeliveryArea,
    OutsideDeliveryHours,
)
from faded_skies.domains.compliance.service import Asked, Decision, DoorFacts, RefusedAfterAsking, RuleBook
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import HandoverRefused, IdCheckFailed, SignatureRequired
from faded_skies.domains.delivery.events import StopDelivered, StopReturned
from faded_skies.domains.delivery.models.road import Handover
from faded_skies.domains.delivery.queries import road as queries
from faded_skies.domains.delivery.queries import trips
from faded_skies.domains.delivery.service.leaving import place_of
from faded_skies.domains.delivery.service.road import lock_on_the_road
from faded_skies.domains.delivery.service.trips import Leaving, close_stop
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.service import Customer
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Order
from faded_skies.domains.verification import service as verification
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.money import Cents

log = structlog.get_logger()

NO_SHOW = "nobody_there"
"""The code of a return that is only good after a wait."""

_OF_THE_ID = frozenset({"underage", "document_type", "document_expired", "another_person"})
_SITUATIONS: dict[str, type[Situation]] = {
    "signature": SignatureRequired,
    **{one.code: one for one in (DeliveredToday, OutsideDeliveryArea, OutsideDeliveryHours)},
}


async def hand_over(
    tx: Tx,
    *,
    actor: Actor,
    order_id: UUID,
    check: rules.IdCheck | str,
    signature: str | None,
    cash_received: Cents | None,
    leaving: Leaving,
) -> tuple[Order, Cents | None]:
    """Hand the order to the one who ordered it; returns it with the change, None when no cash was due.

    `check` is what the driver read by eye, or the text of the barcode. Raises OrderNotFound, NotOutForDelivery,
    LotNotSellable, NotALicence, UnreadableLicence, CashMissing, NoOpenDrawer, and RefusedAfterAsking with
    IdCheckFailed, SignatureRequired or what else the law says.
    """
    order = await lock_on_the_road(tx, actor, order_id)
    await inventory.check_may_hand_over(tx, order_id=order_id)
    customer = await identity.find_customer(tx, order.user_id)
    assert customer is not None  # noqa: S101 - an order has its customer
    book = leaving.law.of_town(leaving.now, order.delivery_address["city"])
    seen = _read(check, customer, book, leaving)
    trip_id = await trips.find_trip_of(tx, order_id, actor.id)
    facts = DoorFacts(
        now=leaving.now,
        document_type=seen.document_type,
        born_on=seen.date_of_birth,
        expires_on=seen.expires_on,
        name_matches=seen.name_matches,
        known_birth_date=customer.date_of_birth,
        signed=bool(signature),
        deliveries_to_address_today=await _delivered_today(tx, book, order, leaving),
        place=await place_of(tx, book, order),
    )
    decisions = compliance.judge_handover(book, facts, await compliance.acknowledged(tx, book))
    asked = Asked("handover", book, decisions, order.user_id, order_id=order_id, trip_id=trip_id)
    _check_law(asked, seen, driver_id=actor.id)
    await compliance.keep(tx, asked)
    due = order.amount_due_cents - order.paid_cents if order.tender == "cash" else 0
    change = rules.change_due(due, cash_received)
    if due:
        await cash.take(tx, driver_id=actor.id, order_id=order_id, amount_cents=due)
    await queries.insert_handover(
        tx,
        Handover(
            order_id=order_id,
            driver_id=actor.id,
            document_type=seen.document_type,
            document_expires_on=seen.expires_on,
            method=seen.method,
            signature=signature,
            cash_received_cents=cash_received,
        ),
    )
    await trips.log(
        tx,
        driver_id=actor.id,
        kind="id_checked",
        trip_id=trip_id,
        order_id=order_id,
        note=f"passed, {seen.method}",
    )
    delivered = await orders.complete(
        tx, order, actor_id=actor.id, cash_received_cents=cash_received if due else None
    )
    await close_stop(tx, order, outcome="delivered", leaving=leaving)
    tx.emit(StopDelivered(trip_id=trip_id, order_id=order_id, at=delivered.updated_at))
    return delivered, change


def _read(check: rules.IdCheck | str, customer: Customer, book: RuleBook, leaving: Leaving) -> rules.IdCheck:
    if isinstance(check, rules.IdCheck):
        return check
    card = verification.read_card(
        check, full_name=customer.full_name, today=compliance.business_day(book, leaving.now)
    )
    return rules.IdCheck(card.document_type, card.born_on, card.expires_on, card.name_matches, "barcode")


async def _delivered_today(tx: Tx, book: RuleBook, order: Order, leaving: Leaving) -> int:
    if not book.handover.deliveries_per_address_per_day:
        return 0
    since = compliance.day_start(book, leaving.now)
    return await orders.count_handed_over_at(tx, order.user_id, order.delivery_address, since=since)


def _check_law(asked: Asked, seen: rules.IdCheck, *, driver_id: UUID) -> None:
    against = asked.against
    if not against:
        return
    first = against[0]
    log.warning("handover_refused", order_id=asked.order_id, driver_id=driver_id, code=first.code)
    logged = partial(
        trips.log,
        driver_id=driver_id,
        kind="id_checked",
        trip_id=asked.trip_id,
        order_id=asked.order_id,
        note=f"refused ({first.code or first.rule}), {seen.method}",
    )
    raise RefusedAfterAsking(_situation(first, against), [asked], also=logged)


def _situation(first: Decision, against: list[Decision]) -> Situation:
    code = first.code or ""
    if code in _OF_THE_ID:
        return IdCheckFailed(code, first.reason)
    if code in _SITUATIONS:
        return _SITUATIONS[code](first.reason)
    return HandoverRefused(
        first.reason, reasons=[{"rule": one.rule, "reason": one.reason} for one in against]
    )


async def bring_back(
    tx: Tx,
    *,
    actor: Actor,
    order_id: UUID,
    reason: str,
    code: str | None,
    leaving: Leaving,
    no_show_after: timedelta,
) -> Order:
    """Take back an order that could not be handed over.

    Raises OrderNotFound, NotOutForDelivery; and for a customer who is not there NotArrived, and NoShowTooEarly before
    the driver has waited for `no_show_after`.
    """
    order = await lock_on_the_road(tx, actor, order_id)
    if code == NO_SHOW:
        rules.check_waited(await queries.find_arrival(tx, order_id), wait=no_show_after, now=leaving.now)
    returned = await orders.send_back(tx, order, actor_id=actor.id, reason=reason)
    trip_id = await close_stop(tx, order, outcome="returned", leaving=leaving, code=code, note=reason)
    tx.emit(StopReturned(trip_id=trip_id, order_id=order_id, code=code, at=returned.updated_at))
    return returned
