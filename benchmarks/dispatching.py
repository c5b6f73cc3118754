"""What a round of dispatch costs: 200 orders to 40 drivers, through the database, beside choosing alone.

The floor is the same rule (the nearest driver at rest with room) on the same orders and drivers, without reading,
looking again, writing and auditing. What plans are worth is how late orders come and how long is driven, as both ways
of planning would have it.
"""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from uuid import UUID

import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.measuring import free_port, server_environment
from benchmarks.shop import BenchShop, Customer, fill
from faded_skies import bootstrap
from faded_skies.adapters.dispatch.batches import BatchSolver
from faded_skies.adapters.dispatch.nearest import NearestDriver
from faded_skies.adapters.documents.child import Children
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.ports import Question, Route, RouteSolver
from faded_skies.domains.delivery.rules.routes import arrivals, decide
from faded_skies.domains.delivery.service import DispatchDesk
from faded_skies.domains.identity import service as identity
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Item, NewOrder
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places import service as places
from faded_skies.platform import clock, logging
from faded_skies.platform.actor import Role
from faded_skies.platform.embedded import start
from faded_skies.platform.geo import distance_m
from faded_skies.platform.ids import new_id
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

ROUNDS = 3
ORDERS = 200
DRIVERS = 40
AIM_SECONDS = 5.0

_SEED = 27
_TAKE_BACK = ("DELETE FROM stops", "DELETE FROM dispatch_decisions", "UPDATE orders SET driver_id = NULL")


@dataclass(frozen=True)
class Planned:
    """One way of planning: the median of its rounds in seconds, orders given, minutes until they come, hours driven."""

    name: str
    given: int
    seconds: float
    minutes: float
    driven_hours: float


@dataclass(frozen=True)
class Dispatched:
    """How many orders and drivers there were, choosing alone in seconds, and each way of planning."""

    orders: int
    drivers: int
    floor_seconds: float
    plans: Sequence[Planned]


class _Watching:
    """A solver that remembers what it was asked and what it said."""

    def __init__(self, solver: RouteSolver) -> None:
        self._solver = solver
        self.asked: Question | None = None
        self.said: Sequence[Route] = ()

    async def propose(self, question: Question) -> Sequence[Route]:
        self.asked = question
        self.said = await self._solver.propose(question)
        return self.said


def measure_dispatching(
    *,
    rounds: int = ROUNDS,
    count: int = ORDERS,
    drivers: int = DRIVERS,
    progress: Callable[[str], None],
) -> Dispatched:
    """Measure rounds, the application on one core, PostgreSQL and Valkey on the other."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines, on_core(SERVER_CORE):
            environment = server_environment(folder, engines, free_port())
            return uvloop.run(_measure(environment, rounds, count, drivers, progress))


async def _measure(
    environment: dict[str, str], rounds: int, count: int, drivers: int, progress: Callable[[str], None]
) -> Dispatched:
    await migrate(environment["DATABASE_URL"])
    settings = Settings.model_validate(environment)
    logging.configure(settings.log_level, process="benchmark")
    async with bootstrap.application(settings) as application:
        shop = await fill(application, products=20, customers=4)
        await _prepare(application, shop, count, drivers)
        ports = application.ports
        plans, floors = [], []
        for name, solver in (("nearest", NearestDriver()), ("batches", BatchSolver(Children(at_once=1)))):
            watching = _Watching(solver)
            desk = replace(ports.get(DispatchDesk), solver=watching)
            took, held = [], []
            for number in range(rounds + 1):
                progress(
                    f"Dispatching by {name}, round {number} of {rounds}" if number else f"Warming up {name}"
                )
                began = time.perf_counter()
                held = [one for one in await delivery.run_round(desk) if one.driver_id is not None]
                took.append(time.perf_counter() - began)
                assert watching.asked is not None
                began = time.perf_counter()
                decide(watching.asked, [])
                floors.append(time.perf_counter() - began)
                for statement in _TAKE_BACK:
                    await ports.db.pool.execute(statement)
                await ports.db.pool.execute("VACUUM ANALYZE")
            plans.append(_planned(name, watching, took[1:], given=len(held)))
    return Dispatched(count, drivers, median(floors[1:]), plans)


def _planned(name: str, watching: _Watching, took: Sequence[float], *, given: int) -> Planned:
    question = watching.asked
    assert question is not None
    waits, driven = [], 0.0
    for courier in decide(question, watching.said).couriers.values():
        if courier.holds:
            at, _ = arrivals(question, courier, courier.holds)
            waits += [(moment - question.now).total_seconds() / 60 for moment in at]
            doors = [question.shop, *((one.latitude, one.longitude) for one in courier.holds), question.shop]
            driven += (
                sum(distance_m(*one, *other) for one, other in pairwise(doors)) / question.speed_m_s / 3600
            )
    return Planned(name, given, median(took), sum(waits) / len(waits), driven)


async def _prepare(application: Application, shop: BenchShop, count: int, drivers: int) -> None:
    chance = random.Random(_SEED)
    db = application.ports.db
    for number in range(drivers):
        driver_id = await _hire(application, number)
        async with db.transaction() as tx:
            await delivery.start_shift(tx, driver_id=driver_id, vehicle_id=None, opening_cents=None)
            await tx.execute(
                "INSERT INTO driver_locations (driver_id, recorded_at, latitude, longitude) VALUES ($1, now(), $2, $3)",
                driver_id,
                30.2672 + chance.uniform(-0.1, 0.1),
                -97.7431 + chance.uniform(-0.1, 0.1),
            )
    for number in range(count):
        customer = shop.customers[number % len(shop.customers)]
        async with db.transaction() as tx:
            await orders.place(
                tx,
                _order(customer, shop.products[0], chance.uniform(-0.1, 0.1), chance.uniform(-0.1, 0.1)),
                settled=True,
                now=clock.now(),
            )
    async with db.transaction() as tx:
        await places.change_shop(tx, {"automatic_dispatch": True}, actor_id=shop.customers[0].id)


async def _hire(application: Application, number: int) -> UUID:
    driver_id = new_id()
    async with application.ports.db.transaction() as tx:
        await identity.create_person(
            tx,
            user_id=driver_id,
            email=f"driver-{number}@bench.example",
            password_hash="none",
            full_name=f"Driver {number}",
            phone=None,
            date_of_birth=clock.now().date().replace(year=1990, day=1),
            role=Role.DRIVER,
            id_verified=True,
            email_verified=True,
        )
    return driver_id


def _order(customer: Customer, product_id: UUID, north: float, east: float) -> NewOrder:
    return NewOrder(
        id=new_id(),
        user_id=customer.id,
        cart_id=new_id(),
        delivery_address_id=customer.address_id,
        delivery_address={
            "addressLine1": "1 Main St",
            "city": "Austin",
            "state": "TX",
            "zipCode": "78701",
            "latitude": 30.2672 + north,
            "longitude": -97.7431 + east,
        },
        payment_method_id=customer.methods[Tender.CASH],
        tender="cash",
        items=[Item(product_id, "Grinder", "accessory", 1, 2450, 2450, 3500, 0, 0, 0, 0)],
        subtotal_cents=2450,
        tax_cents=0,
        taxes={"state": 0, "cannabis": 0, "local": 0, "breakdown": []},
        delivery_fee_cents=0,
        tip_cents=0,
        coins_used=0,
        special_instructions=None,
        rules_hash="none",
    )
