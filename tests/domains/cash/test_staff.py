"""What staff see of drivers' cash, and the sign-off that takes it into the safe."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.cash import audited, cash_order, drawer_of, hand_over, posted, say_shift, sign_off, stands
from factories.delivery import make_counted_drawer, start_shift
from factories.identity import SignedInPerson, sign_in, signed_in
from faded_skies.backoffice.drawer_schemas import DrawerAnswer, DrawersAnswer
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


async def listed(
    client: httpx.AsyncClient, admin: SignedInPerson, **query: Any
) -> tuple[list[dict[str, Any]], int, bool]:
    answer = await client.get("/api/admin/drawers", params=query, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    DrawersAnswer.model_validate_json(answer.content, strict=True)
    told = answer.json()
    return told["drawers"], told["total"], told["hasMore"]


async def counted_drawer(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    *,
    counted: float,
) -> UUID:
    """Make a drawer of $74.50, a float of 50 and an order of 24.50, that its driver counted so."""
    drawer_id = await start_shift(app, driver.id, float_cents=5000)
    assert (await hand_over(client, driver, await cash_order(app, customer, driver))).status_code == 200
    answer = await say_shift(client, driver, online=False, closingCash=counted)
    assert answer.status_code == 200, answer.text
    return drawer_id


async def test_the_list_has_what_should_be_there_and_what_was_counted(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    drawer_id = await counted_drawer(app, client, customer, driver, counted=70)
    (drawer,), total, more = await listed(client, admin)
    assert (total, more) == (1, False)
    assert drawer.pop("openedAt") < drawer.pop("countedAt")
    assert drawer == {
        "id": str(drawer_id),
        "driver": {"id": str(driver.id), "firstName": "Dana"},
        "status": "counted",
        "openingCash": 50,
        "collected": 24.5,
        "expected": 74.5,
        "counted": 70,
        "countedBy": None,
        "received": None,
        "difference": None,
        "signedOffBy": None,
        "signedOffAt": None,
        "note": None,
    }


async def test_the_list_is_filtered_and_paged(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson, admin: SignedInPerson
) -> None:
    other = await signed_in(app, Role.DRIVER)
    first = await make_counted_drawer(app, driver.id, cents=100)
    second = await make_counted_drawer(app, other.id, cents=200)
    third = await start_shift(app, driver.id)
    assert (await sign_off(client, admin, second, 2)).status_code == 200

    async def ids(**query: Any) -> list[UUID]:
        return [UUID(drawer["id"]) for drawer in (await listed(client, admin, **query))[0]]

    assert await ids() == [third, second, first]
    assert await ids(status="open") == [third]
    assert await ids(status="counted") == [first]
    assert await ids(status="signed_off") == [second]
    assert await ids(driverId=driver.id) == [third, first]
    assert await ids(driverId=driver.id, status="counted") == [first]
    assert await ids(driverId=new_id()) == []
    page, total, more = await listed(client, admin, limit=1, offset=1)
    assert ([UUID(one["id"]) for one in page], total, more) == ([second], 3, True)
    for query in ({"status": "lost"}, {"driverId": "dana"}, {"limit": 0}, {"offset": -1}):
        answer = await client.get("/api/admin/drawers", params=query, headers=admin.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_cash_that_agrees_goes_into_the_safe_without_a_note(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    drawer_id = await counted_drawer(app, client, customer, driver, counted=74.5)
    answer = await sign_off(client, admin, drawer_id, 74.5)
    assert answer.status_code == 200, answer.text
    DrawerAnswer.model_validate_json(answer.content, strict=True)
    drawer = answer.json()["drawer"]
    assert (drawer["status"], drawer["received"], drawer["difference"]) == ("signed_off", 74.5, 0)
    assert drawer["signedOffBy"] == {"id": str(admin.id), "firstName": "Noor"}
    assert drawer["signedOffAt"] > drawer["countedAt"]
    assert (await listed(client, admin))[0] == [drawer]
    assert (await posted(db))[-1] == ("drawer_emptied", "safe", "drawer", 7450)
    assert await stands(db, Account.DRAWER, driver.id) == 0
    assert await stands(db, Account.SAFE) == 2450
    assert await stands(db, Account.CASH_OVER_SHORT) == 0
    assert (await audited(db))[-1] == (
        "drawer.signed_off",
        admin.id,
        {"received_cents": 7450, "difference_cents": 0},
    )


@pytest.mark.parametrize(
    ("received", "difference", "emptied"),
    [
        (
            70,
            -4.5,
            [
                ("drawer_emptied", "safe", "drawer", 7000),
                ("drawer_emptied", "cash_over_short", "drawer", 450),
            ],
        ),
        (0, -74.5, [("drawer_emptied", "cash_over_short", "drawer", 7450)]),
        (
            80,
            5.5,
            [
                ("drawer_emptied", "safe", "drawer", 7450),
                ("drawer_emptied", "safe", "cash_over_short", 550),
            ],
        ),
    ],
)
async def test_what_is_missing_or_too_much_goes_into_the_books(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    admin: SignedInPerson,
    received: float,
    difference: float,
    emptied: list[tuple[str, str, str, int]],
) -> None:
    drawer_id = await counted_drawer(app, client, customer, driver, counted=received)
    answer = await sign_off(client, admin, drawer_id, received, note="  Counted three times.  ")
    assert answer.status_code == 200, answer.text
    drawer = answer.json()["drawer"]
    assert (drawer["difference"], drawer["note"]) == (difference, "Counted three times.")
    assert [one for one in await posted(db) if one[0] == "drawer_emptied"] == emptied
    assert await stands(db, Account.DRAWER, driver.id) == 0
    assert await stands(db, Account.SAFE) == received * 100 - 5000
    assert await stands(db, Account.CASH_OVER_SHORT) == -difference * 100
    assert "Counted" not in str(await audited(db))


async def test_an_empty_drawer_may_hold_what_nobody_expected(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    empty = await make_counted_drawer(app, driver.id, cents=0)
    assert (await sign_off(client, admin, empty, 0)).status_code == 200
    assert await posted(db) == []
    found = await make_counted_drawer(app, driver.id, cents=0)
    assert (await sign_off(client, admin, found, 5, note="Lay under the seat.")).status_code == 200
    assert await posted(db) == [("drawer_emptied", "safe", "cash_over_short", 500)]


@pytest.mark.parametrize(("counted", "received"), [(74.5, 70), (70, 74.5), (70, 70), (74.5, 80), (0, 0)])
async def test_whatever_does_not_agree_needs_a_note(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    admin: SignedInPerson,
    counted: float,
    received: float,
) -> None:
    drawer_id = await counted_drawer(app, client, customer, driver, counted=counted)
    for more in ({}, {"note": None}, {"note": ""}, {"note": "   "}, {"note": "x" * 501}, {"note": 7}):
        answer = await sign_off(client, admin, drawer_id, received, **more)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), more
        assert [detail["field"] for detail in answer.json()["details"]] == ["note"]
    assert (await drawer_of(db, driver))["status"] == "counted"
    assert await stands(db, Account.DRAWER, driver.id) == 7450
    assert (await sign_off(client, admin, drawer_id, received, note="x" * 500)).status_code == 200


@pytest.mark.parametrize("received", [74.505, -1, 1_000_000.01, "74.5", None, True, [74.5]], ids=repr)
async def test_a_sum_that_is_none_is_refused(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    admin: SignedInPerson,
    received: object,
) -> None:
    drawer_id = await make_counted_drawer(app, driver.id, cents=7450)
    answer = await sign_off(client, admin, drawer_id, received, note="So it was.")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json()["details"]] == ["receivedCash"]
    assert (await drawer_of(db, driver))["status"] == "counted"


async def test_only_a_counted_drawer_is_signed_off_and_once(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    drawer_id = await start_shift(app, driver.id, float_cents=5000)
    early = await sign_off(client, admin, drawer_id, 50)
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")
    assert (await say_shift(client, driver, online=False, closingCash=50)).status_code == 200
    unknown = await sign_off(client, admin, new_id(), 50)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")

    first = await sign_off(client, admin, drawer_id, 50, key="sign-1")
    assert first.status_code == 200, first.text
    again = await sign_off(client, admin, drawer_id, 50, key="sign-1")
    assert (again.status_code, again.content) == (200, first.content)
    other = await sign_off(client, admin, drawer_id, 51, key="sign-1", note="Another.")
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    for received in (50, 51):
        late = await sign_off(client, admin, drawer_id, received, note="Once more.")
        assert (late.status_code, late.json()["code"]) == (409, "INVALID_STATE")
    drawer = await drawer_of(db, driver)
    assert (drawer["received_cents"], drawer["note"]) == (5000, None)
    assert [kind for kind, _, _, _ in await posted(db)] == ["float_given", "drawer_emptied"]
    actions = [action for action, _, _ in await audited(db)]
    assert actions == ["drawer.opened", "drawer.counted", "drawer.signed_off"]


async def test_nobody_signs_off_their_own_drawer(
    app: Application, client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    drawer_id = await make_counted_drawer(app, driver.id, cents=5000)
    await db.fetch("UPDATE users SET role = 'admin' WHERE id = $1", driver.id)
    promoted = await sign_in(client, driver.email)
    answer = await sign_off(client, promoted, drawer_id, 50)
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert (await drawer_of(db, driver))["status"] == "counted"
    assert await stands(db, Account.DRAWER, driver.id) == 5000


async def test_a_driver_reads_what_staff_found_once_it_is_signed(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    drawer_id = await counted_drawer(app, client, customer, driver, counted=70)
    assert (await sign_off(client, admin, drawer_id, 70, note="A bill is missing.")).status_code == 200
    (drawer,) = (await client.get("/api/users/me/export", headers=driver.headers)).json()["driverDrawers"]
    assert (drawer["status"], drawer["collected"], drawer["received"]) == ("signed_off", 24.5, 70)
    assert drawer["note"] == "A bill is missing."
    ended = await say_shift(client, driver, online=False)
    assert ended.json()["cash"] == {"openingCash": 50, "closingCash": 70, "status": "signed_off"}
