"""One run: a shop on engines of its own, customers, faults, rest, proof."""

import asyncio
import os
import random
import secrets
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from benchmarks.shop import STOCK
from cluster import leash, nginx

from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments import jobs
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings
from faults.fleet import Program, free_port, running, troubled
from faults.patient import Patient, Person, Record
from faults.people import COINS, hire, settle_in
from faults.post import Post, posting
from faults.proof import violations
from faults.stories import Scene, close_shift, live, open_shift

_LEASH = str(Path(leash.__file__))
_EVERY_SECONDS = 5
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Wish:
    """What to run. `rate` is how likely each moment of a call to the gateway breaks.

    `behind_nginx` puts nginx between customers and servers; then it is killed now and then, too.
    """

    orders: int = 1000
    in_flight: int = 64
    seed: int = 1
    rate: float = 0.004
    servers: int = 2
    workers: int = 1
    behind_nginx: bool = False


@dataclass
class Outcome:
    """What happened: figures by name, faults by kind, and what is not as it must be."""

    seconds: float = 0
    figures: dict[str, int] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Shop:
    """Where the shop runs: its folder, its servers, and what its processes find in their environment.

    `door` is the address of nginx, where there is one.
    """

    folder: Path
    servers: Sequence[str]
    environment: Mapping[str, str]
    workers: int = 1
    door: str | None = None

    @property
    def notes(self) -> Path:
        """Where the processes write their faults down."""
        return self.folder / "faults"

    @property
    def doors(self) -> Sequence[str]:
        """Where customers call."""
        return [self.door] if self.door else self.servers

    def programs(self, serve: Sequence[str], work: Sequence[str], **more: str) -> list[Program]:
        """Return its servers, its workers, and nginx where there is one; their seeds differ."""
        lives = [*[serve] * len(self.servers), *[work] * self.workers]
        programs = [
            Program(arguments, self._of(number, more), self.folder / f"{arguments[1]}-{number}.log")
            for number, arguments in enumerate(lives)
        ]
        return [*programs, self._nginx(self.door)] if self.door else programs

    def _of(self, number: int, more: Mapping[str, str]) -> dict[str, str]:
        port = _port(self.servers[min(number, len(self.servers) - 1)])
        own = {name: f"{value} process {number}" for name, value in more.items() if name == "FAULTS_SEED"}
        return {**self.environment, **more, **own, "PORT": str(port)}

    def _nginx(self, door: str) -> Program:
        folder = self.folder / "nginx"
        nginx.lay_out(
            folder, listen=nginx.listen_on(_port(door)), ports=[_port(server) for server in self.servers]
        )
        return Program([_LEASH, *nginx.command(folder)], self.environment, self.folder / "nginx.log")


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


async def run(wish: Wish) -> Outcome:
    """Run it all. Raises TimeoutError when the shop does not answer, or does not come to rest."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faded-skies-faults-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with start(folder) as engines:
            await migrate(engines.database_url)
            outcome = await _live(wish, folder, engines.database_url, engines.redis_url)
    outcome.seconds = time.monotonic() - began
    return outcome


async def _live(wish: Wish, folder: Path, database_url: str, redis_url: str) -> Outcome:
    ports = [free_port() for _ in range(wish.servers + 2)]
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    environment = shop_environment(folder, database_url, redis_url, post=ports[0])
    shop = Shop(
        folder, addresses[2:], environment, wish.workers, door=addresses[1] if wish.behind_nginx else None
    )
    chance, record = random.Random(wish.seed), Record()
    post = Post(shop.doors, chance)
    settings = Settings.model_validate({**environment, "NODE_ENV": "test"})
    async with bootstrap.application(settings, serves=False) as application, posting(post, ports[0]):
        counts = await _trade(wish, shop, application, record, chance)
        db = application.ports.db
        async with running(
            shop.programs(("-m", "faded_skies", "serve"), ("-m", "faded_skies", "worker")),
            {*shop.servers, *shop.doors},
        ):
            await _rest(application, post)
        found = await violations(db, record, opening_stock=STOCK, opening_coins=COINS)
        figures = await _figures(db, record)
    return Outcome(figures=figures, faults=counts + post.counts, violations=found)


async def _trade(
    wish: Wish, shop: Shop, application: Application, record: Record, chance: random.Random
) -> Counter[str]:
    """Let everybody trade while everything breaks; returns the faults by kind."""
    menu, customers = await settle_in(application, customers=wish.in_flight)
    driver_id, driver = await hire(application, Role.DRIVER)
    _, admin = await hire(application, Role.ADMIN)
    counts = Counter[str]()
    settings = application.ports.settings
    programs = shop.programs(
        ("-m", "faults.server"),
        ("-m", "faults.worker"),
        FAULTS_SEED=str(wish.seed),
        FAULTS_RATE=str(wish.rate),
        FAULTS_NOTES=str(shop.notes),
    )
    async with (
        running(programs, {*shop.servers, *shop.doors}),
        httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=None)) as http,
    ):
        patient = Patient(http, shop.doors, chance, record)
        scene = Scene(patient, record, chance, driver, str(driver_id), admin, menu.goods)
        async with troubled(programs, shop.doors, settings.database_url, chance, counts):
            await open_shift(scene)
            await _shop_until(wish, scene, customers)
            await close_shift(scene)
        counts["processes that died"] = sum(program.deaths for program in programs)
    return counts + Counter(shop.notes.read_text().splitlines())


async def _shop_until(wish: Wish, scene: Scene, customers: list[Person]) -> None:
    """Let each customer live one order after the other until all are begun; tell how far it is."""
    left = wish.orders
    shown = time.monotonic()

    async def one(customer: Person) -> None:
        nonlocal left, shown
        while left > 0:
            left -= 1
            await live(scene, customer)
            if time.monotonic() - shown > _EVERY_SECONDS:
                shown = time.monotonic()
                lost = scene.record.counts["answers lost on their way"]
                line = f"  {wish.orders - left:>6,} of {wish.orders:,} orders begun, {lost:,} answers lost"
                print(line, file=sys.stderr, flush=True)

    async with asyncio.TaskGroup() as group:
        for customer in customers:
            group.create_task(one(customer))


async def _rest(application: Application, post: Post) -> None:
    """Let 20 minutes pass: deliveries come, the worker works, the sweeps ask, holds end."""
    db = application.ports.db
    gateways: Gateways = application.ports.get(Gateways)
    await _quiet(db, post)
    await jobs.ask_again(db, gateways, older_than=timedelta(0))
    await _quiet(db, post)
    await db.fetch(
        "UPDATE payment_intents SET created_at = created_at - interval '20 minutes', "
        "expires_at = expires_at - interval '20 minutes'"
    )
    await orders.expire_holds(db, now=clock.now() + timedelta(minutes=20))
    for _ in range(3):
        await _quiet(db, post)
        await jobs.end_abandoned(db, gateways)
        await jobs.ask_again(db, gateways, older_than=timedelta(0))
        await jobs.retry_refunds(db, gateways, older_than=timedelta(0))
    await _quiet(db, post)


async def _quiet(db: Database, post: Post) -> None:
    """Wait until nothing is on its way: no delivery, and no job that is not held. Raises TimeoutError."""
    busy = """
    SELECT (SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked'))
         + (SELECT count(*) FROM sandbox.deliveries)
    """
    async with asyncio.timeout(_PATIENCE_SECONDS):
        # The post is asked after the query: what left the sandbox during it is with the post by then.
        while await db.fetchval(busy) or post.is_under_way:
            await asyncio.sleep(0.1)
            await post.finish()


async def _figures(db: Database, record: Record) -> dict[str, int]:
    states = await db.fetch(
        "SELECT status, count(*)::int AS orders FROM orders GROUP BY status ORDER BY status"
    )
    others = await db.fetchrow(
        """
        SELECT (SELECT count(*)::int FROM payment_intents) AS "attempts to charge",
               (SELECT count(*)::int FROM payment_intents WHERE status IN ('succeeded', 'surplus')) AS "charges",
               (SELECT count(*)::int FROM payment_intents WHERE status = 'surplus') AS "charges unwanted, refunded",
               (SELECT count(*)::int FROM refunds) AS "refunds of money",
               (SELECT count(*)::int FROM webhook_events) AS "webhooks kept",
               (SELECT count(*)::int FROM ledger_transfers) AS "transfers in the books"
        """
    )
    return {
        **dict(sorted(record.counts.items())),
        **{f"orders {row['status']} in the end".replace("_", " "): row["orders"] for row in states},
        **dict(others or {}),
    }


def shop_environment(folder: Path, database_url: str, redis_url: str, *, post: int) -> dict[str, str]:
    here = Path(__file__).resolve().parents[1]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{here}{os.pathsep}{here / 'src'}",
        "NODE_ENV": "development",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JWT_SECRET": secrets.token_urlsafe(40),
        "VAULT_MASTER_KEYS": f"faults:{b64encode(secrets.token_bytes(32)).decode()}",
        "FADED_SKIES_DATA": str(folder / "data"),
        "API_URL": f"http://127.0.0.1:{post}",
        "MFA_REQUIRED": "false",
        "RATE_LIMIT_MAX": "100000000",
        "RATE_LIMIT_ORDER_MAX": "100000000",
        "LOG_LEVEL": "warning",
    }
