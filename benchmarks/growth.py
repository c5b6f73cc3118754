"""What requests cost while the catalogue and the orders grow: as a small shop and as a large one."""

import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx
import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.growing import DRIVERS, Filler
from benchmarks.measuring import free_port, server_environment
from benchmarks.recording import Recorder, database_seconds, recording
from benchmarks.shop import BenchShop, Customer, fill
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.models import Account, Grant
from faded_skies.platform import logging
from faded_skies.platform.actor import Role
from faded_skies.platform.embedded import start
from faded_skies.platform.ids import new_id
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

Request: TypeAlias = Callable[[], Awaitable[None]]

STAGES = ((1_000, 10_000), (100_000, 10_000), (100_000, 1_000_000))
"""Products and orders, each stage on top of the one before."""
CALLS = 30
PEOPLE = 20_000


@dataclass(frozen=True)
class Slow:
    """A statement of a request, and its median milliseconds."""

    sql: str
    ms: float


@dataclass(frozen=True)
class Grown:
    """What a request cost at one stage: medians of its calls in ms, and its dearest statement."""

    whole: float
    database: float
    dearest: Slow


@dataclass(frozen=True)
class _Staff:
    id: UUID
    token: str


@dataclass
class Growth:
    """The stages, as (products, orders), and what each request cost at each of them."""

    stages: list[tuple[int, int]] = field(default_factory=list)
    requests: dict[str, list[Grown]] = field(default_factory=dict)


def measure_growth(
    *,
    stages: Sequence[tuple[int, int]] = STAGES,
    people: int = PEOPLE,
    calls: int = CALLS,
    progress: Callable[[str], None],
) -> Growth:
    """Let a shop grow in stages, and measure requests one after the other at each."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines, on_core(SERVER_CORE):
            environment = server_environment(folder, engines, free_port())
            return uvloop.run(_measure(environment, stages, people, calls, progress))


async def _measure(
    environment: dict[str, str],
    stages: Sequence[tuple[int, int]],
    people: int,
    calls: int,
    progress: Callable[[str], None],
) -> Growth:
    await migrate(environment["DATABASE_URL"])
    settings = Settings.model_validate(environment)
    logging.configure(settings.log_level, process="benchmark")
    growth = Growth()
    async with bootstrap.application(settings) as application:
        shop = await fill(application, products=300, customers=calls)
        transport = httpx.ASGITransport(app=application.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            staff = {role: await _hire(application, role) for role in (Role.ADMIN, Role.AGENT, Role.DRIVER)}
            visitor = _Visitor(client, shop, staff)
            await visitor.begin()
            drivers = [staff[Role.DRIVER].id, *(new_id() for _ in range(DRIVERS - 1))]
            filler = await Filler.open(settings.database_url, shop, people, drivers)
            try:
                for products, orders in stages:
                    await filler.grow(products, orders, progress)
                    growth.stages.append((products, orders))
                    with recording() as recorder:
                        for title, requests in visitor.requests(filler):
                            progress(f"{title}, {products:,} products and {orders:,} orders")
                            growth.requests.setdefault(title, []).append(
                                await _time(recorder, itertools.islice(requests, calls + 1))
                            )
            finally:
                await filler.close()
    return growth


async def _time(recorder: Recorder, requests: Iterator[Request]) -> Grown:
    whole: list[float] = []
    database: list[float] = []
    by_statement: dict[str, list[float]] = {}
    for number, request in enumerate(requests):
        recorder.is_on = True
        began = time.perf_counter()
        await request()
        took = time.perf_counter() - began
        recorder.is_on = False
        statements, _ = recorder.take()
        if number == 0:
            continue  # statements are prepared, pages read for the first time
        whole.append(took * 1000)
        database.append(database_seconds(statements) * 1000)
        for one in statements:
            by_statement.setdefault(one.sql, []).append((one.ended - one.began) * 1000)
    dearest = max(by_statement, key=lambda sql: median(by_statement[sql]))
    return Grown(median(whole), median(database), Slow(dearest, median(by_statement[dearest])))


class _Visitor:
    """Asks as a customer and as staff do. No address repeats within a second, so nothing comes out of a cache."""

    def __init__(self, client: httpx.AsyncClient, shop: BenchShop, staff: dict[Role, _Staff]) -> None:
        self._client = client
        self._shop = shop
        self._staff = staff
        self._numbers = itertools.count(1)

    def requests(self, filler: Filler) -> list[tuple[str, Iterator[Request]]]:
        customer = _signed(self._shop.customers[0].token)
        admin, agent, driver = (
            _signed(self._staff[role].token) for role in (Role.ADMIN, Role.AGENT, Role.DRIVER)
        )
        order, product = filler.an_order, filler.a_product
        products, board, audit = (
            "/api/products?limit=20",
            "/api/admin/orders?limit=50",
            "/api/admin/audit-log",
        )
        asked: list[tuple[str, Callable[[int], str], dict[str, str]]] = [
            ("Product list, newest first", lambda n: f"{products}&maxPrice={1_000 + n}", {}),
            (
                "Product list, by category and price",
                lambda n: f"{products}&category=flower&sort=price_asc&maxPrice={1_000 + n}",
                {},
            ),
            (
                "Search for two words",
                lambda n: f"/api/products?search=blackberry%20gummies&limit={n % 20 + 1}",
                {},
            ),
            ("Product page", lambda _: f"/api/products/{product}", {}),
            ("A customer's orders", lambda _: "/api/orders?limit=20", customer),
            ("A customer's tickets", lambda _: "/api/support/tickets", customer),
            ("An order", lambda _: f"/api/orders/{order}", admin),
            ("An order's tracking", lambda _: f"/api/orders/{order}/tracking", admin),
            ("A driver's list", lambda _: "/api/driver/orders", driver),
            ("Staff's board, newest first", lambda _: board, admin),
            ("Staff's board, what is to be packed", lambda _: f"{board}&status=confirmed&needs=pack", admin),
            ("Staff's board, its counts", lambda _: "/api/admin/orders/counts", admin),
            ("Staff's board, a number's beginning", lambda n: f"{board}&search=G-{n % 90 + 9_100}", admin),
            ("Staff's board, a customer's name", lambda n: f"{board}&search=customer-{n % 10}@bench", admin),
            ("Staff's products, by name", lambda n: f"/api/admin/products?search=dream%20{n % 100}", admin),
            ("A product's stock", lambda _: f"/api/admin/products/{product}/stock", admin),
            ("What is nearly sold out", lambda _: "/api/admin/stock/low?below=5", admin),
            ("People, by name", lambda n: f"/api/admin/users?search=person-{n % 90 + 100}", admin),
            ("The audit log, newest first", lambda _: audit, admin),
            ("The audit log of an order", lambda _: f"{audit}?objectType=order&objectId={order}", admin),
            ("Tickets that wait", lambda _: "/api/agent/tickets", agent),
            ("All tickets", lambda _: "/api/agent/tickets?view=all", agent),
        ]
        return [
            *((title, self._get(path, headers)) for title, path, headers in asked),
            ("Placing an order of two products, cash", self._orders()),
        ]

    def _get(self, path: Callable[[int], str], headers: dict[str, str]) -> Iterator[Request]:
        async def ask() -> None:
            answer = await self._client.get(path(next(self._numbers)), headers=headers)
            if not answer.is_success:
                raise RuntimeError(f"{answer.url}: {answer.text}")

        return itertools.repeat(ask)

    def _orders(self) -> Iterator[Request]:
        for customer in itertools.cycle(self._shop.customers):

            async def place(customer: Customer = customer) -> None:
                await self.order(customer)

            yield place

    async def order(self, customer: Customer) -> str:
        """Fill the cart and order; returns the order's id."""
        signed = _signed(customer.token)
        for product_id in self._shop.goods[:2]:
            await self._post("/api/cart/add", {"productId": str(product_id), "quantity": 1}, signed)
        wish = {"deliveryAddressId": str(customer.address_id), "paymentMethodId": str(_cash(customer))}
        answer = await self._post("/api/orders", wish, signed | {"Idempotency-Key": str(uuid4())})
        return str(answer["order"]["id"])

    async def begin(self) -> None:
        """Leave what is copied afterwards: an order that a driver has, and a ticket."""
        order = await self.order(self._shop.customers[0])
        driver = {"driverId": str(self._staff[Role.DRIVER].id)}
        await self._post(f"/api/admin/orders/{order}/assign", driver, _signed(self._staff[Role.ADMIN].token))
        ticket = {"subject": "A jar is missing", "category": "orders", "message": "Only one of two came."}
        await self._post("/api/support/tickets", ticket, _signed(self._shop.customers[0].token))

    async def _post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        answer = await self._client.post(path, json=body, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{path}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


async def _hire(application: Application, role: Role) -> _Staff:
    """Make somebody who works here."""
    user_id, ports = new_id(), application.ports
    async with ports.db.transaction() as tx:
        await identity.create_person(
            tx,
            user_id=user_id,
            email=f"{role}@bench.example",
            password_hash="unused",
            full_name="Ines Marlow",
            phone="(512) 555-0134",
            date_of_birth=None,
            role=role,
            id_verified=True,
            email_verified=True,
        )
        grant = await identity.sign_in(
            tx,
            Account(user_id, "unused"),
            password_right=True,
            better_hash=None,
            session_lifetime=ports.settings.refresh_expires_in,
        )
    assert isinstance(grant, Grant)
    return _Staff(user_id, ports.tokens.issue(user_id=user_id, session_id=grant.session_id))


def _cash(customer: Customer) -> UUID:
    return next(method for tender, method in customer.methods.items() if tender == "cash")


def _signed(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
