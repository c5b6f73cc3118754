"""What the database costs an order, beside the same SQL by hand.

A real order is placed through the whole application in this process, and each of its statements timed. Then the very
same statements, for a twin of the customer, are run by hand. Both in turn, so that both meet the same moments.
"""

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, dropwhile
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import httpx
import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.measuring import free_port, server_environment
from benchmarks.recording import Recorder, Statement, database_seconds, open_seconds, recording
from benchmarks.replaying import ByHand, Freshener, by_hand
from benchmarks.shop import BenchShop, Customer, fill
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.payments.service import Tender
from faded_skies.platform import logging
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

ROUNDS = 7
ORDERS = 60
"""In a round, of each tender."""
AIM = 1.5
_SANDBOX = "sandbox-gateway"

# As in `cases`: what was bought today is read by each order, and is to be as much in every round.
_CLOSE_THE_DAY = """
UPDATE orders SET created_at = created_at - interval '30 days' WHERE created_at > now() - interval '1 day'
"""


@dataclass(frozen=True)
class Order:
    """One order and its statements by hand, in milliseconds, and how often it asked whom."""

    ours: float
    by_hand: float
    ours_open: float
    by_hand_open: float
    sandbox: float
    whole: float
    statements: int
    sandbox_statements: int
    valkey_trips: int


@dataclass(frozen=True)
class Placing:
    """What came of the orders of one tender. Medians of each round."""

    tender: Tender
    rounds: list[Order]
    ratios: list[float]
    open_ratios: list[float]


def measure_placing(
    *, rounds: int = ROUNDS, orders: int = ORDERS, progress: Callable[[str], None]
) -> list[Placing]:
    """Measure orders by cash and by card, the application on one core, PostgreSQL and Valkey on the other."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines, on_core(SERVER_CORE):
            environment = server_environment(folder, engines, free_port())
            return uvloop.run(_measure(environment, rounds, orders, progress))


async def _measure(
    environment: dict[str, str], rounds: int, orders: int, progress: Callable[[str], None]
) -> list[Placing]:
    await migrate(environment["DATABASE_URL"])
    settings = Settings.model_validate(environment)
    logging.configure(settings.log_level, process="benchmark")
    async with bootstrap.application(settings) as application:
        shop = await fill(application, products=300, customers=2 * orders)
        with recording() as recorder:
            async with by_hand(settings.database_url) as hand, _client(application) as client:
                shopper = _Shopper(client, shop, recorder, hand)
                tenders = (Tender.CASH, Tender.CARD)
                measured: dict[Tender, list[list[Order]]] = {tender: [] for tender in tenders}
                for number in range(rounds + 1):
                    progress(f"Placing orders, round {number} of {rounds}" if number else "Warming up")
                    for tender in tenders:
                        measured[tender].append([await shopper.order(tender) for _ in range(orders)])
                    await application.ports.db.pool.execute(_CLOSE_THE_DAY)
                    await application.ports.db.pool.execute("VACUUM ANALYZE")
    return [_placing(tender, found[1:]) for tender, found in measured.items()]


def _placing(tender: Tender, rounds: list[list[Order]]) -> Placing:
    found = [
        Order(*(median(getattr(order, name) for order in orders) for name in Order.__dataclass_fields__))
        for orders in rounds
    ]
    return Placing(
        tender,
        found,
        [order.ours / order.by_hand for order in found],
        [order.ours_open / order.by_hand_open for order in found],
    )


class _Shopper:
    """Orders as one customer after the other; each has a twin, who gets by hand whatever the customer's order did."""

    def __init__(self, client: httpx.AsyncClient, shop: BenchShop, recorder: Recorder, hand: ByHand) -> None:
        self._client = client
        self._goods = shop.goods[:2]
        self._pairs = cycle(zip(shop.customers[::2], shop.customers[1::2], strict=True))
        self._recorder = recorder
        self._hand = hand

    async def order(self, tender: Tender) -> Order:
        customer, twin = next(self._pairs)
        key = str(uuid4())
        freshen = Freshener(began_ms=time.time_ns() // 1_000_000, standing=_standing(customer, twin), key=key)
        await self._fill_cart(customer)
        whole = await self._place(customer, tender, key)
        statements, trips = self._recorder.take()
        ours, sandbox = _since_begin(statements)
        again = await self._hand.run(ours, freshen)
        return Order(
            ours=database_seconds(ours) * 1000,
            by_hand=database_seconds(again) * 1000,
            ours_open=open_seconds(ours) * 1000,
            by_hand_open=open_seconds(again) * 1000,
            sandbox=database_seconds(sandbox) * 1000,
            whole=whole * 1000,
            statements=len(ours),
            sandbox_statements=len(sandbox),
            valkey_trips=trips,
        )

    async def _fill_cart(self, customer: Customer) -> None:
        for product_id in self._goods:
            body = {"productId": str(product_id), "quantity": 1}
            answer = await self._client.put("/api/cart/update", json=body, headers=_signed(customer))
            answer.raise_for_status()

    async def _place(self, customer: Customer, tender: Tender, key: str) -> float:
        """Place the order with the recorder on, and return the seconds of the whole answer."""
        wish = {
            "deliveryAddressId": str(customer.address_id),
            "paymentMethodId": str(customer.methods[tender]),
        }
        headers = _signed(customer) | {"Idempotency-Key": key}
        self._recorder.is_on = True
        began = time.perf_counter()
        answer = await self._client.post("/api/orders", json=wish, headers=headers)
        seconds = time.perf_counter() - began
        self._recorder.is_on = False
        answer.raise_for_status()
        return seconds


def _standing(customer: Customer, twin: Customer) -> dict[UUID, UUID]:
    methods = {customer.methods[tender]: twin.methods[tender] for tender in customer.methods}
    return {customer.id: twin.id, customer.address_id: twin.address_id} | methods


def _since_begin(statements: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    """Return ours, without the token check before the first BEGIN, and the sandbox's."""
    ours = [one for one in statements if one.application != _SANDBOX]
    sandbox = [one for one in statements if one.application == _SANDBOX]
    return list(dropwhile(lambda one: not one.sql.startswith("BEGIN"), ours)), sandbox


def _signed(customer: Customer) -> dict[str, str]:
    return {"Authorization": f"Bearer {customer.token}"}


@asynccontextmanager
async def _client(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
        yield client
