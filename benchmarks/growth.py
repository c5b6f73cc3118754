"""What requests cost while the catalogue and the orders grow: the same answers from a small shop and from a large one.

Rows are copied from real ones by PostgreSQL itself: a product of the menu, an order that came by the door, its
lines and its story. Foreign keys and triggers rest meanwhile, so a million orders take minutes.
"""

import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
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
BATCH = 50_000
OPEN_ORDERS = 200  # as many of the newest are not over, in a shop of any age

_COLUMNS = """
SELECT attname::text AS name FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
# What each copy has of its own; the rest is as in the row that is copied. n counts the copies.
_PRODUCT = "md5('product' || n)::uuid"
_PRODUCTS = {
    "products": {
        "id": _PRODUCT,
        "name": "left(t.name, 200) || ' ' || n",
        "price_cents": "500 + n % 9000",
        "original_price_cents": "NULL",
        "created_at": "now() - n * interval '1 minute'",
    },
    "product_images": {"id": "md5('image' || n)::uuid", "product_id": _PRODUCT},
    "stock_levels": {"product_id": _PRODUCT},
}
_ORDER = "md5('order' || n)::uuid"
_MOMENT = "now() - ($1::bigint - n)::float8 * (interval '3 years' / $1::bigint::float8)"
_STATUS = (
    f"CASE WHEN n > $1::bigint - {OPEN_ORDERS} THEN 'confirmed' "
    "WHEN n % 20 = 0 THEN 'cancelled' ELSE 'delivered' END"
)
_ORDERS = {
    "orders": {
        "id": _ORDER,
        "order_number": "'G-' || n",
        "user_id": "($2::uuid[])[(n % cardinality($2::uuid[]) + 1)::int]",
        "cart_id": "md5('cart' || n)::uuid",
        "status": _STATUS,
        "driver_id": "t.user_id",
        "paid_cents": "t.amount_due_cents",
        "payment_status": "'paid'",
        "hold_expires_at": "NULL",
        "delivered_at": f"CASE WHEN {_STATUS} = 'delivered' THEN {_MOMENT} + interval '1 hour' END",
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "order_items": {
        "order_id": _ORDER,
        "product_id": "md5('product' || (n * 7 + t.line) % $3::bigint)::uuid",
    },
    "order_tracking": {"id": "md5('line' || n || t.id)::uuid", "order_id": _ORDER, "created_at": _MOMENT},
}
_PERSON = {"id": "md5('person' || n)::uuid", "email": "'person-' || n || '@bench.example'"}


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
            visitor = _Visitor(client, shop, await _admin(application))
            await visitor.order(shop.customers[0])
            filler = await _Filler.open(settings.database_url, people)
            try:
                for products, orders in stages:
                    await filler.grow(products, orders, progress)
                    growth.stages.append((products, orders))
                    with recording() as recorder:
                        for title, requests in visitor.requests(filler.an_order):
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

    def __init__(self, client: httpx.AsyncClient, shop: BenchShop, admin: str) -> None:
        self._client = client
        self._shop = shop
        self._admin = {"Authorization": f"Bearer {admin}"}
        self._numbers = itertools.count(1)

    def requests(self, an_order: UUID) -> list[tuple[str, Iterator[Request]]]:
        customer = self._shop.customers[0]
        return [
            (
                "Product list, newest first",
                self._get(lambda n: f"/api/products?limit=20&maxPrice={1_000 + n}"),
            ),
            (
                "Product list, by category and price",
                self._get(
                    lambda n: f"/api/products?category=flower&sort=price_asc&limit=20&maxPrice={1_000 + n}"
                ),
            ),
            (
                "Search for two words",
                self._get(lambda n: f"/api/products?search=blue%20dream&limit={n % 20 + 1}"),
            ),
            ("A customer's orders", self._get(lambda _: "/api/orders?limit=20", customer)),
            ("An order", self._get(lambda _: f"/api/orders/{an_order}", staff=True)),
            ("Staff's board, newest first", self._get(lambda _: "/api/admin/orders?limit=50", staff=True)),
            (
                "Staff's board, what is to be packed",
                self._get(lambda _: "/api/admin/orders?status=confirmed&limit=50", staff=True),
            ),
            ("Placing an order of two products, cash", self._orders()),
        ]

    def _get(
        self, path: Callable[[int], str], customer: Customer | None = None, *, staff: bool = False
    ) -> Iterator[Request]:
        headers = self._admin if staff else _signed(customer) if customer else {}

        async def ask() -> None:
            answer = await self._client.get(path(next(self._numbers)), headers=headers)
            answer.raise_for_status()

        return itertools.repeat(ask)

    def _orders(self) -> Iterator[Request]:
        for customer in itertools.cycle(self._shop.customers):

            async def place(customer: Customer = customer) -> None:
                await self.order(customer)

            yield place

    async def order(self, customer: Customer) -> None:
        """Fill the cart and order."""
        for product_id in self._shop.goods[:2]:
            body = {"productId": str(product_id), "quantity": 1}
            answer = await self._client.post("/api/cart/add", json=body, headers=_signed(customer))
            answer.raise_for_status()
        wish = {"deliveryAddressId": str(customer.address_id), "paymentMethodId": str(_cash(customer))}
        headers = _signed(customer) | {"Idempotency-Key": str(uuid4())}
        answer = await self._client.post("/api/orders", json=wish, headers=headers)
        if not answer.is_success:
            raise RuntimeError(answer.text)


class _Filler:
    """Copies rows of a real shop until there are enough."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", people: list[UUID]) -> None:
        self._connection = connection
        self._people = people
        self._products = self._orders = 0
        self.an_order = UUID(int=0)

    @classmethod
    async def open(cls, url: str, people: int) -> "_Filler":
        connection = await asyncpg.connect(url)
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        filler = cls(connection, [])
        await filler._copy("users", _PERSON, "SELECT * FROM users WHERE role = 'customer' LIMIT 1", 1, people)
        rows = await connection.fetch("SELECT id FROM users WHERE role = 'customer' ORDER BY id")
        filler._people = [row["id"] for row in rows]
        for table in _ORDERS:
            await connection.execute(f"CREATE TEMP TABLE model_{table} AS SELECT * FROM {table}")
        for table in _PRODUCTS:
            key = "id" if table == "products" else "product_id"
            await connection.execute(
                f"CREATE TEMP TABLE model_{table} AS SELECT *, "
                f"(row_number() OVER (ORDER BY {key}) - 1)::int AS place FROM {table}"
            )
        return filler

    async def close(self) -> None:
        await self._connection.close()

    async def grow(self, products: int, orders: int, progress: Callable[[str], None]) -> None:
        """Copy up to so many of each, and let PostgreSQL count what is there."""
        began = time.monotonic()
        models = await self._connection.fetchval("SELECT count(*) FROM model_products")
        for first in range(self._products, products, BATCH):
            last = min(first + BATCH, products) - 1
            for table, own in _PRODUCTS.items():
                await self._copy(
                    table, own, f"SELECT * FROM model_{table}", first, last, f"t.place = n % {models}"
                )
            progress(f"{last + 1:,} products after {time.monotonic() - began:.0f} s")
        for first in range(self._orders, orders, BATCH):
            last = min(first + BATCH, orders) - 1
            for table, own in _ORDERS.items():
                await self._copy(
                    table, own, f"SELECT * FROM model_{table}", first, last, "true", orders, products
                )
            progress(f"{last + 1:,} orders after {time.monotonic() - began:.0f} s")
        self._products, self._orders = max(self._products, products), max(self._orders, orders)
        self.an_order = await self._connection.fetchval(
            "SELECT id FROM orders WHERE order_number = 'G-' || $1::text", str(orders // 2)
        )
        await self._connection.execute("VACUUM ANALYZE")

    async def _copy(
        self,
        table: str,
        own: dict[str, str],
        models: str,
        first: int,
        last: int,
        which: str = "true",
        orders: int = 0,
        products: int = 1,
    ) -> None:
        columns = [row["name"] for row in await self._connection.fetch(_COLUMNS, table)]
        values = ", ".join(own.get(column, f"t.{column}") for column in columns)
        await self._connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "
            f"FROM generate_series($4::bigint, $5::bigint) n JOIN ({models}) t ON {which} "
            "WHERE $1::bigint >= 0 AND $2::uuid[] IS NOT NULL AND $3::bigint > 0",
            orders,
            self._people,
            products,
            first,
            last,
            timeout=600,
        )


async def _admin(application: Application) -> str:
    """Make an admin; returns their token."""
    user_id, ports = new_id(), application.ports
    async with ports.db.transaction() as tx:
        await identity.create_person(
            tx,
            user_id=user_id,
            email="admin@bench.example",
            password_hash="unused",
            full_name="Ines Marlow",
            phone="(512) 555-0134",
            date_of_birth=None,
            role=Role.ADMIN,
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
    return ports.tokens.issue(user_id=user_id, session_id=grant.session_id)


def _cash(customer: Customer) -> UUID:
    return next(method for tender, method in customer.methods.items() if tender == "cash")


def _signed(customer: Customer) -> dict[str, str]:
    return {"Authorization": f"Bearer {customer.token}"}
