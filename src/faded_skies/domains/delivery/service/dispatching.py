"""Automatic dispatch: rounds that give waiting orders to drivers who are there, and say why.

A round reads, asks the solver outside of any transaction, then gives each order in a transaction of its own that looks
again: the order's row is held first, the driver's shift after it. So any number of rounds may run at once
(docs/adr/0027).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import structlog

from faded_skies.domains.compliance.service import Law, RuleBook
from faded_skies.domains.delivery.models.dispatch import Decision, Terms
from faded_skies.domains.delivery.models.road import Position
from faded_skies.domains.delivery.ports import RouteSolver
from faded_skies.domains.delivery.queries import answers as refusals
from faded_skies.domains.delivery.queries import dispatch as queries
from faded_skies.domains.delivery.queries import live as live_positions
from faded_skies.domains.delivery.queries import road
from faded_skies.domains.delivery.queries.dispatch import OnShift
from faded_skies.domains.delivery.rules.dispatch import Choice, Courier, FoundBy, obstacle
from faded_skies.domains.delivery.service.answers import (
    take_back_left_behind,
    take_back_unanswered,
)
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.geo import distance_m
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

KEPT = timedelta(days=30)
"""How long decisions and refusals are kept."""


@dataclass(frozen=True, slots=True)
class DispatchDesk:
    """The parts that a round needs; bootstrap puts them together."""

    db: Database
    valkey: Valkey
    law: Law
    solver: RouteSolver
    terms: Terms


async def run_round(desk: DispatchDesk) -> list[Choice]:
    """Take back what was not answered or left behind, give out what waits, and return the choices that held.

    Nothing happens unless the shop has switched automatic dispatch on.
    """
    shop = await queries.find_automatic_shop(desk.db)
    if shop is None:
        return []
    await take_back_unanswered(desk.db, within=desk.terms.answer_within)
    await take_back_left_behind(desk.db)
    waiting = await queries.list_waiting(desk.db)
    if not waiting:
        return []
    book = desk.law.at(clock.now())
    couriers = await _couriers(desk, book, shop)
    choices = await desk.solver.choose(shop, waiting, couriers)
    known = {courier.driver_id: courier for courier in couriers}
    held = []
    for choice in choices:
        async with desk.db.transaction() as tx:
            if await _give(tx, choice, desk.terms, book, known):
                held.append(choice)
    given = sum(choice.driver_id is not None for choice in held)
    log.info("dispatched", waiting=len(waiting), drivers=len(couriers), given=given)
    return held


async def _couriers(desk: DispatchDesk, book: RuleBook, shop: tuple[float, float]) -> list[Courier]:
    found = await queries.list_on_shift(desk.db)
    live = await asyncio.gather(
        *(live_positions.find_live_position(desk.valkey, one.driver_id) for one in found)
    )
    couriers = []
    for one, position in zip(found, live, strict=True):
        place, found_by = _placed(one, position, shop)
        metres = distance_m(*place, *shop)
        couriers.append(_courier(one, desk.terms, book, place=place, metres=metres, found_by=found_by))
    return couriers


def _placed(
    one: OnShift, position: Position | None, shop: tuple[float, float]
) -> tuple[tuple[float, float], FoundBy]:
    if position is not None:
        return (position.lat, position.lng), "live position"
    if one.latitude is not None and one.longitude is not None:
        return (one.latitude, one.longitude), "last position"
    return shop, "shop"


def _courier(
    one: OnShift,
    terms: Terms,
    book: RuleBook,
    *,
    place: tuple[float, float],
    metres: float,
    found_by: FoundBy,
) -> Courier:
    value, weight = _legal_most(book, "value_cents", one), _legal_most(book, "weight_mg", one)
    return Courier(
        driver_id=one.driver_id,
        place=place,
        metres=metres,
        found_by=found_by,
        is_out=one.is_out,
        orders=one.orders,
        most_orders=one.max_orders or terms.most_orders,
        value_left_cents=None if value is None else value - one.value_cents,
        weight_left_mg=None if weight is None else weight - one.weight_mg,
    )


def _legal_most(book: RuleBook, measure: Literal["value_cents", "weight_mg"], one: OnShift) -> int | None:
    kinds = ("any", "enclosed" if one.is_enclosed else "open")
    return min(
        (cap.most for cap in book.trips.caps if cap.measure == measure and cap.vehicle in kinds), default=None
    )


async def _give(tx: Tx, choice: Choice, terms: Terms, book: RuleBook, known: dict[UUID, Courier]) -> bool:
    """Do what was chosen, if nobody was quicker and it still fits; else another round sees to it."""
    order = await orders.lock_order(tx, choice.order_id)
    if order.driver_id is not None or order.status not in orders.BEFORE_DEPARTURE:
        return False
    if choice.driver_id is not None:
        waiting = await queries.find_waiting(tx, order.id)
        now = await queries.lock_on_shift(tx, choice.driver_id)
        if waiting is None or now is None:
            return False
        was = known[choice.driver_id]
        courier = _courier(now, terms, book, place=was.place, metres=was.metres, found_by=was.found_by)
        if obstacle(waiting, courier) is not None:
            return False
        await orders.assign(tx, order, driver_id=choice.driver_id, actor_id=None)
        await road.put_stop(tx, order_id=order.id, driver_id=choice.driver_id, assigned_by=None)
    await queries.keep(tx, choice)
    return True


async def list_decisions(
    db: Database, *, order_id: UUID | None, driver_id: UUID | None, limit: int, offset: int
) -> tuple[Sequence[Decision], int]:
    """Return a page of what dispatch decided, the latest first, and how many decisions there are."""
    return await queries.list_decisions(
        db, order_id=order_id, driver_id=driver_id, limit=limit, offset=offset
    )


async def forget_decisions(tx: Tx) -> None:
    """Delete decisions and refusals that are older than thirty days."""
    await queries.prune(tx, KEPT)
    await refusals.prune(tx, KEPT)
