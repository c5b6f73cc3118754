"""A driver is suspended, or given another role, while they start a shift or are given an order: one comes first."""

import asyncio
from contextvars import copy_context

import httpx
import pytest

from factories.delivery import make_order
from factories.identity import SignedInPerson, signed_in
from factories.road import Road, make_road
from factories.waiting import until_somebody_waits
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.service import DispatchDesk
from faded_skies.domains.identity import service as identity
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

_OPEN_SHIFTS = "SELECT count(*) FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL"
_LOST = """
SELECT count(*) FROM orders o JOIN users u ON u.id = o.driver_id WHERE u.account_status <> 'active'
"""
SUSPEND = {"accountStatus": "suspended"}


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def change(
    client: httpx.AsyncClient, admin: SignedInPerson, user_id: object, body: dict[str, str]
) -> httpx.Response:
    url = f"/api/admin/users/{user_id}"
    return await client.patch(url, json=body | {"reason": "A race."}, headers=admin.headers)


async def start(client: httpx.AsyncClient, driver: SignedInPerson) -> httpx.Response:
    return await client.post("/api/driver/shift", json={"online": True}, headers=driver.headers)


@pytest.mark.parametrize("standing", [SUSPEND, {"role": "agent"}], ids=["suspended", "another role"])
async def test_a_shift_that_waited_for_it_does_not_start(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    standing: dict[str, str],
) -> None:
    driver = await signed_in(app, Role.DRIVER)
    outside = copy_context()  # of the transaction, inside of which nobody may speak with Valkey
    async with db.transaction() as tx:
        assert (await identity.lock_person(tx, driver.id)).role is Role.DRIVER
        starting = asyncio.create_task(start(client, driver), context=outside)
        await until_somebody_waits(db)
        columns = {"role": "driver", "accountStatus": "active"} | standing
        await tx.execute(
            "UPDATE users SET role = $2, account_status = $3 WHERE id = $1",
            driver.id,
            columns["role"],
            columns["accountStatus"],
        )
    refused = await starting
    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_TOKEN")
    assert await db.fetchval(_OPEN_SHIFTS, driver.id) == 0


async def test_a_shift_and_a_new_role_at_once_are_never_both(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    for _ in range(6):
        driver = await signed_in(app, Role.DRIVER)
        started, changed = await asyncio.gather(
            start(client, driver), change(client, admin, driver.id, {"role": "agent"})
        )
        assert started.is_success != changed.is_success, (started.text, changed.text)
        assert changed.status_code in {200, 409}
        assert await db.fetchval(_OPEN_SHIFTS, driver.id) == int(started.is_success)


async def test_a_shift_does_not_keep_a_suspension_off(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    for _ in range(6):
        driver = await signed_in(app, Role.DRIVER)
        started, changed = await asyncio.gather(
            start(client, driver), change(client, admin, driver.id, SUSPEND)
        )
        assert changed.status_code == 200, changed.text
        assert started.status_code in {200, 401}
        assert await db.fetchval(_OPEN_SHIFTS, driver.id) == int(started.is_success)
        assert (await start(client, driver)).status_code == 401


@pytest.fixture
async def road(app: Application, client: httpx.AsyncClient) -> Road:
    return await make_road(app, client)


async def test_an_order_and_a_suspension_at_once_are_never_both(road: Road) -> None:
    to = {"driverId": str(road.driver.id)}
    for _ in range(6):
        order_id = await make_order(road.app, road.customer.id, status=Status.PREPARING)
        given, changed = await asyncio.gather(
            road.staff("POST", f"orders/{order_id}/assign", to),
            change(road.client, road.admin, road.driver.id, SUSPEND),
        )
        assert (given.status_code, changed.status_code) in {(200, 409), (404, 200)}, (
            given.text,
            changed.text,
        )
        assert await road.db.fetchval(_LOST) == 0
        await road.db.fetch("UPDATE orders SET driver_id = NULL WHERE id = $1", order_id)
        await change(road.client, road.admin, road.driver.id, {"accountStatus": "active"})


async def test_dispatch_gives_nothing_to_whom_a_suspension_holds_and_the_suspension_sees_what_it_gave(
    road: Road,
) -> None:
    await road.staff("PATCH", "settings", {"automaticDispatch": True})
    order_id = await make_order(road.app, road.customer.id, status=Status.PREPARING)
    desk = road.app.ports.get(DispatchDesk)
    outside = copy_context()  # as above
    async with road.db.transaction() as tx:  # a suspension under way
        await identity.lock_person(tx, road.driver.id)
        assert not await delivery.lock_duty(tx, road.driver.id)
        round_ = asyncio.create_task(delivery.run_round(desk), context=outside)
        await until_somebody_waits(road.db)
        await tx.execute("UPDATE users SET account_status = 'suspended' WHERE id = $1", road.driver.id)
    await round_
    assert await road.db.fetchval("SELECT driver_id FROM orders WHERE id = $1", order_id) is None
    await change(road.client, road.admin, road.driver.id, {"accountStatus": "active"})
    async with road.db.transaction() as tx:  # dispatch under way
        await tx.fetch("SELECT FROM driver_shifts WHERE driver_id = $1 FOR NO KEY UPDATE", road.driver.id)
        suspending = asyncio.create_task(
            change(road.client, road.admin, road.driver.id, SUSPEND), context=outside
        )
        await until_somebody_waits(road.db)
        await tx.execute("UPDATE orders SET driver_id = $2 WHERE id = $1", order_id, road.driver.id)
    assert (await suspending).status_code == 409
    assert await road.db.fetchval(_LOST) == 0
