"""What is measured: for each case the requests, what must be made ready before them, and the aim."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle
from uuid import uuid4

from benchmarks.load import request_bytes
from benchmarks.server import FLOOR_PATH, QUERY_PATH, SIGNED_PATH
from benchmarks.shop import PASSWORD, BenchShop, Customer
from faded_skies.bootstrap import Application
from faded_skies.domains.checkout import queries as carts
from faded_skies.domains.payments.service import Tender

_LIST = (
    "/api/products?category=flower&strainType=hybrid&inStock=true&minPrice=1&sort=price_asc&limit=20&offset=0"
)

# Yesterday's orders stay, so that the tables keep their rows, but no daily limit or query of today sees them. The jobs
# go, as nothing works them off here.
_CLOSE_THE_DAY = """
UPDATE orders SET created_at = created_at - interval '30 days' WHERE created_at > now() - interval '1 day'
"""
_DROP_JOBS = "TRUNCATE pgqueuer"


async def _nothing() -> None:
    return


@dataclass(frozen=True)
class Aim:
    """At most so many times the floor's cost, or so many milliseconds of CPU, or so many µs more than another case."""

    ratio: float | None = None
    cpu_ms: float | None = None
    more_us: float | None = None
    beside: str = "floor"

    def __str__(self) -> str:
        if self.ratio is not None:
            return f"≤ {self.ratio:g} times the floor"
        return (
            f"≤ {self.cpu_ms:g} ms"
            if self.cpu_ms is not None
            else f"≤ {self.more_us:g} µs beside the case {self.beside}"
        )

    def met(self, *, ratio: float, cpu_ms: float, beside_ms: float) -> bool:
        if self.ratio is not None:
            return ratio <= self.ratio
        if self.cpu_ms is not None:
            return cpu_ms <= self.cpu_ms
        return (cpu_ms - beside_ms) * 1000 <= (self.more_us or 0)


@dataclass(frozen=True)
class Case:
    """One row of the table. `requests` gives those of one volley, after `prepare`."""

    name: str
    title: str
    requests: Callable[[], Iterator[bytes]]
    status: int = 200
    prepare: Callable[[], Awaitable[None]] = _nothing
    clean: Callable[[], Awaitable[None]] = _nothing
    aim: Aim | None = None


def all_cases(application: Application, shop: BenchShop) -> list[Case]:
    """Return the cases, the floor first."""
    unlike = count()  # a bound above every price: another address for the same rows

    def uncached() -> Iterator[bytes]:
        return (request_bytes("GET", f"{_LIST}&maxPrice={900 + n // 100 % 100}.{n % 100:02}") for n in unlike)

    def pages() -> Iterator[bytes]:
        return cycle([request_bytes("GET", f"/api/products/{product}") for product in shop.products])

    def signed(path: str) -> Iterator[bytes]:
        return cycle([request_bytes("GET", path, **_signed(customer)) for customer in shop.customers])

    def sign_ins() -> Iterator[bytes]:
        return cycle(
            [
                request_bytes("POST", "/api/auth/login", body={"email": customer.email, "password": PASSWORD})
                for customer in shop.customers
            ]
        )

    async def fill_carts() -> None:
        for number, customer in enumerate(shop.customers):
            for product in (shop.goods[number % len(shop.goods)], shop.goods[(number + 1) % len(shop.goods)]):
                await carts.change_line(application.ports.valkey, customer.id, product, change="1", most=99)

    async def close_the_day() -> None:
        await application.ports.db.pool.execute(_CLOSE_THE_DAY)
        await application.ports.db.pool.execute(_DROP_JOBS)

    def orders(name: str, title: str, tender: Tender) -> Case:
        return Case(
            name,
            title,
            lambda: iter([_order(customer, tender) for customer in shop.customers]),
            status=201,
            prepare=fill_carts,
            clean=close_the_day,
            aim=Aim(cpu_ms=2),
        )

    return [
        Case("floor", "A constant (the floor)", lambda: cycle([request_bytes("GET", FLOOR_PATH)])),
        Case("list", "Product list, uncached", uncached, aim=Aim(ratio=6)),
        Case(
            "cached",
            "Product list, cached",
            lambda: cycle([request_bytes("GET", f"{_LIST}&maxPrice=900")]),
            aim=Aim(ratio=1),
        ),
        Case("page", "Product page", pages),
        Case(
            "query",
            "A constant after one empty query (a round trip)",
            lambda: cycle([request_bytes("GET", QUERY_PATH)]),
        ),
        Case(
            "token",
            "A constant with token (its session is looked up)",
            lambda: signed(SIGNED_PATH),
            aim=Aim(more_us=60, beside="query"),
        ),
        Case("profile", "Profile with token", lambda: signed("/api/users/profile"), aim=Aim(ratio=6)),
        orders("cash", "Order of two products, cash", Tender.CASH),
        orders("card", "Order of two products, card", Tender.CARD),
        Case("sign-in", "Sign-in (Argon2id, in threads)", sign_ins),
    ]


def _signed(customer: Customer) -> dict[str, str]:
    return {"Authorization": f"Bearer {customer.token}"}


def _order(customer: Customer, tender: Tender) -> bytes:
    return request_bytes(
        "POST",
        "/api/orders",
        body={
            "deliveryAddressId": str(customer.address_id),
            "paymentMethodId": str(customer.methods[tender]),
        },
        Idempotency_Key=str(uuid4()),
        **_signed(customer),
    )
