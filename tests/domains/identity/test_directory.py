"""People as admins find and change them: never oneself, never the last admin, and their sessions end at once."""

import asyncio
from typing import Any

import httpx
import pytest

from factories.identity import SignedInPerson, make_person, signed_in
from factories.road import make_road
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

PATH = "/api/admin/users"
WHY = "A test of it."


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def change(
    client: httpx.AsyncClient, admin: SignedInPerson, user_id: object, **body: Any
) -> httpx.Response:
    return await client.patch(f"{PATH}/{user_id}", json={"reason": WHY} | body, headers=admin.headers)


async def profile(client: httpx.AsyncClient, person: SignedInPerson) -> int:
    return (await client.get("/api/users/profile", headers=person.headers)).status_code


async def test_people_are_found_by_what_staff_has_heard(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    maya = await make_person(app, email="maya.o@example.com", full_name="Maya Okafor")
    await make_person(app, email="joe_50%@example.com", full_name="Joe Brown", role=Role.DRIVER)
    await db.fetch("UPDATE users SET phone = '(512) 555-0199' WHERE id = $1", maya)

    async def found(**query: Any) -> list[str]:
        answer = await client.get(PATH, params=query, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return [person["fullName"] for person in answer.json()["users"]]

    for heard in ("okaf", "MAYA.O@", "5125550199", "555-0199"):
        assert await found(search=heard, role="customer") == ["Maya Okafor"], heard
    assert await found(search="50%") == ["Joe Brown"]
    assert await found(search="___") == []
    assert await found(role="driver") == ["Joe Brown"]
    assert await found(accountStatus="suspended") == []
    assert (await client.get(PATH, params={"search": "ab"}, headers=admin.headers)).status_code == 422
    assert (await client.get(PATH, params={"search": "a\x00b"}, headers=admin.headers)).status_code == 422
    async with db.transaction() as tx:
        await tx.execute("SET LOCAL enable_seqscan = off")  # so few rows are read faster without any index
        plan = await tx.fetch(
            "EXPLAIN SELECT id FROM users u WHERE person_search_text(u.full_name, u.email::text, u.phone) LIKE '%okaf%'"
        )
    assert "users_search_idx" in str(plan)
    one = (await client.get(f"{PATH}/{maya}", headers=admin.headers)).json()["user"]
    assert (one["email"], one["liveSessions"], one["accountStatus"]) == ("maya.o@example.com", 0, "active")
    assert "passwordHash" not in one


async def test_who_is_suspended_is_out_at_once_and_comes_back_by_an_admin(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    maya = await signed_in(app)
    assert (await change(client, admin, maya.id, accountStatus="suspended")).json()["user"][
        "liveSessions"
    ] == 0
    assert await profile(client, maya) == 401
    login = {"email": maya.email, "password": "Test-Skies-42!"}
    assert (await client.post("/api/auth/login", json=login)).json()["code"] == "ACCOUNT_SUSPENDED"
    back = await change(client, admin, maya.id, accountStatus="active")
    assert back.json()["user"]["accountStatus"] == "active"
    assert (await client.post("/api/auth/login", json=login)).status_code == 200
    rows = await db.fetch(
        "SELECT details, reason FROM audit_log WHERE action = 'user.account_status_changed' ORDER BY seq"
    )
    assert [(row["details"]["was"], row["details"]["now"], row["reason"]) for row in rows] == [
        ("active", "suspended", WHY),
        ("suspended", "active", WHY),
    ]


async def test_a_new_role_ends_the_sessions_of_the_old_one(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    agent = await signed_in(app, Role.AGENT)
    same = await change(client, admin, agent.id, role="agent")
    assert same.json()["user"]["liveSessions"] == 1
    assert (await change(client, admin, agent.id, role="driver")).json()["user"]["role"] == "driver"
    assert await profile(client, agent) == 401
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'user.role_changed'") == 1


async def test_nobody_changes_themselves_and_one_admin_stays(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    for body in ({"role": "agent"}, {"accountStatus": "suspended"}):
        refused = await change(client, admin, admin.id, **body)
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
        assert "yourself" in refused.json()["error"]
    assert (await change(client, admin, admin.id, employeeNo="E-1")).status_code == 200
    closed = await make_person(app)
    await db.fetch("UPDATE users SET account_status = 'closed' WHERE id = $1", closed)
    assert "closed for good" in (await change(client, admin, closed, accountStatus="active")).json()["error"]
    other = await make_person(app)
    without = await client.patch(f"{PATH}/{other}", json={"role": "agent"}, headers=admin.headers)
    assert without.json()["details"][0]["field"] == "reason"
    for wrong in ({"accountStatus": "closed"}, {"role": "owner"}, {"email": "x@example.com"}):
        assert (await change(client, admin, other, **wrong)).status_code == 422
    assert (await change(client, admin, other, employeeNo="E-2")).status_code == 404  # a customer


async def test_two_admins_who_dismiss_each_other_leave_one(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    other = await signed_in(app, Role.ADMIN)
    answers = await asyncio.gather(
        change(client, admin, other.id, accountStatus="suspended"),
        change(client, other, admin.id, role="customer"),
    )
    assert sorted(answer.status_code == 200 for answer in answers) == [False, True]
    left = await db.fetchval("SELECT count(*) FROM users WHERE role = 'admin' AND account_status = 'active'")
    assert left == 1


async def test_a_driver_on_a_shift_keeps_the_role_but_can_be_suspended(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    driver = await signed_in(app, Role.DRIVER)
    shift = await client.post("/api/driver/shift", json={"online": True}, headers=driver.headers)
    assert shift.status_code == 200, shift.text
    refused = await change(client, admin, driver.id, role="customer")
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    assert (await change(client, admin, driver.id, accountStatus="suspended")).status_code == 200
    assert await profile(client, driver) == 401


@pytest.mark.parametrize("status", [Status.PREPARING, Status.OUT_FOR_DELIVERY])
async def test_a_driver_with_orders_is_suspended_once_another_has_them(
    app: Application, client: httpx.AsyncClient, db: Database, status: Status
) -> None:
    road = await make_road(app, client)
    order_id = await road.packed()
    if status is Status.OUT_FOR_DELIVERY:
        await road.on_the_road(order_id)
    refused = await change(client, road.admin, road.driver.id, accountStatus="suspended")
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    assert "Give them to another driver first" in refused.json()["error"]
    assert await profile(client, road.driver) == 200
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action LIKE 'user.%_changed'") == 0
    given = await road.staff("POST", f"orders/{order_id}/assign", {"driverId": str(road.other.id)})
    assert given.status_code == 200, given.text
    assert (await change(client, road.admin, road.driver.id, accountStatus="suspended")).status_code == 200
    found = await db.fetchrow("SELECT driver_id, status FROM orders WHERE id = $1", order_id)
    assert found is not None
    assert (found["driver_id"], found["status"]) == (road.other.id, status)
