"""Staff ends the shift of a driver who does not: who is ill, gone or suspended; and counts their cash."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.cash import audited, drawer_of, hand_over, posted, say_shift, sign_off, stands
from factories.delivery import id_check, make_order
from factories.identity import sign_in, signed_in
from factories.road import Road
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.service import DispatchDesk
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]
WHY = {"reason": "He does not come back."}
_SUSPEND = {"accountStatus": "suspended", "reason": "Gone with the car."}


async def end(road: Road, *, driver_id: UUID | None = None, **more: object) -> httpx.Response:
    return await road.staff("POST", f"drivers/{driver_id or road.driver.id}/end-shift", WHY | more)


async def open_shifts(road: Road) -> int:
    return await road.count("driver_shifts WHERE ended_at IS NULL")


async def test_a_suspended_drivers_shift_ends_and_their_cash_is_counted_and_signed_off(road: Road) -> None:
    driver = road.other
    assert (await say_shift(road.client, driver, online=True, openingCash=50)).status_code == 200
    order_id = await make_order(
        road.app, road.customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id, tender="cash"
    )
    assert (await hand_over(road.client, driver, order_id)).status_code == 200
    assert (await road.staff("PATCH", f"users/{driver.id}", _SUSPEND)).status_code == 200
    assert (await say_shift(road.client, driver, online=False, closingCash=74.5)).status_code == 401

    ended = await end(road, driver_id=driver.id)
    assert ended.status_code == 200, ended.text
    told = ended.json()
    assert (told["shift"]["online"], told["drawer"]["status"]) == (False, "open")
    assert told["shift"]["endedAt"] is not None
    drawer_id = UUID(told["drawer"]["id"])
    early = await sign_off(road.client, road.admin, drawer_id, 70)
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")

    counted = await end(road, driver_id=driver.id, closingCash=70)
    assert counted.status_code == 200, counted.text
    assert counted.json()["shift"] == told["shift"]
    drawer = counted.json()["drawer"]
    assert (drawer["status"], drawer["counted"], drawer["expected"]) == ("counted", 70, 74.5)
    assert drawer["countedBy"] == {"id": str(road.admin.id), "firstName": "Ada"}
    for again in ({"closingCash": 70}, {}):
        assert (await end(road, driver_id=driver.id, **again)).json() == counted.json()
    other = await end(road, driver_id=driver.id, closingCash=74.5)
    assert (other.status_code, other.json()["code"]) == (409, "INVALID_STATE")

    signed = await sign_off(road.client, road.admin, drawer_id, 70, note="A bill is missing.")
    assert signed.status_code == 200, signed.text
    assert (signed.json()["drawer"]["difference"], signed.json()["drawer"]["status"]) == (-4.5, "signed_off")
    assert (await posted(road.db))[-1] == ("drawer_emptied", "cash_over_short", "drawer", 450)
    assert await stands(road.db, Account.DRAWER, driver.id) == 0
    assert ("drawer.counted", road.admin.id, {"counted_cents": 7000}) in await audited(road.db)
    rows = await road.db.fetch("SELECT actor_id, reason FROM audit_log WHERE action = 'shift.ended'")
    assert [tuple(row) for row in rows] == [(road.admin.id, WHY["reason"])]


async def test_a_vehicle_is_free_and_the_driver_may_begin_anew(road: Road) -> None:
    ended = await end(road)
    assert (ended.json()["shift"]["vehicleId"], ended.json()["drawer"]["status"]) == (
        road.vehicle_id,
        "counted",  # nothing is in it: nobody has to count
    )
    begun = await road.post("shift", {"online": True, "vehicleId": road.vehicle_id}, who=road.other)
    assert begun.status_code == 200, begun.text
    assert (await road.post("shift", {"online": True})).status_code == 200
    assert await open_shifts(road) == 2


async def test_a_driver_may_still_count_what_staff_left_open(road: Road) -> None:
    driver = road.other
    await say_shift(road.client, driver, online=True, openingCash=50)
    assert (await end(road, driver_id=driver.id)).json()["drawer"]["status"] == "open"
    begun = await say_shift(road.client, driver, online=True)
    assert (begun.status_code, begun.json()["code"]) == (409, "INVALID_STATE")
    counted = await say_shift(road.client, driver, online=False, closingCash=50)
    assert counted.json()["cash"] == {"openingCash": 50, "closingCash": 50, "status": "counted"}
    assert (await end(road, driver_id=driver.id)).json()["drawer"]["countedBy"] is None
    rows = await road.db.fetch("SELECT actor_id FROM audit_log WHERE action = 'drawer.counted'")
    assert [row["actor_id"] for row in rows] == [driver.id]
    assert (await say_shift(road.client, driver, online=True)).status_code == 200


async def test_not_while_orders_are_in_the_vehicle(road: Road) -> None:
    first, second = await road.packed(), await road.packed()
    await road.on_the_road(first, second)
    refused = await end(road)
    assert (refused.status_code, refused.json()["code"]) == (409, "DRIVER_ON_THE_ROAD")
    numbers = await road.db.fetch("SELECT order_number FROM orders ORDER BY order_number")
    assert refused.json()["orderNumbers"] == [row["order_number"] for row in numbers]
    assert numbers[0]["order_number"] in refused.json()["error"]
    assert await open_shifts(road) == 1
    assert await road.count("audit_log WHERE action = 'shift.ended'") == 0

    # What must happen first: one is delivered, the other given to another driver. The empty trip ends with the shift.
    await road.post(f"orders/{first}/deliver", {"idCheck": id_check()})
    to = {"driverId": str(road.other.id)}
    assert (await road.staff("POST", f"orders/{second}/assign", to)).status_code == 200
    assert await road.count("trips WHERE ended_at IS NULL") == 1
    assert (await end(road)).status_code == 200
    assert await open_shifts(road) == 0
    assert await road.count("trips WHERE ended_at IS NULL") == 0
    rows = await road.db.fetch("SELECT actor_id FROM audit_log WHERE action = 'trip.ended'")
    assert [row["actor_id"] for row in rows] == [road.admin.id]
    assert await road.status(second) == "out_for_delivery"


async def test_a_plan_is_given_up_and_what_dispatch_gave_goes_back(road: Road, drain: Drain) -> None:
    await road.staff("PATCH", "settings", {"automaticDispatch": True})
    given, assigned = await road.packed(), await road.packed()
    await road.db.fetch("UPDATE stops SET assigned_by = NULL WHERE order_id = $1", given)
    await road.db.fetch("UPDATE stops SET assigned_by = $2 WHERE order_id = $1", assigned, road.admin.id)
    trip = await road.plan(given, assigned)
    assert (await end(road)).status_code == 200
    gone = await road.depart(trip)
    assert (gone.status_code, gone.json()["code"]) == (409, "INVALID_STATE")
    await drain()
    await delivery.run_round(road.app.ports.get(DispatchDesk))
    rows = await road.db.fetch("SELECT id, driver_id FROM orders")
    # As after the driver's own end: what staff gave them stays theirs until staff moves it.
    assert {row["id"]: row["driver_id"] for row in rows} == {given: None, assigned: road.driver.id}
    assert {await road.status(one) for one in (given, assigned)} == {"preparing"}


async def test_who_never_drove_and_what_is_no_end(road: Road) -> None:
    for nobody in (road.customer.id, new_id()):
        answer = await end(road, driver_id=nobody)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    never = await end(road, driver_id=road.other.id)
    assert (never.status_code, never.json()) == (200, {"shift": None, "drawer": None})
    nothing = await end(road, driver_id=road.other.id, closingCash=5)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "INVALID_STATE")
    wrong: list[dict[str, Any]] = [
        {"reason": ""},
        {"reason": "a" * 501},
        {"reason": None},
        {"closingCash": -1},
        {"closingCash": 0.005},
        {"closingCash": "5"},
        {"online": False},
    ]
    for body in wrong:
        answer = await end(road, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), body
    without = await road.staff("POST", f"drivers/{road.driver.id}/end-shift", {"closingCash": 5})
    assert (without.status_code, [one["field"] for one in without.json()["details"]]) == (422, ["reason"])
    assert await open_shifts(road) == 1


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.DRIVER, Role.AGENT])
async def test_nobody_else_may(road: Road, role: Role) -> None:
    person = await signed_in(road.app, role)
    url = f"/api/admin/drivers/{road.driver.id}/end-shift"
    answer = await road.client.post(url, json=WHY, headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert await open_shifts(road) == 1


async def test_who_drove_once_does_not_count_their_own_drawer_as_staff(road: Road) -> None:
    driver = road.other
    await say_shift(road.client, driver, online=True, openingCash=50)
    await end(road, driver_id=driver.id)
    await road.db.fetch("UPDATE users SET role = 'admin' WHERE id = $1", driver.id)
    promoted = await sign_in(road.client, driver.email)
    url = f"/api/admin/drivers/{driver.id}/end-shift"
    answer = await road.client.post(url, json=WHY | {"closingCash": 50}, headers=promoted.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert (await drawer_of(road.db, driver))["status"] == "open"
    assert (await end(road, driver_id=driver.id, closingCash=50)).json()["drawer"]["status"] == "counted"
