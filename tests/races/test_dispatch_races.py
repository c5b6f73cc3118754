"""Dispatch in two processes at once, and beside staff and drivers: an order has one driver, a vehicle its limit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from factories.delivery import make_order
from factories.road import make_road
from factories.waiting import until_somebody_waits
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.queries import answers, dispatch
from faded_skies.domains.delivery.service import DispatchDesk
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.settings import Settings

_GIVEN = """
SELECT o.driver_id, count(*)::int AS orders FROM orders o
JOIN stops s ON s.order_id = o.id AND s.driver_id = o.driver_id
GROUP BY o.driver_id
"""
_TWICE = """
SELECT count(*) FROM (
    SELECT object_id FROM audit_log WHERE action = 'order.assigned' GROUP BY object_id HAVING count(*) > 1
) twice
"""


@pytest.fixture
async def second(settings: Settings) -> AsyncIterator[Application]:
    """Another process's application, with connections of its own."""
    async with bootstrap.application(settings) as application:
        yield application


async def test_two_dispatchers_give_each_order_once_and_fill_no_vehicle_beyond_its_room(
    app: Application, second: Application, client: httpx.AsyncClient
) -> None:
    road = await make_road(app, client)
    await road.staff("PATCH", "settings", {"automaticDispatch": True})
    await road.staff("PATCH", f"vehicles/{road.vehicle_id}", {"maxOrders": 5})
    await road.post("shift", {"online": True}, who=road.other)
    ids = [await make_order(app, road.customer.id, status=Status.PREPARING) for _ in range(16)]
    desks = [one.ports.get(DispatchDesk) for one in (app, second)]
    found = await asyncio.gather(*(service.run_round(desks[turn % 2]) for turn in range(6)))
    found.append(await service.run_round(desks[0]))  # what a round chose too late is the next one's
    given = [choice.order_id for choices in found for choice in choices if choice.driver_id is not None]
    assert len(given) == len(set(given)) == 13
    loads = {row["driver_id"]: row["orders"] for row in await road.db.fetch(_GIVEN)}
    assert loads == {road.driver.id: 5, road.other.id: 8}
    assert await road.db.fetchval(_TWICE) == 0
    assert await road.db.fetchval("SELECT count(*) FROM dispatch_decisions WHERE driver_id IS NOT NULL") == 13
    waiting = await road.db.fetch("SELECT id FROM orders WHERE driver_id IS NULL")
    assert {row["id"] for row in waiting} == set(ids) - set(given)


async def test_whoever_writes_several_stops_takes_them_by_the_ids_of_their_orders(
    app: Application, second: Application, client: httpx.AsyncClient
) -> None:
    """It holds no later stop while it waits for an earlier one: two of its kind cannot wait for each other."""
    road = await make_road(app, client)
    ids = sorted([await make_order(app, road.customer.id, status=Status.PREPARING) for _ in range(3)])
    driver_id, now = road.driver.id, clock.now()
    async with app.ports.db.transaction() as tx:
        await dispatch.offer(tx, ids, driver_id)
    backwards = ids[::-1]
    writers: list[Callable[[Tx], Awaitable[object]]] = [
        lambda tx: dispatch.offer(tx, backwards, driver_id),
        lambda tx: dispatch.set_expected(tx, driver_id, backwards, [now] * 3),
        lambda tx: answers.accept(tx, backwards, driver_id),
    ]
    for write in writers:

        async def write_all(write: Callable[[Tx], Awaitable[object]] = write) -> None:
            async with second.ports.db.transaction() as tx:
                await write(tx)

        async with app.ports.db.transaction() as tx:
            await tx.fetch("SELECT FROM stops WHERE order_id = $1 FOR UPDATE", ids[0])
            writing = asyncio.create_task(write_all())
            await until_somebody_waits(app.ports.db)
            await tx.fetch("SELECT FROM stops WHERE order_id = ANY($1::uuid[]) FOR UPDATE NOWAIT", ids[1:])
        await writing
    rows = await road.db.fetch("SELECT accepted_at, expected_at FROM stops ORDER BY order_id")
    assert [(row["accepted_at"] is not None, row["expected_at"]) for row in rows] == [(True, now)] * 3


async def test_dispatch_beside_staff_and_drivers_leaves_one_driver_and_one_stop(
    app: Application, second: Application, client: httpx.AsyncClient
) -> None:
    road = await make_road(app, client)
    await road.staff("PATCH", "settings", {"automaticDispatch": True})
    await road.post("shift", {"online": True}, who=road.other)
    ids = [await make_order(app, road.customer.id, status=Status.PREPARING) for _ in range(6)]
    to = {"driverId": str(road.other.id)}
    await asyncio.gather(
        *(service.run_round(one.ports.get(DispatchDesk)) for one in (app, second)),
        *(road.staff("POST", f"orders/{order_id}/assign", to) for order_id in ids[:3]),
        *(road.post(f"orders/{order_id}/decline", {"reason": "No."}) for order_id in ids),
        road.post("shift", {"online": False}),
    )
    await service.run_round(second.ports.get(DispatchDesk))
    rows = await road.db.fetch(
        "SELECT o.driver_id, s.driver_id AS on_list FROM orders o LEFT JOIN stops s ON s.order_id = o.id"
    )
    assert [row["driver_id"] for row in rows] == [road.other.id] * 6
    assert all(row["driver_id"] == row["on_list"] for row in rows)
