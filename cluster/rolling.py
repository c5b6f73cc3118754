"""`python -m cluster.rolling`: renew every server and worker under load, behind nginx, and count what failed."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
import socketio
from faults.fleet import Program, free_port, ready, running
from faults.patient import Person
from faults.people import settle_in
from faults.run import Shop, shop_environment

from faded_skies import bootstrap
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings
from faded_skies.reports.verifying import verify

JSON = dict[str, object]

AWAY_SECONDS = 11
"""What nginx leaves a server alone for once it said that it leaves (fail_timeout), and one more."""

_PAUSE_SECONDS = 0.02
_SETTLED_SECONDS = 60


@dataclass(frozen=True)
class Wish:
    """What to renew, and under which load."""

    servers: int = 3
    workers: int = 2
    customers: int = 8
    sockets: int = 40


@dataclass
class Outcome:
    """What happened; `failed` holds a sentence for each request without a good answer, and whatever else is wrong."""

    requests: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    longest: float = 0
    cut: int = 0
    returned: int = 0
    slowest_return: float = 0
    renewals: dict[str, float] = field(default_factory=dict)


class Ear:
    """A customer's socket that comes back by itself, as the apps' do."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._lost: float | None = None
        self.io = socketio.AsyncClient(
            reconnection_delay=0.1, reconnection_delay_max=1, randomization_factor=0.5, handle_sigint=False
        )
        self.io.on("connect", self._came)
        self.io.on("disconnect", self._went)

    async def _came(self) -> None:
        if self._lost is not None:
            self._outcome.returned += 1
            self._outcome.slowest_return = max(self._outcome.slowest_return, time.monotonic() - self._lost)
            self._lost = None

    async def _went(self, reason: str) -> None:
        if reason != self.io.reason.CLIENT_DISCONNECT:
            self._outcome.cut += 1
            self._lost = time.monotonic()


def run(wish: Wish) -> Outcome:
    """Renew everything once. Raises TimeoutError when a process does not come back."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="faded-skies-rolling-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with start(folder) as engines:
            asyncio.run(migrate(engines.database_url))
            addresses = [f"http://127.0.0.1:{free_port()}" for _ in range(wish.servers + 1)]
            environment = shop_environment(
                folder, engines.database_url, engines.redis_url, post=free_port()
            ) | {"DRAIN_FOR": "3s", "TRUSTED_PROXIES": "127.0.0.1", "DATABASE_POOL_SIZE": "6"}
            shop = Shop(folder, addresses[1:], environment, wish.workers, door=addresses[0])
            asyncio.run(_renew_under_load(wish, shop, outcome))
    return outcome


async def _renew_under_load(wish: Wish, shop: Shop, outcome: Outcome) -> None:
    settings = Settings.model_validate({**shop.environment, "NODE_ENV": "test"})
    door = shop.doors[0]
    async with bootstrap.application(settings, serves=False) as application:
        menu, customers = await settle_in(application, customers=wish.customers)
        programs = shop.programs(("-m", "faded_skies", "serve"), ("-m", "faded_skies", "worker"))
        async with running(programs, {*shop.servers, door}):
            ears = [Ear(outcome) for _ in range(wish.sockets)]
            try:
                for number, ear in enumerate(ears):
                    token = customers[number % len(customers)].headers["Authorization"].split()[1]
                    await ear.io.connect(door, auth={"token": token}, transports=["websocket"])
                click.echo(f"{wish.customers} customers, {wish.sockets} sockets; renewing …", err=True)
                async with _trading(door, customers, [str(good) for good in menu.goods], outcome):
                    await _renew(shop, programs[: wish.servers + wish.workers], outcome)
                await _all_connected(ears, outcome)
            finally:
                for ear in ears:
                    await ear.io.shutdown()
        outcome.failed += [
            str(one) async for verdict in verify(application.ports.db) for one in verdict.shown
        ]


async def _renew(shop: Shop, programs: list[Program], outcome: Outcome) -> None:
    """Ask one after the other to end, and go on when it is back and nginx knows."""
    for number, program in enumerate(programs):
        serves = number < len(shop.servers)
        name = f"server {number + 1}" if serves else f"worker {number - len(shop.servers) + 1}"
        began = time.monotonic()
        await program.renew()
        if serves:
            await ready([shop.servers[number]])
        outcome.renewals[name] = time.monotonic() - began
        click.echo(f"{name} was renewed in {outcome.renewals[name]:.1f} s", err=True)
        if serves:
            await asyncio.sleep(AWAY_SECONDS)


@asynccontextmanager
async def _trading(
    door: str, customers: list[Person], goods: list[str], outcome: Outcome
) -> AsyncIterator[None]:
    """Let customers look, fill carts and order meanwhile."""
    closing = asyncio.Event()
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=door, timeout=60, limits=limits) as http,
        asyncio.TaskGroup() as group,
    ):
        for number, customer in enumerate(customers):
            group.create_task(_shop(Caller(http, customer, outcome), random.Random(number), goods, closing))
        try:
            yield
        finally:
            closing.set()


@dataclass(frozen=True)
class Caller:
    """One customer's calls, none of them repeated."""

    http: httpx.AsyncClient
    person: Person
    outcome: Outcome

    async def call(self, method: str, path: str, body: JSON | None = None) -> None:
        what = f"{method} {path.partition('?')[0]}"
        began = time.monotonic()
        try:
            answer = await self.http.request(method, path, json=body, headers=self.person.headers)
        except httpx.HTTPError as error:
            self.outcome.failed.append(f"{what}: {type(error).__name__} {error}")
            return
        finally:
            self.outcome.longest = max(self.outcome.longest, time.monotonic() - began)
        self.outcome.requests[f"{method} {answer.status_code}"] += 1
        if answer.is_server_error:
            self.outcome.failed.append(f"{what}: {answer.status_code} {answer.text[:200]}")


async def _shop(caller: Caller, chance: random.Random, goods: list[str], closing: asyncio.Event) -> None:
    order: JSON = {
        "deliveryAddressId": caller.person.address_id,
        "paymentMethodId": caller.person.methods["cash"],
        "tip": 0,
    }
    while not closing.is_set():
        good = chance.choice(goods)
        await caller.call("GET", "/api/products?limit=20")
        await caller.call("GET", f"/api/products/{good}")
        await caller.call("PUT", "/api/cart/update", {"productId": good, "quantity": chance.randint(1, 2)})
        await caller.call("POST", "/api/orders", order)
        await caller.call("GET", "/api/orders?limit=5")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _all_connected(ears: list[Ear], outcome: Outcome) -> None:
    """Wait until every socket is back."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    while away := sum(not ear.io.connected for ear in ears):
        if time.monotonic() > deadline:
            outcome.failed.append(f"{away} sockets did not come back")
            return
        await asyncio.sleep(0.1)


@click.command()
@click.option("--servers", default=Wish.servers, show_default=True, help="How many servers, at least 2.")
@click.option("--workers", default=Wish.workers, show_default=True, help="How many workers.")
@click.option("--customers", default=Wish.customers, show_default=True, help="How many shop meanwhile.")
@click.option("--sockets", default=Wish.sockets, show_default=True, help="How many sockets listen meanwhile.")
def main(servers: int, workers: int, customers: int, sockets: int) -> None:
    """Renew servers and workers one after the other, as an update does, while customers shop through nginx.

    A shop on engines of its own, in a temporary folder. Customers repeat nothing: every request without a good answer
    counts as failed, and so does a socket that does not come back. Exit code 1 when anything failed.
    """
    outcome = run(Wish(servers, workers, customers, sockets))
    click.echo("\nRequests")
    for name, count in sorted(outcome.requests.items()):
        click.echo(f"{count:>10,}  {name}")
    click.echo(f"{outcome.longest:>10.2f}  seconds for the slowest\n\nSockets")
    click.echo(f"{sockets:>10,}  connected\n{outcome.cut:>10,}  cut\n{outcome.returned:>10,}  came back")
    click.echo(f"{outcome.slowest_return:>10.2f}  seconds for the slowest return\n\nRenewed")
    for name, seconds in outcome.renewals.items():
        click.echo(f"{seconds:>10.2f}  seconds  {name}")
    click.echo(f"\n{len(outcome.failed):>10,}  FAILED")
    for failure in outcome.failed[:50]:
        click.echo(f"            {failure}")
    raise SystemExit(1 if outcome.failed else 0)


if __name__ == "__main__":
    main()
