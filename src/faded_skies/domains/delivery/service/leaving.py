"""Departures: the whole load judged at the shop's door, moved, and its manifest frozen (docs/adr/0022)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import (
    Asked,
    Place,
    RefusedAfterAsking,
    RuleBook,
    TripFacts,
)
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import (
    DepartureRefused,
    NotPaid,
    NotReadyToDepart,
    TripChanged,
    TripOver,
    TripPlanned,
)
from faded_skies.domains.delivery.events import TripDeparted, TripLoaded
from faded_skies.domains.delivery.models.trips import Trip, TripStop
from faded_skies.domains.delivery.queries import fleet
from faded_skies.domains.delivery.queries import trips as queries
from faded_skies.domains.delivery.service import answers, manifests
from faded_skies.domains.delivery.service.fleet import as_law_asks, get_driver_papers
from faded_skies.domains.delivery.service.manifests import Draft, Load
from faded_skies.domains.delivery.service.trips import Leaving, finish, get_trip
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Order, Status
from faded_skies.domains.places import service as places
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx


async def depart(tx: Tx, *, actor: Actor, trip_id: UUID, leaving: Leaving) -> tuple[Trip, list[TripStop]]:
    """Let the planned trip leave, if the law allows it; one that left already stays as it is.

    Raises TripNotFound, NotReadyToDepart for orders that were cancelled, moved to another driver or are not paid,
    TripChanged, TripOver, and RefusedAfterAsking.
    """
    _, stops = await get_trip(tx, trip_id, driver_id=actor.id)
    ids = [stop.order_id for stop in stops]
    held = {order_id: await orders.lock_order(tx, order_id) for order_id in sorted(ids)}
    trip = await queries.lock_trip(tx, trip_id)
    if trip.departed_at is not None:
        return await get_trip(tx, trip_id, driver_id=actor.id)
    if trip.ended_at is not None:
        raise TripOver
    if await queries.list_stop_ids(tx, trip_id) != ids:
        raise TripChanged
    await _check_goods(tx, [held[order_id] for order_id in ids], driver_id=actor.id)
    await _leave(tx, trip, [held[order_id] for order_id in ids], leaving)
    return await get_trip(tx, trip_id, driver_id=actor.id)


async def _check_goods(tx: Tx, goods: Sequence[Order], *, driver_id: UUID) -> None:
    items = await orders.list_items(tx, [order.id for order in goods])
    reasons = []
    for order in goods:
        if order.driver_id != driver_id:
            reasons.append(("order", f"Order {order.order_number} was given to another driver."))
        elif order.status is not Status.PREPARING:
            word = order.status.value.replace("_", " ")
            reasons.append(("order", f"Order {order.order_number} is {word}."))
        elif order.awaits_money:
            reasons.append(
                ("payment", f"Order {order.order_number} is not paid: the bank did not pay for it.")
            )
        elif await inventory.missing_units(
            tx, order_id=order.id, wanted={item.product_id: item.quantity for item in items[order.id]}
        ):
            reasons.append(("packing", f"Order {order.order_number} is not packed: tags are missing."))
    if reasons:
        raise NotReadyToDepart(
            f"{reasons[0][1]} Take what cannot go out of the vehicle and plan the trip anew without it.",
            reasons=[{"rule": rule, "reason": reason} for rule, reason in reasons],
        )


async def pick_up(tx: Tx, *, actor: Actor, order_id: UUID, leaving: Leaving) -> Order:
    """Take one order on the road: with the trip that the driver is on, or by a trip of its own.

    Raises OrderNotFound, IllegalMove, NotPaid while its money is not taken, TripPlanned, and RefusedAfterAsking.
    """
    order, trip = await _load(tx, actor=actor, order_id=order_id, now=leaving.now)
    if trip.departed_at is not None:
        await queries.add_stops(tx, trip.id, [order_id])
    await _leave(tx, trip, [order], leaving)
    return await orders.lock_order(tx, order_id)


async def prepare_pick_up(tx: Tx, *, actor: Actor, order_id: UUID, now: datetime) -> UUID | None:
    """Plan the trip by which `pick_up` will leave, or name the one it will join, for those who must know of it first.

    None where the order cannot leave: `pick_up` says what then. Raises what it raises.
    """
    order = await orders.lock_order_for(tx, actor, order_id)
    if order.status is not Status.PREPARING:
        return None
    _, trip = await _load(tx, actor=actor, order_id=order_id, now=now)
    return trip.id


async def _load(tx: Tx, *, actor: Actor, order_id: UUID, now: datetime) -> tuple[Order, Trip]:
    """Return the order with the trip that the driver is on, or one of its own, in place of one that did not leave.

    It is on its own trip then; onto the one that left it comes with `pick_up`, once nothing is in the way.
    """
    order = await orders.lock_order_for(tx, actor, order_id)
    if order.status is Status.PREPARING and order.awaits_money:
        raise NotPaid
    orders.check_may_depart(order)
    await answers.take(tx, [order_id], driver_id=actor.id)
    trip, is_new = await queries.open_trip(tx, driver_id=actor.id, people=1, ends_itself=True)
    if trip.ends_itself and trip.departed_at is not None:
        await queries.catch_up(tx, trip)
        if await queries.count_open_stops(tx, trip.id) == 0:
            await finish(tx, trip, now)
            trip, is_new = await queries.open_trip(tx, driver_id=actor.id, people=1, ends_itself=True)
    if trip.departed_at is None and not is_new and await queries.list_stop_ids(tx, trip.id) != [order_id]:
        if not trip.ends_itself:
            raise TripPlanned
        await finish(tx, trip, now)
        trip, is_new = await queries.open_trip(tx, driver_id=actor.id, people=1, ends_itself=True)
    if is_new:
        await queries.add_stops(tx, trip.id, [order_id])
    return order, trip


async def _leave(tx: Tx, trip: Trip, goods: Sequence[Order], leaving: Leaving) -> None:
    """Judge the whole load with what leaves now, move it, and freeze the manifest. The caller holds all of it."""
    leaves = {order.id for order in goods}
    driver = await get_driver_papers(tx, trip.driver_id)
    vehicle_id = trip.vehicle_id or await fleet.find_vehicle_of_shift(tx, trip.driver_id)
    vehicle = None if vehicle_id is None else await fleet.find_vehicle(tx, vehicle_id)
    stops = await queries.list_trip_stops(tx, trip)
    lines = await queries.list_goods(tx, [stop.order_id for stop in stops])
    load = Load(driver, vehicle, stops, lines, manifests.open_license(leaving.keyring, driver))
    made = await manifests.draft(tx, trip, load, now=leaving.now)

    carried = [stop for stop in stops if stop.is_on_board(trip.driver_id)]
    on_board = leaves | {stop.order_id for stop in carried}
    value = dict.fromkeys(on_board, 0)
    weight = 0
    for line in lines:
        if line["order_id"] in on_board:
            value[line["order_id"]] += line["total_price_cents"]
            weight += line["net_weight_mg"] * line["quantity"]
    paid = await queries.list_paid(tx, list(on_board))
    papers = [] if vehicle is None else await fleet.list_vehicle_papers(tx, vehicle.id)

    def facts(book: RuleBook, there: Sequence[Place]) -> TripFacts:
        return TripFacts(
            now=leaving.now,
            driver_born_on=driver.born_on,
            driver_papers=as_law_asks(driver.papers),
            vehicle_enclosed=None if vehicle is None else vehicle.enclosed,
            vehicle_papers=as_law_asks(papers),
            people=trip.people,
            value_cents=sum(value.values()),
            weight_mg=weight,
            prepaid_cents=sum(cents for order_id, cents in value.items() if order_id in paid),
            places=there,
            missing=rules.lacking(made.tree, manifests.demanded(book)),
        )

    asked = []
    for book, bound in _by_book(leaving, goods, carried):
        there = [await place_of(tx, book, order) for order in bound]
        decisions = compliance.judge_departure(
            book, facts(book, there), await compliance.acknowledged(tx, book)
        )
        asked.append(Asked("departure", book, decisions, trip.driver_id, trip_id=trip.id))
    _check_law(asked)
    for one in asked:
        await compliance.keep(tx, one)
    departed = await queries.set_departed(tx, trip.id, leaving.now, vehicle_id=vehicle_id)
    await orders.lock_goods(tx, goods)
    for order in sorted(goods, key=lambda one: one.id):
        await orders.move(tx, order, to=Status.OUT_FOR_DELIVERY, actor_id=trip.driver_id)
    await _set_out(tx, trip, departed, made, leaving, goods)


async def _set_out(
    tx: Tx, was: Trip, trip: Trip, made: Draft, leaving: Leaving, goods: Sequence[Order]
) -> None:
    book = leaving.law.at(leaving.now)
    manifest = await manifests.freeze(tx, leaving.keyring, trip, made, book, now=leaving.now)
    if was.departed_at is None:
        await queries.log(tx, driver_id=trip.driver_id, kind="departed", trip_id=trip.id)
        tx.emit(TripDeparted(trip_id=trip.id, at=leaving.now))
    else:
        for order in goods:
            await queries.log(
                tx, driver_id=trip.driver_id, kind="departed", trip_id=trip.id, order_id=order.id
            )
        tx.emit(TripLoaded(trip_id=trip.id, driver_id=trip.driver_id))
    tx.audit(
        "trip.departed" if was.departed_at is None else "trip.loaded",
        object_type="trip",
        object_id=trip.id,
        actor_id=trip.driver_id,
        orders=[str(order.id) for order in goods],
        manifest=manifest.number,
        digest=manifest.digest,
    )


def _by_book(
    leaving: Leaving, goods: Sequence[Order], carried: Sequence[TripStop]
) -> list[tuple[RuleBook, list[Order]]]:
    """Return which rules judge which orders: those of the town where it has some of its own.

    The rules of a town for which something is on board already judge the load with none of the orders.
    """
    books: dict[tuple[str, str | None], tuple[RuleBook, list[Order]]] = {}
    for order in goods:
        book = leaving.law.of_town(leaving.now, order.delivery_address["city"])
        books.setdefault((book.digest, book.town), (book, []))[1].append(order)
    for stop in carried:
        book = leaving.law.of_town(leaving.now, stop.delivery_address["city"])
        books.setdefault((book.digest, book.town), (book, []))
    return list(books.values())


async def place_of(tx: Tx, book: RuleBook, order: Order) -> Place:
    """Return where an order goes, as the law sees it."""
    address = order.delivery_address
    kinds = await places.kinds_at(
        tx,
        book.places.barred_kinds,
        address_line1=address["addressLine1"],
        latitude=address["latitude"],
        longitude=address["longitude"],
    )
    return Place(address["city"], address["state"], kinds)


def _check_law(asked: Sequence[Asked]) -> None:
    reasons = {(one.rule, one.reason): None for question in asked for one in question.against}
    if reasons:
        refusal = DepartureRefused(
            " ".join(reason for _, reason in reasons),
            reasons=[{"rule": rule, "reason": reason} for rule, reason in reasons],
        )
        raise RefusedAfterAsking(refusal, asked)
