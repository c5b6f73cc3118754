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
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from benchmarks.shop import STOCK

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
from faults.fleet import WORKER, Post, Program, free_port, killing, posting
from faults.people import hire, settle_in
from faults.proof import violations
from faults.stories import Patient, Person, Record, Scene, live

SERVERS = 2
_EVERY_SECONDS = 5


@dataclass(frozen=True)
class Wish:
    """What to run. `rate` is how likely each moment of a call to the gateway breaks."""

    orders: int = 1000
    in_flight: int = 64
    seed: int = 1
    rate: float = 0.006


@dataclass
class Outcome:
    """What happened: figures by name, faults by kind, and what is not as it must be."""

    seconds: float = 0
    figures: dict[str, int] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


async def run(wish: Wish) -> Outcome:
    """Run it all. Raises TimeoutError when the shop does not come to rest."""
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
    ports = [free_port() for _ in range(SERVERS + 1)]
    servers = [f"http://127.0.0.1:{port}" for port in ports[1:]]
    environment = _environment(folder, database_url, redis_url, post=ports[0])
    notes = folder / "faults"
    chance = random.Random(wish.seed)
    programs = [
        Program(
            ("-m", "faults.server"),
            environment
            | {
                "PORT": str(port),
                "FAULTS_SEED": str(wish.seed),
                "FAULTS_RATE": str(wish.rate),
                "FAULTS_NOTES": str(notes),
            },
            folder / f"serve-{port}.log",
        )
        for port in ports[1:]
    ]
    worker = Program(WORKER, environment, folder / "worker.log")
    post, counts, record = Post(servers, chance), Counter[str](), Record()
    async with (
        bootstrap.application(_settings(environment), serves=False) as application,
        posting(post, ports[0]),
    ):
        shop, customers = await settle_in(application, customers=wish.in_flight)
        driver_id, driver = await hire(application, Role.DRIVER)
        _, admin = await hire(application, Role.ADMIN)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(program.run()) for program in programs]
            working = group.create_task(worker.run())
            await _ready(servers)
            async with httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=None)) as http:
                patient = Patient(http, servers, chance, record)
                await patient.expect(
                    "POST", "/api/driver/shift", driver, {"online": True, "openingCash": 100}
                )
                goods = [(product_id, 0) for product_id in shop.goods]
                scene = Scene(patient, record, chance, driver, str(driver_id), admin, goods)
                killer = group.create_task(killing([*programs, worker], chance, counts))
                await _shop_until(wish, scene, customers)
                killer.cancel()
            for task in running:
                task.cancel()
            await _rest(application, post)
            working.cancel()
        found = await violations(application, record, opening_stock=STOCK)
        figures = await _figures(application.ports.db, record)
    counts += post.counts
    if notes.exists():
        counts += Counter(notes.read_text().splitlines())
    counts["processes that died"] = sum(program.deaths for program in (*programs, worker))
    return Outcome(figures=figures, faults=counts, violations=found)


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
                done = wish.orders - left
                lost = scene.record.counts["answers lost"]
                print(
                    f"  {done:>6,} of {wish.orders:,} orders begun, {lost:,} answers lost",
                    file=sys.stderr,
                    flush=True,
                )

    async with asyncio.TaskGroup() as group:
        for customer in customers:
            group.create_task(one(customer))


async def _rest(application: Application, post: Post) -> None:
    """Let 20 minutes pass: deliveries come, the worker works, the sweeps ask, holds end."""
    db = application.ports.db
    gateways: Gateways = application.ports.get(Gateways)
    await post.finish()
    await _quiet(db)
    await jobs.ask_again(db, gateways, older_than=timedelta(0))
    await _quiet(db)
    await db.fetch(
        "UPDATE payment_intents SET created_at = created_at - interval '20 minutes', "
        "expires_at = expires_at - interval '20 minutes'"
    )
    await orders.expire_holds(db, now=clock.now() + timedelta(minutes=20))
    for _ in range(3):
        await _quiet(db)
        await jobs.end_abandoned(db, gateways)
        await jobs.ask_again(db, gateways, older_than=timedelta(0))
        await jobs.retry_refunds(db, gateways, older_than=timedelta(0))
    await _quiet(db)


async def _quiet(db: Database) -> None:
    busy = "SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')"
    deadline = time.monotonic() + 300
    while await db.fetchval(busy):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker does not come to rest")
        await asyncio.sleep(0.1)


async def _ready(servers: list[str]) -> None:
    async with httpx.AsyncClient() as http:
        for server in servers:
            for _ in range(600):
                with suppress(httpx.HTTPError):
                    if (await http.get(f"{server}/health/live")).is_success:
                        break
                await asyncio.sleep(0.05)
            else:
                raise TimeoutError(f"{server} does not answer")


async def _figures(db: Database, record: Record) -> dict[str, int]:
    states = await db.fetch(
        "SELECT status, count(*)::int AS orders FROM orders GROUP BY status ORDER BY status"
    )
    others = await db.fetchrow(
        """
        SELECT (SELECT count(*)::int FROM payment_intents) AS attempts,
               (SELECT count(*)::int FROM payment_intents WHERE status = 'succeeded') AS charged,
               (SELECT count(*)::int FROM payment_intents WHERE status = 'surplus') AS "refunded as surplus",
               (SELECT count(*)::int FROM refunds) AS refunds,
               (SELECT count(*)::int FROM webhook_events) AS deliveries,
               (SELECT count(*)::int FROM ledger_transfers) AS transfers
        """
    )
    return {
        **dict(sorted(record.counts.items())),
        **{f"orders {row['status']}": row["orders"] for row in states},
        **dict(others or {}),
    }


def _settings(environment: dict[str, str]) -> Settings:
    return Settings.model_validate(environment | {"NODE_ENV": "test"})


def _environment(folder: Path, database_url: str, redis_url: str, *, post: int) -> dict[str, str]:
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
