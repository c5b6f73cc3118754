"""What a driver's position costs, from the service to the database, beside the guide's way of keeping it.

The real service in this process takes them, one at a time and as the backlog of a phone (100 in a call), and the real
flusher copies them into the database; all of it counts. The guide's way is one INSERT and one SETEX for each position,
by the same pool and client, in turn with ours; a second time it tells the order's watchers, too, as the guide's code
does. Counted is the CPU of this process and of both engines. Neither way has a socket's event or a session in it, which
cost both the same; the guide's way is spared limits and looking whose order it is besides. Single positions come at an
even pace, as from drivers who know nothing of each other; the backlog as fast as it is taken.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx
import orjson
import psutil
import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.measuring import free_port, server_environment
from benchmarks.shop import BenchShop, Customer, fill
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.jobs import PAUSE_SECONDS, PositionFlusher
from faded_skies.domains.delivery.service import Position, PositionDesk
from faded_skies.domains.payments.service import Tender
from faded_skies.platform import clock, logging
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

Call: TypeAlias = Callable[[], Coroutine[Any, Any, None]]

ROUNDS = 5
SECONDS = 3
"""For so long single positions come, in each round and at each pace."""
SINGLES = 1_000
"""Of the guide's, in the round of a backlog."""
BATCHES = 200
"""In a round."""
BATCH = 100
"""Positions in a call. So many singles and batches stay below the service's 600 calls a minute of each driver."""
AT_ONCE = 16
DRIVERS = 40
PACES = (30, 300, 1_000)
"""Positions a second: of drivers who tell where they are once in 4 seconds, 120, 1,200 and 4,000."""
TIMES_FEWER = 5
A_SECOND = 5_000

# The driver is the customer: it spares a second kind of people, and the service does not mind.
_ON_THE_ROAD = "UPDATE orders SET status = 'out_for_delivery', driver_id = user_id RETURNING id, user_id"
_GUIDES_TABLE = """
CREATE TABLE guides_locations (
    id uuid PRIMARY KEY, driver_id uuid NOT NULL, order_id uuid, latitude double precision NOT NULL,
    longitude double precision NOT NULL, heading real, speed real, recorded_at timestamptz NOT NULL
);
CREATE INDEX ON guides_locations (driver_id, recorded_at DESC)
"""
_GUIDES_INSERT = "INSERT INTO guides_locations VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
_STORED = "SELECT count(*) FROM driver_locations WHERE NOT suspect"
_LIVE_SECONDS = 60
_TICK_SECONDS = 0.01


@dataclass(frozen=True)
class Spent:
    """What one position cost in a round, in microseconds of CPU, and how many went through in a second."""

    ours_us: float
    engines_us: float
    per_second: float

    @property
    def whole_us(self) -> float:
        return self.ours_us + self.engines_us


@dataclass
class Way:
    """One way of keeping positions, each round of it, and what it is measured by: the guide's way in the same round."""

    title: str
    guides: "Way | None" = None
    rounds: list[Spent] = field(default_factory=list)


def measure_positions(
    *,
    rounds: int = ROUNDS,
    seconds: int = SECONDS,
    singles: int = SINGLES,
    batches: int = BATCHES,
    progress: Callable[[str], None],
) -> list[Way]:
    """Measure with this process on one core and the engines on the other; the guide's way comes first."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines, on_core(SERVER_CORE):
            environment = server_environment(folder, engines, free_port())
            found = _find_engines(folder)
            return uvloop.run(_measure(environment, found, rounds, (seconds, singles, batches), progress))


async def _measure(
    environment: dict[str, str],
    engines: Sequence[psutil.Process],
    rounds: int,
    sizes: tuple[int, int, int],
    progress: Callable[[str], None],
) -> list[Way]:
    seconds, singles, batches = sizes
    await migrate(environment["DATABASE_URL"])
    settings = Settings.model_validate(environment)
    logging.configure(settings.log_level, process="benchmark")
    async with bootstrap.application(settings) as application:
        road = await _set_out(application, engines)
        guides = Way(f"The guide's way, {AT_ONCE} at once")
        ways = [guides, Way("A phone's backlog", guides)]
        for pace in PACES:
            guides = Way(f"The guide's way, {pace:,} a second")
            telling = Way(f"The guide's way, {pace:,} a second, telling watchers", guides)
            ways += [guides, telling, Way(f"One by one, {pace:,} a second", guides)]
        kept = 0
        for number in range(rounds + 1):
            progress(f"Positions, round {number} of {rounds}" if number else "Warming up")
            found = [
                await road.spend(road.guides(singles), singles),
                await road.spend(road.ours(batches, size=BATCH), batches * BATCH),
            ]
            kept += batches * BATCH
            for pace in PACES:
                come = pace * seconds
                found += [
                    await road.spend_evenly(road.guides(come), come, pace),
                    await road.spend_evenly(road.guides(come, tells=True), come, pace),
                    await road.spend_evenly(road.ours(come, size=1), come, pace),
                ]
                kept += come
            if number:
                for way, spent in zip(ways, found, strict=True):
                    way.rounds.append(spent)
            await application.ports.db.pool.execute("VACUUM ANALYZE")
        stored = await application.ports.db.fetchval(_STORED)
        if stored != kept:
            raise RuntimeError(f"{kept} positions were handed in, {stored} were stored.")
    return ways


async def _set_out(application: Application, engines: Sequence[psutil.Process]) -> "_Road":
    """Put an order of each driver on the road."""
    shop = await fill(application, products=300, customers=DRIVERS)
    transport = httpx.ASGITransport(app=application.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        for customer in shop.customers:
            await _order(client, shop, customer)
    db = application.ports.db
    law: Law = application.ports.get(Law)
    await db.pool.execute(_GUIDES_TABLE)
    async with db.transaction() as tx:
        await service.renew_partitions(tx, law, now=clock.now() - timedelta(days=1))
    rows = await db.fetch(_ON_THE_ROAD)
    flusher = PositionFlusher(application.ports.valkey, db, law)
    await flusher.join()
    return _Road(
        application, [(UUID(str(row["user_id"])), UUID(str(row["id"]))) for row in rows], flusher, engines
    )


async def _order(client: httpx.AsyncClient, shop: BenchShop, customer: Customer) -> None:
    headers = {"Authorization": f"Bearer {customer.token}"}
    line = {"productId": str(shop.goods[0]), "quantity": 1}
    (await client.put("/api/cart/update", json=line, headers=headers)).raise_for_status()
    wish = {
        "deliveryAddressId": str(customer.address_id),
        "paymentMethodId": str(customer.methods[Tender.CASH]),
    }
    headers["Idempotency-Key"] = str(uuid4())
    (await client.post("/api/orders", json=wish, headers=headers)).raise_for_status()


class _Road:
    """Drivers who tell where they are."""

    def __init__(
        self,
        application: Application,
        drivers: Sequence[tuple[UUID, UUID]],
        flusher: PositionFlusher,
        engines: Sequence[psutil.Process],
    ) -> None:
        self._ports = application.ports
        self._drivers = drivers
        self._flusher = flusher
        self._engines = engines
        self._seconds = {driver_id: count() for driver_id, _ in drivers}
        self._began = int((clock.now() - timedelta(hours=20)).timestamp() * 1000)

    async def spend(self, calls: Iterator[Call], positions: int) -> Spent:
        """Make the calls, AT_ONCE of them at once, then have everything stored."""

        async def work() -> None:
            for call in calls:
                await call()

        async def make() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())

        return await self._count(make(), positions)

    async def spend_evenly(self, calls: Iterator[Call], positions: int, per_second: int) -> Spent:
        """Make so many calls a second, while the flusher stores them as it does in the worker."""

        async def make() -> None:
            flushing = asyncio.create_task(self._flush_meanwhile())
            await _pace(calls, per_second)
            flushing.cancel()
            await asyncio.wait([flushing])

        return await self._count(make(), positions)

    async def _flush_meanwhile(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            await asyncio.shield(self._flusher.flush())

    async def _count(self, work: Coroutine[Any, Any, None], positions: int) -> Spent:
        engines, process, began = _seconds_of(self._engines), time.process_time(), time.perf_counter()
        await work
        await self._flusher.flush()
        took = time.perf_counter() - began
        process, engines = time.process_time() - process, _seconds_of(self._engines) - engines
        return Spent(process / positions * 1e6, engines / positions * 1e6, positions / took)

    def ours(self, calls: int, *, size: int) -> Iterator[Call]:
        """Yield calls of the service with so many positions each."""
        desk: PositionDesk = self._ports.get(PositionDesk)
        for number in range(calls):
            driver_id, order_id = self._drivers[number % len(self._drivers)]
            positions = [self._position(driver_id, order_id) for _ in range(size)]

            async def record(driver_id: UUID = driver_id, positions: list[Position] = positions) -> None:
                await desk.take(driver_id=driver_id, positions=positions)

            yield record

    def guides(self, calls: int, *, tells: bool = False) -> Iterator[Call]:
        """Yield one INSERT and one SETEX for each position, and where it `tells` one emit."""
        for number in range(calls):
            driver_id, order_id = self._drivers[number % len(self._drivers)]
            one = self._position(driver_id, order_id)

            async def keep(driver_id: UUID = driver_id, one: Position = one) -> None:
                at = datetime.fromtimestamp(one.timestamp / 1000, UTC)
                await self._ports.db.pool.execute(
                    _GUIDES_INSERT,
                    uuid4(),
                    driver_id,
                    one.order_id,
                    one.lat,
                    one.lng,
                    one.heading,
                    one.speed,
                    at,
                )
                await self._ports.valkey.setex(
                    f"guide:location:{driver_id}", _LIVE_SECONDS, orjson.dumps(one)
                )
                if tells:
                    told = {
                        "lat": one.lat,
                        "lng": one.lng,
                        "heading": one.heading,
                        "speed": one.speed,
                        "timestamp": one.timestamp,
                    }
                    await self._ports.realtime.tell("driver-location", told, rooms=[f"order:{one.order_id}"])

            yield keep

    def _position(self, driver_id: UUID, order_id: UUID) -> Position:
        second = next(self._seconds[driver_id])
        return Position(order_id, 30.2 + second * 1e-5, -97.7, 90.0, 1.1, self._began + second * 1000)


async def _pace(calls: Iterator[Call], per_second: int) -> None:
    """Make the calls when they are due, whether those before have been answered or not."""
    loop = asyncio.get_running_loop()
    began, made = loop.time(), 0
    async with asyncio.TaskGroup() as group:
        while True:
            due = int((loop.time() - began) * per_second) - made
            for call in islice(calls, due):
                group.create_task(call())
                made += 1
                due -= 1
            if due > 0:
                return
            await asyncio.sleep(_TICK_SECONDS)


def _find_engines(folder: Path) -> list[psutil.Process]:
    """Return the processes whose data lies in the folder. Raises RuntimeError when there are none."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if any(str(folder) in word for word in process.cmdline()) or str(folder) in process.cwd():
                found.append(process)
    if not found:
        raise RuntimeError("The engines are not to be found among the processes.")
    return found


def _seconds_of(engines: Sequence[psutil.Process]) -> float:
    """Return the CPU time of the engines, of what they have started, and of what those have reaped."""
    family = {child.pid: child for engine in engines for child in (engine, *engine.children(recursive=True))}
    spent = 0.0
    for process in family.values():
        with suppress(psutil.NoSuchProcess):
            spent += sum(process.cpu_times()[:4])
    return spent
