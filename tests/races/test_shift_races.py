"""Staff ends a shift while its driver ends it, counts its drawer, or departs: one comes first."""

import asyncio
from contextvars import copy_context

import httpx
import pytest

from factories.cash import drawer_of, say_shift
from factories.road import Road, make_road
from faded_skies.bootstrap import Application

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_OPEN = "driver_shifts WHERE ended_at IS NULL"


@pytest.fixture
async def road(app: Application, client: httpx.AsyncClient) -> Road:
    return await make_road(app, client)


async def end(road: Road, driver_id: object, **more: object) -> httpx.Response:
    body = {"reason": "A race."} | more
    return await road.staff("POST", f"drivers/{driver_id}/end-shift", body)


async def until_somebody_waits(road: Road) -> None:
    async with asyncio.timeout(30):
        while not await road.db.fetchval(_WAITING):  # noqa: ASYNC110 - locks do not tell
            await asyncio.sleep(0.01)


async def test_the_driver_and_staff_end_it_once_and_count_it_once(road: Road) -> None:
    driver = road.other
    for _ in range(4):
        begun = await say_shift(road.client, driver, online=True, openingCash=50)
        assert begun.status_code == 200, begun.text
        answers = await asyncio.gather(
            say_shift(road.client, driver, online=False, closingCash=50),
            end(road, driver.id, closingCash=49),
            end(road, driver.id),
            say_shift(road.client, driver, online=False, closingCash=50),
        )
        drawer = await drawer_of(road.db, driver)
        by_staff = drawer["counted_by"] == road.admin.id
        assert drawer["counted_cents"] == (4900 if by_staff else 5000)
        refused = [409 if by_staff else 200, 200 if by_staff else 409, 200, 409 if by_staff else 200]
        assert [one.status_code for one in answers] == refused
    ended = "SELECT count(*) FROM audit_log WHERE action = 'shift.ended'"
    counted = "SELECT count(*) FROM audit_log WHERE action = 'drawer.counted'"
    assert (await road.db.fetchval(ended), await road.db.fetchval(counted)) == (4, 4)


async def test_a_departure_under_way_is_seen(road: Road) -> None:
    order_id = await road.packed()
    outside = copy_context()  # of the transaction, inside of which nobody may speak with Valkey
    async with road.db.transaction() as tx:
        # As a departure does, whose trip nobody sees yet.
        await tx.fetch("SELECT FROM driver_shifts WHERE driver_id = $1 FOR KEY SHARE", road.driver.id)
        ending = asyncio.create_task(end(road, road.driver.id), context=outside)
        await until_somebody_waits(road)
        await tx.execute("UPDATE orders SET status = 'out_for_delivery' WHERE id = $1", order_id)
    refused = await ending
    assert (refused.status_code, refused.json()["code"]) == (409, "DRIVER_ON_THE_ROAD")
    assert await road.count(_OPEN) == 1


async def test_a_departure_waits_for_an_end_and_finds_no_vehicle(road: Road) -> None:
    order_id = await road.packed()
    outside = copy_context()  # as above
    async with road.db.transaction() as tx:
        await tx.fetch("SELECT FROM driver_shifts WHERE driver_id = $1 FOR UPDATE", road.driver.id)
        leaving = asyncio.create_task(road.post(f"orders/{order_id}/pickup"), context=outside)
        await until_somebody_waits(road)
        await tx.execute("UPDATE driver_shifts SET ended_at = now() WHERE driver_id = $1", road.driver.id)
    assert (await leaving).status_code == 200
    assert await road.db.fetchval("SELECT vehicle_id FROM trips") is None


async def test_a_departure_and_an_end_at_once_are_never_both(road: Road) -> None:
    for way in ("pickup", "depart", "pickup", "depart"):
        begun = await road.post("shift", {"online": True, "vehicleId": road.vehicle_id})
        assert begun.status_code == 200, begun.text
        order_id = await road.packed()
        path = f"orders/{order_id}/pickup"
        if way == "depart":
            path = f"trips/{(await road.plan(order_id))['id']}/depart"
        left, ended = await asyncio.gather(road.post(path), end(road, road.driver.id))
        assert ended.status_code in {200, 409}, ended.text
        is_out = await road.status(order_id) == "out_for_delivery"
        assert is_out == left.is_success
        assert await road.count(_OPEN) == int(ended.status_code == 409)
        if way == "depart":
            assert left.is_success != ended.is_success, (left.text, ended.text)
        if is_out:
            # A pick-up that comes after the end makes a trip without the shift's vehicle.
            with_it = "SELECT t.vehicle_id FROM trips t WHERE t.ended_at IS NULL"
            assert (await road.db.fetchval(with_it) is None) == ended.is_success
            await road.post(f"orders/{order_id}/return", {"reason": "A race."})
            await road.db.fetch("UPDATE trips SET ended_at = now() WHERE ended_at IS NULL")
