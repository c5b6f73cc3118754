"""Engines that go away under traffic: clear refusals at most, and everything is back without a restart of ours."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis
import socketio

from factories.catalog import make_product
from factories.shop import Shopper, make_shopper, open_shop
from faded_skies.bootstrap import Application
from faded_skies.platform.embedded.binaries import find_valkey
from servers import Deployed, Program, until

pytestmark = pytest.mark.timeout(180)

_CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Traffic:
    """People who look at products and their profile, fill carts and order, without an end; what they were told."""

    def __init__(self, client: httpx.AsyncClient, shoppers: list[Shopper], product: Any) -> None:
        self._client = client
        self._shoppers = shoppers
        self._product = product
        self.answers: Counter[tuple[str, int]] = Counter()
        self.bodies: list[dict[str, Any]] = []

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for shopper in self._shoppers:
                group.create_task(self._visit(shopper))

    async def _visit(self, shopper: Shopper) -> None:
        line = {"productId": str(self._product), "quantity": 1}
        number = 0
        while True:
            number += 1
            tender = "card" if number % 2 else "cash"
            for method, path, body in (
                ("GET", f"/api/products?limit=5&offset={number}", None),
                ("GET", "/api/users/profile", None),
                ("PUT", "/api/cart/update", line),
                ("POST", "/api/orders", shopper.order(tender)),
            ):
                answer = await self._client.request(method, path, json=body, headers=shopper.headers)
                self.answers[path.partition("?")[0], answer.status_code] += 1
                if answer.status_code >= 500:
                    self.bodies.append(answer.json())

    def orders(self) -> int:
        return self.answers["/api/orders", 201]

    def codes(self) -> set[int]:
        return {status for _, status in self.answers}


@asynccontextmanager
async def traffic_of(
    client: httpx.AsyncClient, shoppers: list[Shopper], product: Any
) -> AsyncIterator[Traffic]:
    traffic = Traffic(client, shoppers, product)
    running = asyncio.create_task(traffic.run())
    try:
        yield traffic
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        await asyncio.wait([running])


def assert_clear(body: dict[str, Any]) -> None:
    assert body["code"] == "UNAVAILABLE", body
    assert "Try again" in body["error"]


async def more_orders(traffic: Traffic, count: int) -> None:
    aim = traffic.orders() + count

    async def placed() -> bool:
        return traffic.orders() >= aim

    await until(placed, f"{count} more orders are placed", 60)


async def test_cut_off_from_the_database(
    app: Application,
    client: httpx.AsyncClient,
    database_url: str,
    deployed: Deployed,
    quiet: Callable[[], Awaitable[None]],
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=1500, net_weight_mg=0, thc_mg=0, stock=100_000)
    shoppers = [await make_shopper(app, client) for _ in range(6)]
    await deployed.server.ready()
    cutter = await asyncpg.connect(database_url)
    async with (
        httpx.AsyncClient(base_url=deployed.server.address, timeout=30) as http,
        traffic_of(http, shoppers, product) as traffic,
    ):
        for _ in range(4):
            await more_orders(traffic, 10)
            assert await cutter.fetchval(_CUT) > 3
        await more_orders(traffic, 20)
    await cutter.close()

    assert traffic.codes() <= {200, 201, 409, 422, 503}, traffic.answers
    for body in traffic.bodies:
        assert_clear(body)
    await quiet()
    assert deployed.server.is_running
    assert deployed.worker.is_running
    db = app.ports.db
    assert await db.fetch("SELECT entrypoint FROM pgqueuer") == []
    unsent = await db.fetchval("SELECT count(*) FROM messages WHERE sent_at IS NULL")
    told = await db.fetchval(
        "SELECT count(DISTINCT fact) FROM messages WHERE kind IN ('order_confirmed', 'order_status')"
    )
    steps = await db.fetchval("SELECT count(*) FROM order_tracking WHERE status <> 'pending'")
    assert (unsent, told) == (0, steps)


async def hear(told: asyncio.Queue[dict[str, Any]], order_id: str, status: str) -> None:
    """Wait until this is told of the order; what is told before it is dropped."""
    async with asyncio.timeout(60):
        while (one := await told.get())["orderId"] != order_id or one["status"] != status:
            pass


class Valkey(Program):
    """A Valkey of this test's own, which keeps its data when it is killed."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        argv = [str(find_valkey()), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(folder)]
        super().__init__(
            [*argv, "--appendonly", "yes", "--appendfsync", "always", "--save", ""], {}, folder / "log"
        )

    async def ready(self) -> None:
        async def answers() -> bool:
            try:
                with redis.Redis(unix_socket_path=str(self.socket)) as client:
                    answer: bool = await asyncio.to_thread(client.ping)
                    return answer
            except redis.RedisError:
                return False

        await until(answers, "Valkey answers")


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    own = Valkey(tmp_path_factory.mktemp("valkey"))
    yield own
    own.kill()


class TestValkeyKilled:
    @pytest.fixture
    async def redis_url(self, valkey: Valkey) -> str:
        await valkey.ready()
        return f"unix://{valkey.socket}?db=0"

    async def test_in_the_middle_of_traffic(
        self,
        app: Application,
        client: httpx.AsyncClient,
        valkey: Valkey,
        deployed: Deployed,
        quiet: Callable[[], Awaitable[None]],
    ) -> None:
        db = app.ports.db
        await open_shop(app)
        product = await make_product(db, price_cents=1500, net_weight_mg=0, thc_mg=0, stock=100_000)
        shoppers = [await make_shopper(app, client) for _ in range(6)]
        await deployed.server.ready()
        async with (
            httpx.AsyncClient(base_url=deployed.server.address, timeout=30) as http,
            traffic_of(http, shoppers, product) as traffic,
        ):
            for _ in range(3):
                await more_orders(traffic, 10)
                valkey.kill()
                before = len(traffic.bodies)

                async def refused(before: int = before) -> bool:
                    return len(traffic.bodies) > before

                await until(refused, "somebody is refused")
                valkey.start()
                await valkey.ready()
            await more_orders(traffic, 20)

        assert traffic.codes() <= {200, 201, 409, 422, 503}, traffic.answers
        for body in traffic.bodies:
            assert_clear(body)
        await quiet()
        assert deployed.server.is_running
        assert deployed.worker.is_running
        assert await db.fetch("SELECT entrypoint FROM pgqueuer") == []
        # An order whose answer was lost is there and whole; every other one was told.
        assert await db.fetchval("SELECT count(*) FROM orders WHERE status = 'confirmed'") >= traffic.orders()
        taken = await db.fetchval("SELECT sum(quantity) FROM order_items")
        assert await db.fetchval("SELECT quantity FROM stock_levels") == 100_000 - taken

    async def test_carts_say_so_and_come_back(
        self,
        app: Application,
        client: httpx.AsyncClient,
        valkey: Valkey,
        deployed: Deployed,
        quiet: Callable[[], Awaitable[None]],
    ) -> None:
        await open_shop(app)
        product = await make_product(app.ports.db, price_cents=1500, stock=1_000)
        shopper = await make_shopper(app, client)
        await deployed.server.ready()
        told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        came: asyncio.Queue[None] = asyncio.Queue()
        io = socketio.AsyncClient()
        io.on("order-status", told.put)
        io.on("connect", lambda: came.put_nowait(None))
        async with httpx.AsyncClient(
            base_url=deployed.server.address, timeout=30, headers=shopper.headers
        ) as http:
            await io.connect(
                deployed.server.address,
                auth={"token": shopper.headers["Authorization"].removeprefix("Bearer ")},
                transports=["websocket"],
            )
            await asyncio.wait_for(came.get(), 20)
            line = {"productId": str(product), "quantity": 2}

            async def place() -> str:
                assert (await http.put("/api/cart/update", json=line)).status_code == 200
                placed = await http.post("/api/orders", json=shopper.order("cash"))
                assert placed.status_code == 201, placed.text
                order_id: str = placed.json()["order"]["id"]
                return order_id

            before = await place()
            await hear(told, before, "confirmed")
            assert (await http.put("/api/cart/update", json=line)).status_code == 200

            valkey.kill()
            for method, path, body in (
                ("GET", "/api/cart", None),
                ("PUT", "/api/cart/update", line),
                ("POST", "/api/orders", shopper.order()),
            ):
                refused = await http.request(method, path, json=body)
                assert refused.status_code == 503, (path, refused.text)
                assert_clear(refused.json())
            assert (await http.get("/health")).status_code == 503
            # No other process has another Valkey: requests keep coming here.
            assert (await http.get("/health/ready")).status_code == 200
            assert (await http.get("/health/live")).status_code == 200
            # What needs no Valkey goes on.
            assert (await http.get("/api/products")).status_code == 200
            assert (await http.get("/api/users/profile")).status_code == 200
            assert len((await http.get("/api/orders")).json()["orders"]) == 1
            cancelled = await http.post(f"/api/orders/{before}/cancel")
            assert cancelled.status_code == 200, cancelled.text
            assert came.empty()

            valkey.start()
            await valkey.ready()

            async def healthy() -> bool:
                return (await http.get("/health")).status_code == 200

            await until(healthy, "the server has its Valkey again")
            assert (await http.get("/api/cart")).json()["itemCount"] == 2
            # Whose server could not listen comes back, is told the state, and hears the next thing that happens.
            await asyncio.wait_for(came.get(), 60)
            state = await io.call("track-order", {"orderId": before})
            assert state["order"]["status"] == "cancelled"
            await hear(told, await place(), "confirmed")
            await io.disconnect()
        await quiet()
        assert deployed.server.is_running
        assert deployed.worker.is_running
        assert await app.ports.db.fetch("SELECT entrypoint FROM pgqueuer") == []
