"""One drawer, many hands: two phones, two handovers, two of the staff, and the shift's end in between."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import httpx
import pytest

from factories.cash import cash_order, drawer_of, hand_over, posted, say_shift, sign_off, stands
from factories.delivery import make_counted_drawer, start_shift
from factories.identity import SignedInPerson, signed_in
from factories.waiting import until_somebody_waits
from faded_skies.bootstrap import Application
from faded_skies.domains.cash import service as cash
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import service as orders
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database


@pytest.fixture
async def customer(app: Application) -> SignedInPerson:
    return await signed_in(app)


@pytest.fixture
async def driver(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.DRIVER)


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


def outcomes(answers: Sequence[httpx.Response]) -> Counter[str]:
    return Counter("done" if one.status_code == 200 else str(one.json()["code"]) for one in answers)


@pytest.mark.parametrize("floats", [(100,) * 6, (100, 80) * 3])
async def test_a_driver_who_starts_on_many_phones_has_one_drawer(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson, floats: tuple[int, ...]
) -> None:
    answers = await asyncio.gather(
        *(say_shift(client, driver, online=True, openingCash=one) for one in floats)
    )
    drawer = await drawer_of(db, driver)
    first = drawer["float_cents"] // 100
    right = floats.count(first)
    assert outcomes(answers) == Counter(done=right, INVALID_STATE=len(floats) - right)
    assert {one.json()["cash"]["openingCash"] for one in answers if one.status_code == 200} == {first}
    assert await db.fetchval("SELECT count(*) FROM cash_drawers") == 1
    assert await db.fetchval("SELECT count(*) FROM driver_shifts") == 1
    assert await posted(db) == [("float_given", "drawer", "safe", first * 100)]


@pytest.mark.parametrize("counts", [(100,) * 6, (100, 80, 90) * 2])
async def test_a_driver_who_counts_on_many_phones_has_one_count(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    counts: tuple[int, ...],
) -> None:
    await start_shift(app, driver.id, float_cents=10_000)
    answers = await asyncio.gather(
        *(say_shift(client, driver, online=False, closingCash=one) for one in counts)
    )
    drawer = await drawer_of(db, driver)
    right = counts.count(drawer["counted_cents"] // 100)
    assert outcomes(answers) == Counter(done=right, INVALID_STATE=len(counts) - right)
    assert len({one.content for one in answers if one.status_code == 200}) == 1
    counted = "SELECT count(*) FROM audit_log WHERE action = 'drawer.counted'"
    assert await db.fetchval(counted) == 1


async def test_starts_and_ends_at_once_leave_each_shift_one_drawer(
    client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    answers = await asyncio.gather(
        *(
            say_shift(client, driver, online=True, openingCash=10)
            if number % 2
            else say_shift(client, driver, online=False, closingCash=10)
            for number in range(16)
        )
    )
    assert set(outcomes(answers)) <= {"done", "INVALID_STATE"}
    assert await db.fetchval("SELECT count(*) FROM cash_drawers WHERE status = 'open'") == await db.fetchval(
        "SELECT count(*) FROM driver_shifts WHERE ended_at IS NULL"
    )
    drawers = await db.fetchval("SELECT count(*) FROM cash_drawers")
    assert drawers == await db.fetchval("SELECT count(*) FROM driver_shifts")
    assert await stands(db, Account.DRAWER, driver.id) == 1000 * drawers


async def test_handovers_at_once_all_reach_the_drawer_and_each_once(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    await start_shift(app, driver.id, float_cents=5000)
    on_the_road = [await cash_order(app, customer, driver) for _ in range(5)]
    answers = await asyncio.gather(
        *(hand_over(client, driver, order_id) for order_id in on_the_road for _ in range(2))
    )
    assert outcomes(answers) == Counter(done=5, INVALID_STATE=5)
    assert (await drawer_of(db, driver))["collected_cents"] == 5 * 2450
    assert await stands(db, Account.DRAWER, driver.id) == 5000 + 5 * 2450
    assert await stands(db, Account.DEPOSITS) == 0


async def test_a_shift_that_ends_during_a_handover_counts_what_it_brought(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    await start_shift(app, driver.id)
    order_id = await cash_order(app, customer, driver)
    async with db.transaction() as tx:
        order = await orders.lock_order(tx, order_id)
        await cash.take(tx, driver_id=driver.id, order_id=order_id, amount_cents=2450)
        await orders.complete(tx, order, actor_id=driver.id, cash_received_cents=2450)
        without, counted = [
            asyncio.create_task(say_shift(client, driver, online=False, **body))
            for body in ({}, {"closingCash": 24.5})
        ]
        await until_somebody_waits(db)
    # The handover is in the drawer: there is something to count, and no order on the road.
    assert (await counted).json()["cash"] == {"openingCash": 0, "closingCash": 24.5, "status": "counted"}
    assert (await without).status_code in {200, 422}  # after the count it repeats it, before it misses one
    drawer = await drawer_of(db, driver)
    assert (drawer["collected_cents"], drawer["counted_cents"]) == (2450, 2450)


async def test_a_handover_never_reaches_a_drawer_that_is_counted(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
) -> None:
    for _ in range(5):
        await start_shift(app, driver.id)
        order_id = await cash_order(app, customer, driver)
        ended, delivered = await asyncio.gather(
            say_shift(client, driver, online=False, closingCash=24.5), hand_over(client, driver, order_id)
        )
        # Either the order is still on the road, so the shift lasts, or its cash is in what was counted.
        assert delivered.status_code == 200, delivered.text
        assert ended.status_code in {200, 409}, ended.text
        drawer = await drawer_of(db, driver)
        assert drawer["collected_cents"] == 2450
        assert drawer["status"] == ("counted" if ended.status_code == 200 else "open")
        again = await say_shift(client, driver, online=False, closingCash=24.5)
        assert again.status_code == 200, again.text
    assert await stands(db, Account.DRAWER, driver.id) == 5 * 2450


@pytest.mark.parametrize("same_key", [False, True])
async def test_sign_offs_at_once_empty_a_drawer_once(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    admin: SignedInPerson,
    same_key: bool,
) -> None:
    other = await signed_in(app, Role.ADMIN)
    drawer_id = await make_counted_drawer(app, driver.id, cents=5000)
    answers = await asyncio.gather(
        *(
            sign_off(client, admin if same_key else who, drawer_id, 50, key="sign-1" if same_key else None)
            for who in (admin, other) * 3
        )
    )
    told = outcomes(answers)
    if same_key:
        assert set(told) <= {"done", "IDEMPOTENCY_IN_PROGRESS"}
        assert len({one.content for one in answers if one.status_code == 200}) == 1
    else:
        assert told == Counter(done=1, INVALID_STATE=5)
    assert [kind for kind, _, _, _ in await posted(db)] == ["float_given", "drawer_emptied"]
    assert await stands(db, Account.SAFE) == 0
    assert await stands(db, Account.DRAWER, driver.id) == 0
    signed = "SELECT count(*) FROM audit_log WHERE action = 'drawer.signed_off'"
    assert await db.fetchval(signed) == 1
