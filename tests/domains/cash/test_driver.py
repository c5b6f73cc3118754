"""A driver's cash: the float, what comes in at doors, and the blind count."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.answers import refusal_of
from factories.cash import audited, cash_order, drawer_of, hand_over, posted, say_shift, stands
from factories.delivery import make_order
from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery.schemas.shifts import ShiftAnswer
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

BAD_SUMS: list[Any] = [100.005, -1, -0.01, 1_000_000.01, 10**30, "100", "", True, [100], {"dollars": 100}]


def field_of(answer: httpx.Response) -> tuple[int, str, str]:
    (detail,) = answer.json()["details"]
    return *refusal_of(answer), detail["field"]


async def said(client: httpx.AsyncClient, driver: SignedInPerson, **body: Any) -> Mapping[str, Any]:
    """Say something about the shift that is taken, and return what is answered of the cash."""
    answer = await say_shift(client, driver, **body)
    assert answer.status_code == 200, answer.text
    ShiftAnswer.model_validate_json(answer.content, strict=True)
    cash: Mapping[str, Any] = answer.json()["cash"]
    return cash


async def count(db: Database, table: str) -> int:
    found: int = await db.fetchval(f"SELECT count(*) FROM {table}")
    return found


# The float


async def test_a_shift_opens_a_drawer_with_its_float_once_however_often_it_is_said(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    opened = await said(client, driver, online=True, openingCash=100)
    assert opened == {"openingCash": 100, "closingCash": None, "status": "open"}
    assert await said(client, driver, online=True, openingCash=100) == opened
    assert await said(client, driver, online=True) == opened
    drawer = await drawer_of(db, driver)
    assert (drawer["float_cents"], drawer["collected_cents"], drawer["status"]) == (10_000, 0, "open")
    assert await count(db, "cash_drawers") == 1
    assert await posted(db) == [("float_given", "drawer", "safe", 10_000)]
    assert await stands(db, Account.DRAWER, driver.id) == 10_000
    assert await audited(db) == [("drawer.opened", driver.id, {"float_cents": 10_000})]


async def test_another_float_than_the_first_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    await said(client, driver, online=True, openingCash=100)
    for other in (0, 99.99, 150):
        answer = await say_shift(client, driver, online=True, openingCash=other)
        assert refusal_of(answer) == (409, "INVALID_STATE")
    assert (await drawer_of(db, driver))["float_cents"] == 10_000
    assert len(await posted(db)) == 1


async def test_a_drawer_without_a_float_moves_nothing_in_the_books(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    opened = await said(client, driver, online=True)
    assert opened == {"openingCash": 0, "closingCash": None, "status": "open"}
    assert await said(client, driver, online=True, openingCash=0) == opened
    assert await posted(db) == []
    ended = await said(client, driver, online=False)
    assert ended == {"openingCash": 0, "closingCash": 0, "status": "counted"}


async def test_a_shift_that_cannot_start_leaves_no_drawer(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    unknown = {"vehicleId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}
    answer = await say_shift(client, driver, online=True, openingCash=100, **unknown)
    assert refusal_of(answer) == (404, "NOT_FOUND")
    assert (await count(db, "driver_shifts"), await count(db, "cash_drawers")) == (0, 0)
    assert (await posted(db), await audited(db)) == ([], [])


@pytest.mark.parametrize("field", ["openingCash", "closingCash"])
@pytest.mark.parametrize("value", BAD_SUMS, ids=repr)
async def test_a_sum_that_is_none_is_refused(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson, field: str, value: object
) -> None:
    answer = await say_shift(client, driver, online=field == "openingCash", **{field: value})
    assert field_of(answer) == (422, "VALIDATION_ERROR", field)
    assert await count(db, "cash_drawers") == 0


async def test_each_sum_belongs_to_its_end_of_the_shift(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    early = await say_shift(client, driver, online=True, closingCash=10)
    assert field_of(early) == (422, "VALIDATION_ERROR", "closingCash")
    assert await count(db, "driver_shifts") == 0
    await said(client, driver, online=True)
    late = await say_shift(client, driver, online=False, openingCash=10)
    assert field_of(late) == (422, "VALIDATION_ERROR", "openingCash")
    assert (await drawer_of(db, driver))["status"] == "open"


# At the door


async def test_cash_needs_a_shift(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    colleague = await signed_in(app, Role.DRIVER)
    await said(client, colleague, online=True)
    order_id = await cash_order(app, customer, driver)
    answer = await hand_over(client, driver, order_id)
    assert refusal_of(answer) == (409, "INVALID_STATE")
    assert answer.json()["error"] == "Start your shift first: cash goes into its drawer."
    assert await db.fetchval("SELECT status FROM orders WHERE id = $1", order_id) == "out_for_delivery"
    assert await count(db, "handovers") == 0
    assert (await drawer_of(db, colleague))["collected_cents"] == 0
    assert await posted(db) == []

    await said(client, driver, online=True)
    assert (await hand_over(client, driver, order_id)).status_code == 200


async def test_what_was_due_goes_into_the_drawer_and_the_change_goes_back(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    await said(client, driver, online=True, openingCash=50)
    first, second = [await cash_order(app, customer, driver) for _ in range(2)]
    missing = await hand_over(client, driver, first, received=24.49)
    assert refusal_of(missing) == (422, "CASH_MISSING")
    assert (await drawer_of(db, driver))["collected_cents"] == 0
    answers = [
        await hand_over(client, driver, first, received=40, key="door-1"),
        await hand_over(client, driver, first, received=40, key="door-1"),
        await hand_over(client, driver, second),
    ]
    assert [answer.json()["change"] for answer in answers] == [15.5, 15.5, 0]
    assert (await drawer_of(db, driver))["collected_cents"] == 4900
    assert await posted(db) == [
        ("float_given", "drawer", "safe", 5000),
        ("cash_taken", "drawer", "deposits", 2450),
        ("cash_taken", "drawer", "deposits", 2450),
    ]
    assert await stands(db, Account.DRAWER, driver.id) == 9900
    assert await stands(db, Account.DEPOSITS) == 0
    facts = await db.fetch("SELECT DISTINCT kind FROM ledger_transfers WHERE order_id = $1", first)
    assert {row["kind"] for row in facts} == {"cash_taken", "sale", "coins_earned"}


async def test_an_order_that_is_paid_leaves_the_drawer_alone_and_needs_none(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    async def by_card() -> UUID:
        return await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)

    assert (await hand_over(client, driver, await by_card(), received=None)).status_code == 200
    assert await count(db, "cash_drawers") == 0
    await said(client, driver, online=True, openingCash=50)
    assert (await hand_over(client, driver, await by_card(), received=None)).status_code == 200
    assert (await drawer_of(db, driver))["collected_cents"] == 0
    assert await stands(db, Account.DRAWER, driver.id) == 5000


# The count


async def test_a_drawer_with_a_float_or_with_takings_must_be_counted(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    await said(client, driver, online=True, openingCash=100)
    with_float = await say_shift(client, driver, online=False)
    other = await signed_in(app, Role.DRIVER)
    await said(client, other, online=True)
    assert (await hand_over(client, other, await cash_order(app, customer, other))).status_code == 200
    with_takings = await say_shift(client, other, online=False)
    for answer in (with_float, with_takings):
        assert field_of(answer) == (422, "VALIDATION_ERROR", "closingCash")
        assert answer.json()["error"] == "Count the cash in your drawer and send what you counted."
    assert await count(db, "driver_shifts WHERE ended_at IS NULL") == 2
    assert await count(db, "cash_drawers WHERE status = 'open'") == 2


@pytest.mark.parametrize("counted", [0, 74.5, 74.49, 80])
async def test_a_count_is_taken_as_it_is_and_no_answer_tells_what_should_be_there(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    counted: float,
) -> None:
    answers = [await say_shift(client, driver, online=True, openingCash=50)]
    assert (await hand_over(client, driver, await cash_order(app, customer, driver))).status_code == 200
    answers += [
        await say_shift(client, driver, online=True),
        await say_shift(client, driver, online=False),
        await say_shift(client, driver, online=False, closingCash=counted),
        await say_shift(client, driver, online=False, closingCash=81),
        await say_shift(client, driver, online=False),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 200, 409, 200]
    told = {"openingCash": 50, "closingCash": None, "status": "open"}
    after = {"openingCash": 50, "closingCash": counted, "status": "counted"}
    cash = [answer.json()["cash"] for answer in answers if answer.status_code == 200]
    assert cash == [told, told, after, after]
    export = (await client.get("/api/users/me/export", headers=driver.headers)).json()
    (held,) = export["driverDrawers"]
    assert (held["openingCash"], held["closingCash"]) == (50, counted)
    assert held["collected"] is held["received"] is held["note"] is None
    hidden = {2450} if counted == 74.5 else {2450, 7450}
    for answer in answers:
        assert not hidden & {int(float(one) * 100) for one in _numbers(answer.json())}, answer.text
    assert (await drawer_of(db, driver))["counted_cents"] == round(counted * 100)
    assert await audited(db) == [
        ("drawer.opened", driver.id, {"float_cents": 5000}),
        ("drawer.counted", driver.id, {"counted_cents": round(counted * 100)}),
    ]
    assert await stands(db, Account.DRAWER, driver.id) == 7450  # the count moves nothing in the books


def _numbers(told: object) -> list[str]:
    found: list[str] = []
    json.loads(json.dumps(told), parse_float=found.append, parse_int=found.append)
    return found


async def test_the_same_end_again_answers_the_same_and_another_count_is_refused(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    await said(client, driver, online=True, openingCash=100)
    ended = await say_shift(client, driver, online=False, closingCash=99)
    for body in ({"closingCash": 99}, {}, {"closingCash": 99.0}):
        again = await say_shift(client, driver, online=False, **body)
        assert (again.status_code, again.content) == (200, ended.content)
    for other in (100, 0):
        answer = await say_shift(client, driver, online=False, closingCash=other)
        assert refusal_of(answer) == (409, "INVALID_STATE")
    assert (await drawer_of(db, driver))["counted_cents"] == 9900
    assert [action for action, _, _ in await audited(db)] == ["drawer.opened", "drawer.counted"]


async def test_who_never_had_a_shift_has_nothing_to_count(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    assert refusal_of(await say_shift(client, driver, online=False, closingCash=10)) == (409, "INVALID_STATE")
    assert (await say_shift(client, driver, online=False)).json() == {"shift": None, "cash": None}
    assert await count(db, "cash_drawers") == 0


async def test_a_shift_lasts_while_a_cash_order_is_on_the_road(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    await said(client, driver, online=True, openingCash=100)
    order_id = await cash_order(app, customer, driver)
    answer = await say_shift(client, driver, online=False, closingCash=100)
    assert refusal_of(answer) == (409, "INVALID_STATE")
    assert "cash order" in answer.json()["error"]
    assert (await drawer_of(db, driver))["status"] == "open"
    assert await count(db, "driver_shifts WHERE ended_at IS NULL") == 1

    back = await client.post(
        f"/api/driver/orders/{order_id}/return", json={"reason": "Nobody was home."}, headers=driver.headers
    )
    assert back.status_code == 200, back.text
    assert (await said(client, driver, online=False, closingCash=100))["status"] == "counted"


async def test_neither_a_paid_order_nor_anothers_keeps_a_shift_open(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    other = await signed_in(app, Role.DRIVER)
    await said(client, driver, online=True)
    await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id, tender="cash")
    await cash_order(app, customer, other)
    assert (await said(client, driver, online=False))["status"] == "counted"


async def test_each_shift_has_a_drawer_of_its_own(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    await said(client, driver, online=True, openingCash=100)
    await said(client, driver, online=False, closingCash=100)
    assert await said(client, driver, online=True, openingCash=60) == {
        "openingCash": 60,
        "closingCash": None,
        "status": "open",
    }
    assert await count(db, "cash_drawers") == 2
    assert await stands(db, Account.DRAWER, driver.id) == 16_000


# Shifts that an earlier release started or ended


async def test_a_shift_from_before_the_drawers_ends_without_one_or_gets_one_by_starting_again(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    for again in (False, True):
        await said(client, driver, online=True)
        await db.fetch("DELETE FROM cash_drawers WHERE status = 'open'")
        refused = await say_shift(client, driver, online=False, closingCash=10)
        assert refusal_of(refused) == (409, "INVALID_STATE")
        if again:
            assert (await said(client, driver, online=True, openingCash=10))["openingCash"] == 10
            assert (await said(client, driver, online=False, closingCash=10))["status"] == "counted"
        else:
            assert await said(client, driver, online=False, closingCash=0) is None
    assert await count(db, "cash_drawers") == 1


async def test_a_drawer_that_was_left_open_is_counted_before_the_next_one_opens(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    await said(client, driver, online=True, openingCash=100)
    await db.fetch("UPDATE driver_shifts SET ended_at = now()")
    refused = await say_shift(client, driver, online=True, openingCash=100)
    assert refusal_of(refused) == (409, "INVALID_STATE")
    assert await count(db, "driver_shifts") == 1
    assert (await said(client, driver, online=False, closingCash=100))["status"] == "counted"
    assert (await said(client, driver, online=True, openingCash=100))["status"] == "open"
