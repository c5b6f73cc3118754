"""Automatic dispatch: rounds that give waiting orders to drivers who are there, and say why.

A round reads, asks the solver outside of any transaction, then gives each driver their orders in a transaction of its
own that looks again: the orders' rows are held first, the driver's shift after them. So any number of rounds may run at
once, and one that was killed has given whole ways or nothing (docs/adr/0027, docs/adr/0030).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery.events import OrderOffered
from faded_skies.domains.delivery.models.dispatch import Decision, Terms
from faded_skies.domains.delivery.ports import RouteSolver
from faded_skies.domains.delivery.queries import answers as refusals
from faded_skies.domains.delivery.queries import dispatch as queries
from faded_skies.domains.delivery.queries import road
from faded_skies.domains.delivery.queries.dispatch import OpenOrder
from faded_skies.domains.delivery.rules.dispatch import Courier
from faded_skies.domains.delivery.rules.routes import Choice, Question, arrivals, decide, walked
from faded_skies.domains.delivery.service.answers import (
    take_back_left_behind,
    take_back_unanswered,
    withdraw,
)
from faded_skies.domains.delivery.service.couriers import Rulings, carried_by, rulings
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.valkey import Valkey

log = structlog.get_logger()

KEPT = timedelta(days=30)
"""How long decisions and refusals are kept."""


@dataclass(frozen=True, slots=True)
class DispatchDesk:
    """The parts that a round needs; bootstrap puts them together. `speed` is in metres a second, straight ahead."""

    db: Database
    valkey: Valkey
    law: Law
    solver: RouteSolver
    terms: Terms
    speed: Callable[[], Awaitable[float]]


async def run_round(desk: DispatchDesk) -> list[Choice]:
    """Take back what was not answered or left behind, give out what waits, and return the choices that held.

    What drivers were offered and have not accepted may go to others. Nothing happens unless the shop has switched
    automatic dispatch on.
    """
    shop = await queries.find_automatic_shop(desk.db)
    if shop is None:
        return []
    await take_back_unanswered(desk.db, within=desk.terms.answer_within)
    await take_back_left_behind(desk.db)
    ruled = await rulings(desk.db, desk.law, now=clock.now())
    question = await _ask(desk, ruled, shop)
    if not question.goods:
        return []
    decided = decide(question, await desk.solver.propose(question))
    held: list[Choice] = []
    for courier in decided.couriers.values():
        mine = [
            one for one in decided.choices if one.driver_id == courier.driver_id and not one.changes_nothing
        ]
        if mine:
            async with desk.db.transaction() as tx:
                held += await _give(tx, desk, question, ruled, courier, mine)
    waiting = [one for one in decided.choices if one.driver_id is None and one.was is None]
    if waiting:
        async with desk.db.transaction() as tx:
            await queries.keep_waiting(tx, waiting)
    log.info(
        "dispatched",
        orders=len(question.goods),
        drivers=len(question.couriers),
        given=len(held),
        waiting=len(waiting),
    )
    return [*held, *waiting]


async def _ask(desk: DispatchDesk, ruled: Rulings, shop: tuple[float, float]) -> Question:
    """Read what waits, what was offered, and who is there."""
    on_shift = await queries.list_on_shift(desk.db)
    waiting = await queries.list_waiting(desk.db)
    known = {one.id for one in waiting}
    carried = [
        one
        for one in await queries.list_carried(desk.db, [one.driver_id for one in on_shift])
        if one.id not in known
    ]
    live = await asyncio.gather(*(road.find_live_position(desk.valkey, one.driver_id) for one in on_shift))
    stays = carried_by([one for one in carried if not one.is_offer])
    return Question(
        id=new_id(),
        now=ruled.now,
        shop=shop,
        speed_m_s=await desk.speed(),
        goods=[ruled.goods(one) for one in (*waiting, *(one for one in carried if one.is_offer))],
        couriers=[
            ruled.courier(one, stays.get(one.driver_id, []), desk.terms, shop=shop, live=position)
            for one, position in zip(on_shift, live, strict=True)
        ],
    )


async def _give(
    tx: Tx,
    desk: DispatchDesk,
    question: Question,
    ruled: Rulings,
    planned: Courier,
    choices: Sequence[Choice],
) -> list[Choice]:
    """Give a driver what was chosen, as far as nobody was quicker and it still fits; the rest is another round's."""
    held = {one: await orders.lock_order(tx, one) for one in sorted(choice.order_id for choice in choices)}
    now = await queries.lock_on_shift(tx, planned.driver_id)
    if now is None:
        return []
    found = {one.id: one for one in await queries.list_these(tx, list(held))}
    free = {
        choice.order_id: ruled.goods(found[choice.order_id])
        for choice in choices
        if choice.order_id in found and _is_free(found[choice.order_id], choice)
    }
    carried = await queries.list_carried(tx, [planned.driver_id])
    courier = replace(
        ruled.courier(now, carried, desk.terms, shop=question.shop, live=None),
        place=planned.place,
        metres=planned.metres,
        found_by=planned.found_by,
    )
    courier = walked(question, courier, [one.order_id for one in planned.holds], free)
    at, _ = arrivals(question, courier, courier.holds)
    expected = {
        one.order_id: (stop, moment)
        for stop, (one, moment) in enumerate(zip(courier.holds, at, strict=True), start=1)
    }
    given = [
        replace(one, stop=expected[one.order_id][0], expected_at=expected[one.order_id][1])
        for one in choices
        if one.order_id in free and one.order_id in expected
    ]
    if given:
        await orders.assign_together(tx, [held[one.order_id] for one in given], driver_id=planned.driver_id)
        for one in given:
            order = held[one.order_id]
            tx.emit(
                OrderOffered(
                    order_id=order.id,
                    order_number=order.order_number,
                    driver_id=planned.driver_id,
                    expected_at=one.expected_at,
                    at=clock.now(),
                )
            )
            if one.was is not None:
                withdraw(tx, order, driver_id=one.was, cause="moved")
        await queries.offer(tx, [one.order_id for one in given], planned.driver_id)
        await queries.set_expected(
            tx, planned.driver_id, list(expected), [moment for _, moment in expected.values()]
        )
        await queries.keep(tx, given, plan_id=question.id)
    return given


def _is_free(order: OpenOrder, choice: Choice) -> bool:
    """Tell whether an order still is whose it was: nobody's, or its driver's who has not answered."""
    return order.driver_id == choice.was and (order.is_offer or order.driver_id is None)


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
