"""Whatever drivers and staff do in whatever order: the books have of each driver what lies in their drawers."""

import random
from uuid import UUID

import pytest

from factories.cash import stands
from factories.identity import make_person
from factories.payments import bare_order, keep_cash
from faded_skies.bootstrap import Application
from faded_skies.domains.cash import service as cash
from faded_skies.domains.cash.errors import NoOpenDrawer
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.ledger.service import Account
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.errors import Situation

STEPS = 80

IN_DRAWERS = """
SELECT coalesce(sum(float_cents + collected_cents), 0)::int FROM cash_drawers
WHERE driver_id = $1 AND status <> 'signed_off'
"""
SIGNED_OFF = """
SELECT coalesce(sum(received_cents - float_cents), 0)::int AS brought,
       coalesce(sum(received_cents - float_cents - collected_cents), 0)::int AS too_much
FROM cash_drawers WHERE status = 'signed_off'
"""


class Day:
    """Drivers and staff who do anything that comes to mind, and remember what they took."""

    def __init__(self, db: Database, chance: random.Random, drivers: list[UUID], staff: UUID) -> None:
        self._db = db
        self._chance = chance
        self._drivers = drivers
        self._staff = staff
        self.taken = dict.fromkeys(drivers, 0)
        self.refused = 0

    async def go_on(self, order_id: UUID) -> None:
        """Do one thing, with this order if it is a handover. What is refused must leave nothing behind."""
        driver_id = self._chance.choice(self._drivers)
        do = self._chance.choice((self._start, self._take, self._take, self._end, self._sign_off))
        try:
            await do(driver_id, order_id)
        except Situation:
            self.refused += 1

    def _cents(self) -> int:
        return self._chance.choice((0, 1, 5000, self._chance.randrange(20_000)))

    async def _start(self, driver_id: UUID, _: UUID) -> None:
        async with self._db.transaction() as tx:
            await delivery.start_shift(
                tx, driver_id=driver_id, vehicle_id=None, opening_cents=self._cents() or None
            )

    async def _take(self, driver_id: UUID, order_id: UUID) -> None:
        cents = self._cents() + 1
        async with self._db.transaction() as tx:
            await cash.take(tx, driver_id=driver_id, order_id=order_id, amount_cents=cents)
        self.taken[driver_id] += cents

    async def _end(self, driver_id: UUID, _: UUID) -> None:
        async with self._db.transaction() as tx:
            await delivery.end_shift(tx, driver_id=driver_id, closing_cents=self._cents() or None)

    async def _sign_off(self, driver_id: UUID, _: UUID) -> None:
        found, _total = await cash.list_drawers(self._db, status=None, driver_id=driver_id, limit=1, offset=0)
        for drawer in found:
            received = self._chance.choice((drawer.expected_cents, self._cents()))
            async with self._db.transaction() as tx:
                await cash.sign_off(
                    tx, drawer.id, actor_id=self._staff, received_cents=received, note="As it was."
                )


@pytest.mark.parametrize("seed", range(4))
async def test_a_drivers_drawer_in_the_books_is_what_lies_in_it(
    app: Application, db: Database, seed: int
) -> None:
    chance = random.Random(seed)
    drivers = [await make_person(app, role=Role.DRIVER) for _ in range(2)]
    day = Day(db, chance, drivers, await make_person(app, role=Role.ADMIN))
    method = await keep_cash(db, await make_person(app))
    for _ in range(STEPS):
        await day.go_on(await bare_order(db, method))
        for driver_id in drivers:
            assert await stands(db, Account.DRAWER, driver_id) == await db.fetchval(IN_DRAWERS, driver_id)
    row = await db.fetchrow(SIGNED_OFF)
    assert row is not None
    floats_out = await db.fetchval(
        "SELECT coalesce(sum(float_cents), 0)::int FROM cash_drawers WHERE status <> 'signed_off'"
    )
    assert await stands(db, Account.SAFE) == row["brought"] - floats_out
    assert await stands(db, Account.CASH_OVER_SHORT) == -row["too_much"]
    assert await stands(db, Account.DEPOSITS) == -sum(day.taken.values())
    assert await db.fetchval("SELECT sum(collected_cents)::int FROM cash_drawers") == sum(day.taken.values())
    assert 0 < day.refused < STEPS


async def test_cash_without_a_drawer_reaches_neither_drawer_nor_books(app: Application, db: Database) -> None:
    driver_id = await make_person(app, role=Role.DRIVER)
    order_id = await bare_order(db, await keep_cash(db, await make_person(app)))
    with pytest.raises(NoOpenDrawer):
        async with db.transaction() as tx:
            await cash.take(tx, driver_id=driver_id, order_id=order_id, amount_cents=2450)
    assert await db.fetchval("SELECT count(*) FROM ledger_transfers") == 0
