"""What a round of dispatch costs: 200 orders to 40 drivers, through the database, beside choosing alone.

The floor is the same rule (the nearest driver at rest with room) on the same orders and drivers, without reading,
looking again, writing and auditing.
"""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.measuring import free_port, server_environment
from benchmarks.shop import BenchShop, Customer, fill
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.ports import Choice, Courier, Waiting, nearest
from faded_skies.domains.delivery.service import DispatchDesk
from faded_skies.domains.identity import service as identity
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Item, NewOrder
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places import service as places
from faded_skies.platform import clock, logging
from faded_skies.platform.actor import Role
from faded_skies.platform.embedded import start
from faded_skies.platform.ids import new_id
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

ROUNDS = 5
ORDERS = 200
DRIVERS = 40
AIM_SECONDS = 5.0

_SEED = 27
_TAKE_BACK = ("DELETE FROM stops", "DELETE FROM dispatch_decisions", "UPDATE orders SET driver_id = NULL")


@dataclass(frozen=True)
class Dispatched:
    """Medians of the rounds, in seconds, and how many orders and drivers there were."""

    orders: int
    drivers: int
    given: int
    seconds: float
    floor_seconds: float


class _Watching:
    """The shop's solver, which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: tuple[list[Waiting], list[Courier]] = ([], [])

    async def choose(
        self, shop: tuple[float, float], waiting: Sequence[Waiting], couriers: Sequence[Courier]
    ) -> list[Choice]:
        del shop
        self.asked = (list(waiting), list(couriers))
        return nearest(waiting, couriers)


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
        solver = _Watching()
        desk = DispatchDesk(
            ports.db, ports.valkey, ports.get(DispatchDesk).law, solver, ports.get(DispatchDesk).terms
        )
        took, floor, given = [], [], 0
        for number in range(rounds + 1):
            progress(f"Dispatching, round {number} of {rounds}" if number else "Warming up")
            began = time.perf_counter()
            held = await delivery.run_round(desk)
            took.append(time.perf_counter() - began)
            given = sum(choice.driver_id is not None for choice in held)
            began = time.perf_counter()
            nearest(*solver.asked)
            floor.append(time.perf_counter() - began)
            for statement in _TAKE_BACK:
                await ports.db.pool.execute(statement)
            await ports.db.pool.execute("VACUUM ANALYZE")
    return Dispatched(count, drivers, given, median(took[1:]), median(floor[1:]))


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
