"""A driver's shift, list and steps at the door, by HTTP."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.delivery import DOOR, id_check, leaving_of, make_order, position, start_shift
from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.errors import DriverNotFound
from faded_skies.domains.delivery.schemas.door import DeliveredAnswer
from faded_skies.domains.delivery.schemas.shifts import ShiftAnswer, StopsAnswer
from faded_skies.domains.orders.errors import IllegalMove, OrderNotFound
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

STATUS = "SELECT status FROM orders WHERE id = $1"
STORY = "SELECT message FROM order_tracking WHERE order_id = $1 ORDER BY created_at, id"

STEPS: list[tuple[str, dict[str, object] | None]] = [
    ("pickup", None),
    ("arrive", None),
    ("deliver", {"idCheck": id_check()}),
    ("return", {"reason": "Nobody was home."}),
]


@pytest.fixture
async def customer(app: Application) -> SignedInPerson:
    return await signed_in(app)


@pytest.fixture
async def driver(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.DRIVER, full_name="Dana Reyes")


async def step(
    client: httpx.AsyncClient,
    who: SignedInPerson,
    order_id: UUID,
    name: str,
    body: object = None,
    *,
    key: str | None = None,
) -> httpx.Response:
    headers = who.headers | ({} if key is None else {"Idempotency-Key": key})
    return await client.post(f"/api/driver/orders/{order_id}/{name}", json=body, headers=headers)


async def on_the_road(
    app: Application, customer: SignedInPerson, driver: SignedInPerson, *, tender: str = "card"
) -> UUID:
    return await make_order(
        app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id, tender=tender
    )


async def count(db: Database, table: str) -> int:
    found: int = await db.fetchval(f"SELECT count(*) FROM {table}")
    return found


# The shift


async def test_a_shift_opens_and_ends_once_however_often_it_is_said(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    async def say(*, online: bool) -> dict[str, object]:
        answer = await client.post("/api/driver/shift", json={"online": online}, headers=driver.headers)
        assert answer.status_code == 200, answer.text
        ShiftAnswer.model_validate_json(answer.content)
        shift: dict[str, object] = answer.json()["shift"]
        return shift

    assert await say(online=False) is None
    opened = await say(online=True)
    assert opened["online"] is True
    assert opened["endedAt"] is None
    assert await say(online=True) == opened
    ended = await say(online=False)
    assert (ended["id"], ended["online"]) == (opened["id"], False)
    assert await say(online=False) == ended
    assert (await say(online=True))["id"] != opened["id"]
    actions = await db.fetch("SELECT action FROM audit_log WHERE object_type = 'shift' ORDER BY seq")
    assert [row["action"] for row in actions] == ["shift.started", "shift.ended", "shift.started"]


async def test_two_phones_open_one_shift(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    answers = await asyncio.gather(
        *(client.post("/api/driver/shift", json={"online": True}, headers=driver.headers) for _ in range(5))
    )
    assert len({answer.json()["shift"]["id"] for answer in answers}) == 1
    assert await count(db, "driver_shifts") == 1


async def test_a_vehicle_is_on_one_shift(
    app: Application, client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    other = await signed_in(app, Role.DRIVER)
    vehicle_id = new_id()
    await db.fetch(
        "INSERT INTO vehicles (id, make, model, plate) VALUES ($1, 'Kia', 'Niro', 'FS-1')", vehicle_id
    )

    async def take(who: SignedInPerson, vehicle: UUID) -> httpx.Response:
        body = {"online": True, "vehicleId": str(vehicle)}
        return await client.post("/api/driver/shift", json=body, headers=who.headers)

    assert (await take(driver, vehicle_id)).json()["shift"]["vehicleId"] == str(vehicle_id)
    taken = await take(other, vehicle_id)
    assert (taken.status_code, taken.json()["code"]) == (409, "VEHICLE_IN_USE")
    unknown = await take(other, new_id())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
    assert await count(db, "driver_shifts") == 1


# The list


async def test_the_list_has_what_the_door_needs_and_no_more(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, driver: SignedInPerson
) -> None:
    other = await signed_in(app, Role.DRIVER)
    first = await make_order(app, customer.id, driver_id=driver.id)
    second = await make_order(app, customer.id, driver_id=driver.id, tender="cash")
    await make_order(app, customer.id, driver_id=other.id)
    await make_order(app, customer.id)

    answer = await client.get("/api/driver/orders", headers=driver.headers)
    assert answer.status_code == 200, answer.text
    stops = answer.json()["orders"]
    assert [(stop["id"], stop["stop"]) for stop in stops] == [(str(first), 1), (str(second), 2)]
    stop = stops[1]
    StopsAnswer.model_validate_json(answer.content)
    assert stop["customer"] == {"firstName": "Maya", "contact": "(•••) •••-0134"}
    assert stop["pin"] == {"latitude": DOOR[0], "longitude": DOOR[1]}
    assert stop["deliveryAddress"]["deliveryInstructions"] == "Ring twice."
    assert stop["specialInstructions"] == "The blue door."
    assert [(item["name"], item["quantity"]) for item in stop["items"]] == [("Barton Haze 3.5 g", 2)]
    assert (stops[0]["cashDue"], stop["cashDue"]) == (0, 24.5)
    assert stop["checks"][-1] == "Collect $24.50 in cash before you hand over."
    assert not any("cash" in check for check in stops[0]["checks"])
    for private in (customer.email, ") 555-", "Okafor", '"1990-'):
        assert private not in answer.text


async def test_what_is_done_leaves_the_list(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, driver: SignedInPerson
) -> None:
    order_id = await on_the_road(app, customer, driver)
    assert (await step(client, driver, order_id, "deliver", {"idCheck": id_check()})).status_code == 200
    assert (await client.get("/api/driver/orders", headers=driver.headers)).json() == {"orders": []}


# Who may


@pytest.mark.parametrize(("name", "body"), STEPS)
async def test_only_the_orders_own_driver_moves_it(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    name: str,
    body: object,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    other = await signed_in(app, Role.DRIVER)
    foreign = await step(client, other, order_id, name, body)
    unknown = await step(client, driver, new_id(), name, body)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    for role in (Role.CUSTOMER, Role.AGENT, Role.ADMIN):
        refused = await step(client, await signed_in(app, role), order_id, name, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    nobody = await client.post(f"/api/driver/orders/{order_id}/{name}", json=body)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "TOKEN_REQUIRED")
    assert await db.fetchval(STATUS, order_id) == "out_for_delivery"
    assert await count(db, "handovers") == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/driver/shift", {"online": True}),
        ("GET", "/api/driver/orders", None),
        ("POST", "/api/driver/location", position()),
    ],
)
async def test_only_drivers_drive(
    app: Application, client: httpx.AsyncClient, db: Database, method: str, path: str, body: object
) -> None:
    for role in (Role.CUSTOMER, Role.AGENT, Role.ADMIN):
        who = await signed_in(app, role)
        refused = await client.request(method, path, json=body, headers=who.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert (await client.request(method, path, json=body)).status_code == 401
    assert await count(db, "driver_shifts") == 0
    assert await app.ports.valkey.keys("driver:*") == []


# On the road


async def test_pick_up_and_arrival(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    early = await step(client, driver, order_id, "arrive")
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")
    picked = await step(client, driver, order_id, "pickup")
    assert (picked.status_code, picked.json()["order"]["status"]) == (200, "out_for_delivery")
    again = await step(client, driver, order_id, "pickup")
    assert (again.status_code, again.json()["code"]) == (409, "INVALID_STATE")

    for _ in range(2):
        assert (await step(client, driver, order_id, "arrive")).status_code == 200
    story = [row["message"] for row in await db.fetch(STORY, order_id)]
    assert story[-2:] == [
        "Your order is on its way. Have your ID ready at the door.",
        "Your driver is at the door. Please bring your ID.",
    ]
    assert len(story) == len(set(story))


async def test_an_order_that_is_not_packed_stays(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await make_order(app, customer.id, driver_id=driver.id)
    refused = await step(client, driver, order_id, "pickup")
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    assert await db.fetchval(STATUS, order_id) == "confirmed"


async def test_an_order_comes_back(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await on_the_road(app, customer, driver, tender="cash")
    for reason in ("", "  ", "x" * 501, None, 7):
        refused = await step(client, driver, order_id, "return", {"reason": reason})
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    answer = await step(client, driver, order_id, "return", {"reason": "Nobody was home."}, key="r1")
    assert (answer.status_code, answer.json()["order"]["status"]) == (200, "returned")
    repeated = await step(client, driver, order_id, "return", {"reason": "Nobody was home."}, key="r1")
    assert repeated.content == answer.content
    story = [row["message"] for row in await db.fetch(STORY, order_id)]
    assert story[-1].endswith("Reason: Nobody was home.")
    assert await count(db, "handovers") == 0


# At the door


async def test_a_handover_keeps_the_outcome_and_no_birth_date(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    body = {"idCheck": id_check(), "signature": "Maya Okafor"}
    answer = await step(client, driver, order_id, "deliver", body)
    assert answer.status_code == 200, answer.text
    DeliveredAnswer.model_validate_json(answer.content)
    assert answer.json()["order"]["status"] == "delivered"
    assert answer.json()["order"]["deliveredAt"] is not None
    assert answer.json()["change"] is None
    row = await db.fetchrow("SELECT * FROM handovers")
    assert row is not None
    assert (row["order_id"], row["driver_id"], row["method"]) == (order_id, driver.id, "visual")
    assert (row["signature"], row["cash_received_cents"]) == ("Maya Okafor", None)
    assert date(1990, 5, 17) not in dict(row).values()
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE details::text LIKE '%1990%'") == 0


async def test_delivered_twice_at_once_is_one_delivery(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    answers = await asyncio.gather(
        *(step(client, driver, order_id, "deliver", {"idCheck": id_check()}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "INVALID_STATE"}
    assert await count(db, "handovers") == 1
    assert await db.fetchval("SELECT count(*) FROM order_tracking WHERE status = 'delivered'") == 1


async def test_a_repeated_key_gives_the_first_answer(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    body = {"idCheck": id_check()}
    first = await step(client, driver, order_id, "deliver", body, key="door-1")
    again = await step(client, driver, order_id, "deliver", body, key="door-1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    other = {"idCheck": id_check(documentType="passport")}
    reused = await step(client, driver, order_id, "deliver", other, key="door-1")
    assert (reused.status_code, reused.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await count(db, "handovers") == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expiresAt": (clock.now() - timedelta(days=2)).date().isoformat()}, "document_expired"),
        ({"nameMatches": False}, "another_person"),
        ({"dateOfBirth": "1990-05-18"}, "another_person"),
        ({"dateOfBirth": (clock.now() - timedelta(days=20 * 365)).date().isoformat()}, "underage"),
    ],
)
async def test_an_id_that_fails_delivers_nothing(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    changes: dict[str, Any],
    reason: str,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    refused = await step(client, driver, order_id, "deliver", {"idCheck": id_check(**changes)})
    assert (refused.status_code, refused.json()["code"]) == (422, "ID_CHECK_FAILED")
    assert refused.json()["reason"] == reason
    assert await db.fetchval(STATUS, order_id) == "out_for_delivery"
    assert await count(db, "handovers") == 0


async def test_a_customer_who_is_not_21_today_gets_nothing_even_with_their_own_id(
    app: Application, client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    born = (clock.now() - timedelta(days=20 * 365)).date()
    young = await signed_in(app, date_of_birth=born)
    order_id = await on_the_road(app, young, driver)
    refused = await step(client, driver, order_id, "deliver", {"idCheck": id_check(born=born)})
    assert refused.json()["reason"] == "underage"
    assert await count(db, "handovers") == 0


@pytest.mark.parametrize(
    ("check", "field"),
    [
        ({"method": "visual"}, "idCheck.documentType"),
        (id_check(dateOfBirth=None), "idCheck.dateOfBirth"),
        (id_check(expiresAt=None), "idCheck.expiresAt"),
        (id_check(nameMatches=None), "idCheck.nameMatches"),
        (id_check(nameMatches="yes"), "idCheck.nameMatches"),
        (id_check(dateOfBirth="17.05.1990"), "idCheck.dateOfBirth"),
        (id_check(dateOfBirth=643075200), "idCheck.dateOfBirth"),
        (id_check(dateOfBirth="1990-02-30"), "idCheck.dateOfBirth"),
        (id_check(documentType="library_card"), "idCheck.documentType"),
        (id_check(method="barcode"), "idCheck.barcode"),
        (id_check(barcode="@ANSI 636015"), "idCheck.barcode"),
        (id_check(documentNumber="D123"), "idCheck.documentNumber"),
    ],
)
async def test_an_id_check_with_something_missing_or_wrong(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    check: dict[str, object],
    field: str,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    refused = await step(client, driver, order_id, "deliver", {"idCheck": check})
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [detail["field"] for detail in refused.json()["details"]] == [field]
    assert await db.fetchval(STATUS, order_id) == "out_for_delivery"


async def test_cash_is_collected_first(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    await start_shift(app, driver.id)
    order_id = await on_the_road(app, customer, driver, tender="cash")
    for received in ({}, {"cashReceived": 24.49}):
        refused = await step(client, driver, order_id, "deliver", {"idCheck": id_check()} | received)
        assert (refused.status_code, refused.json()["code"]) == (422, "CASH_MISSING")
        assert refused.json()["amountDue"] == 24.5
    assert await count(db, "handovers") == 0
    answer = await step(client, driver, order_id, "deliver", {"idCheck": id_check(), "cashReceived": 40})
    assert answer.status_code == 200, answer.text
    assert answer.json()["change"] == 15.5
    assert answer.json()["order"]["payment"] == {
        "status": "paid",
        "amountDue": 24.5,
        "amountPaid": 24.5,
        "refundedAmount": 0,
    }
    assert await db.fetchval("SELECT cash_received_cents FROM handovers") == 4000


async def test_no_cash_is_taken_for_a_paid_order(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    refused = await step(client, driver, order_id, "deliver", {"idCheck": id_check(), "cashReceived": 5})
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "cashReceived")
    assert await count(db, "handovers") == 0


# Assignment


async def test_another_driver_takes_over(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await on_the_road(app, customer, driver)
    assert (await step(client, driver, order_id, "arrive")).status_code == 200
    other = await signed_in(app, Role.DRIVER)
    admin = await signed_in(app, Role.ADMIN)
    for _ in range(2):
        async with db.transaction() as tx:
            order = await service.assign(
                tx, order_id=order_id, driver_id=other.id, actor_id=admin.id, leaving=leaving_of(app)
            )
        assert order.driver_id == other.id
    lists = [await client.get("/api/driver/orders", headers=who.headers) for who in (driver, other)]
    assert [len(answer.json()["orders"]) for answer in lists] == [0, 1]
    assert lists[1].json()["orders"][0]["arrivedAt"] is None
    assert (await step(client, driver, order_id, "arrive")).status_code == 404
    assert (await step(client, other, order_id, "arrive")).status_code == 200


async def test_two_dispatchers_at_once_leave_one_driver(
    app: Application,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    order_id = await make_order(app, customer.id)
    other = await signed_in(app, Role.DRIVER)

    async def give(driver_id: UUID) -> None:
        async with db.transaction() as tx:
            await service.assign(
                tx, order_id=order_id, driver_id=driver_id, actor_id=customer.id, leaving=leaving_of(app)
            )

    await asyncio.gather(*(give(one) for one in (driver.id, other.id) * 3))
    rows = await db.fetch(
        "SELECT o.driver_id AS a, s.driver_id AS b FROM orders o JOIN stops s ON s.order_id = o.id"
    )
    assert len(rows) == 1
    assert rows[0]["a"] == rows[0]["b"]


async def test_who_and_what_cannot_be_assigned(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    gone = await signed_in(app, Role.DRIVER)
    await db.fetch("UPDATE users SET account_status = 'suspended' WHERE id = $1", gone.id)
    order_id = await make_order(app, customer.id)
    done = await on_the_road(app, customer, driver)
    assert (await step(client, driver, done, "deliver", {"idCheck": id_check()})).status_code == 200
    for order, person, refusal in (
        (order_id, customer.id, DriverNotFound),
        (order_id, gone.id, DriverNotFound),
        (order_id, new_id(), DriverNotFound),
        (new_id(), driver.id, OrderNotFound),
        (done, driver.id, IllegalMove),
    ):
        with pytest.raises(refusal):
            async with db.transaction() as tx:
                await service.assign(
                    tx, order_id=order, driver_id=person, actor_id=driver.id, leaving=leaving_of(app)
                )
    assert await db.fetchval("SELECT driver_id FROM orders WHERE id = $1", order_id) is None
