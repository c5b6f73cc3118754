"""Server and worker are killed in the middle of 200 orders: what was promised is there, once, and nothing is lost."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.catalog import make_product
from factories.shop import Shopper, give_coins, make_shopper, open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments import jobs as payment_jobs
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings
from servers import Deployed, Program, until

ORDERS = 200
PEOPLE = 100
AT_ONCE = 16
KILLS = 6
OPENING = 1_000
COINS = 400
DECLINED = "pm_card_chargeCustomerFail"
NOT_NOW = {"IDEMPOTENCY_IN_PROGRESS", "UNAVAILABLE"}


@dataclass(frozen=True)
class Wanted:
    """What a client wants of one order, by its number."""

    number: int

    @property
    def tender(self) -> str:
        if self.number % 20 in {8, 19}:
            return DECLINED
        return "cash" if self.number % 4 == 0 else "card"

    @property
    def body(self) -> dict[str, Any]:
        return {"tip": self.number % 3} | ({"useCoins": 150} if self.number % 4 == 2 else {})

    @property
    def gives_up(self) -> bool:
        """Whether the app is closed for good when a call breaks; only in a person's last order."""
        return self.number % 8 == 5

    @property
    def cancels(self) -> bool:
        return self.number % 6 == 1


@dataclass
class Ledger:
    """What the clients were told."""

    placed: dict[int, dict[str, Any]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    given_up: set[int] = field(default_factory=set)
    cut: int = 0
    begun: set[str] = field(default_factory=set)
    """Keys of calls that were cut off: the server was killed between their first byte and their answer."""

    @property
    def done(self) -> int:
        return len(self.placed) + len(self.refused) + len(self.given_up)


class GaveUp(Exception):
    """The connection broke, and this client does not try again."""


class Customer:
    """An app that repeats each call, under the same key, until it has an answer."""

    def __init__(
        self, client: httpx.AsyncClient, shopper: Shopper, ledger: Ledger, turns: asyncio.Semaphore
    ) -> None:
        self._client = client
        self._shopper = shopper
        self._ledger = ledger
        self._turns = turns

    async def shop(self, numbers: list[int], product: UUID) -> None:
        for number in numbers:
            try:
                await self._order(Wanted(number), product)
            except GaveUp:
                self._ledger.given_up.add(number)

    async def _order(self, wanted: Wanted, product: UUID) -> None:
        quantity = 1 + wanted.number % 2
        line = {"productId": str(product), "quantity": quantity}
        filled = await self._call("PUT", "/api/cart/update", line)
        assert filled.status_code == 200, filled.text
        answer = await self._call(
            "POST",
            "/api/orders",
            self._shopper.order(wanted.tender, **wanted.body),
            key=f"order-{wanted.number}",
            gives_up=wanted.gives_up,
        )
        if answer.status_code != 201:
            self._ledger.refused[wanted.number] = answer.json()["code"]
            return
        order = answer.json()["order"]
        self._ledger.placed[wanted.number] = order
        if wanted.cancels:
            path = f"/api/orders/{order['id']}/cancel"
            cancelled = await self._call("POST", path, None, key=f"cancel-{wanted.number}")
            assert cancelled.status_code == 200, cancelled.text
            self._ledger.cancelled.add(order["id"])

    async def _call(
        self, method: str, path: str, body: object, *, key: str | None = None, gives_up: bool = False
    ) -> httpx.Response:
        headers = self._shopper.headers | ({"Idempotency-Key": key} if key else {})
        async with asyncio.timeout(100):
            while True:
                async with self._turns:
                    try:
                        answer = await self._client.request(method, path, json=body, headers=headers)
                    except httpx.ConnectError:
                        answer = None  # the server is not back yet
                    except httpx.TransportError:
                        self._ledger.cut += 1
                        if key:
                            self._ledger.begun.add(key)
                        if gives_up:
                            raise GaveUp from None
                        answer = None
                if answer is not None and not _not_now(answer):
                    return answer
                await asyncio.sleep(0.2)


def _not_now(answer: httpx.Response) -> bool:
    assert answer.status_code != 500, answer.text
    return answer.status_code in {409, 503} and answer.json()["code"] in NOT_NOW


async def kill_now_and_then(deployed: Deployed, ledger: Ledger) -> None:
    """Kill the server, the worker or both at random moments while orders are being placed, and start them again."""
    both: list[Program] = [deployed.server, deployed.worker]
    victims = [both[:1], both[1:], both] * (KILLS // 3)
    random.shuffle(victims)
    marks = sorted(random.sample(range(5, ORDERS // 2), KILLS))
    for mark, chosen in zip(marks, victims, strict=True):

        async def reached(mark: int = mark) -> bool:
            return ledger.done >= mark

        await until(reached, f"{mark} orders are through", 100)
        await asyncio.sleep(random.uniform(0, 0.3))  # the moment is the point: somewhere within an order
        for program in chosen:
            program.kill()
        for program in chosen:
            program.start()
        await deployed.server.ready()


@pytest.mark.timeout(240)
async def test_two_hundred_orders_survive_kills(
    app: Application,
    client: httpx.AsyncClient,
    settings: Settings,
    deployed: Deployed,
    quiet: Callable[[], Awaitable[None]],
) -> None:
    db = app.ports.db
    await open_shop(app)
    products = [await make_product(db, f"Haze {n}", price_cents=1999, stock=OPENING) for n in range(3)]
    shoppers = [await make_shopper(app, client, cards=(DECLINED,)) for _ in range(PEOPLE)]
    for shopper in shoppers:
        await give_coins(app, shopper, COINS)
    await deployed.server.ready()

    ledger = Ledger()
    turns = asyncio.Semaphore(AT_ONCE)
    async with (
        httpx.AsyncClient(base_url=deployed.server.address, timeout=30) as http,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(kill_now_and_then(deployed, ledger))
        for person, shopper in enumerate(shoppers):
            customer = Customer(http, shopper, ledger, turns)
            group.create_task(customer.shop([2 * person, 2 * person + 1], products[person % 3]))

    assert ledger.done == ORDERS
    assert ledger.cut >= len(ledger.begun) > 0, "no kill landed within an order"
    assert set(ledger.refused.values()) == {"PAYMENT_FAILED"}
    assert {n for n in ledger.refused if Wanted(n).tender != DECLINED} == set()
    assert len(ledger.placed) > ORDERS * 0.75

    await let_settle(app, quiet)
    await check_promises(db, ledger)
    await check_stories(db)
    await check_messages(db, sorted((settings.data / "outbox").glob("[!.]*")))
    await check_money(db)
    await check_stock_and_coins(db, products)
    await check_queue(db)


async def let_settle(app: Application, quiet: Callable[[], Awaitable[None]]) -> None:
    """Let 20 minutes pass: the sandbox delivers, the worker works, the sweeps ask, holds expire."""
    db = app.ports.db
    gateways: Gateways = app.ports.get(Gateways)

    async def delivered() -> bool:
        waiting: int = await db.fetchval("SELECT count(*) FROM sandbox.deliveries")
        return waiting == 0

    await until(delivered, "the sandbox has delivered everything", 90)
    await quiet()
    await payment_jobs.ask_again(db, gateways, older_than=timedelta(0))
    await quiet()
    await db.fetch("UPDATE payment_intents SET created_at = created_at - interval '20 minutes'")
    await orders.expire_holds(db, now=clock.now() + timedelta(minutes=20))
    await quiet()
    await payment_jobs.ask_again(db, gateways, older_than=timedelta(0))
    await payment_jobs.retry_refunds(db, gateways, older_than=timedelta(0))
    await until(delivered, "the sandbox has delivered everything", 90)
    await quiet()


async def check_promises(db: Database, ledger: Ledger) -> None:
    """Every order that a client was told of exists as it was told, and no key made two."""
    for number, told in ledger.placed.items():
        order = await db.fetchrow("SELECT * FROM orders WHERE id = $1", UUID(told["id"]))
        assert order is not None, number
        items = await db.fetch("SELECT * FROM order_items WHERE order_id = $1", order["id"])
        assert [
            (str(item["product_id"]), item["quantity"], item["total_price_cents"] / 100) for item in items
        ] == [(item["productId"], item["quantity"], item["totalPrice"]) for item in told["items"]]
        assert order["total_cents"] == round(told["totalAmount"] * 100)
        assert order["amount_due_cents"] == round(told["payment"]["amountDue"] * 100)
        assert order["subtotal_cents"] == sum(item["total_price_cents"] for item in items)
        # What was not cancelled by its owner is alive, and what was, is not.
        assert order["status"] == ("cancelled" if told["id"] in ledger.cancelled else "confirmed"), number
    ids = [told["id"] for told in ledger.placed.values()]
    assert len(ids) == len(set(ids))
    keys = await db.fetch(
        """
        SELECT o.id, count(k.subject) AS keys
        FROM orders o LEFT JOIN idempotency_keys k ON k.subject = o.id GROUP BY 1
        """
    )
    assert {row["keys"] for row in keys} == {1}
    live = await db.fetch(
        "SELECT cart_id FROM orders WHERE status <> 'cancelled' GROUP BY 1 HAVING count(*) > 1"
    )
    assert live == []
    assert (
        await db.fetchval("SELECT count(*) FROM orders WHERE status NOT IN ('confirmed', 'cancelled')") == 0
    )


async def check_stories(db: Database) -> None:
    """Each order's tracking, audit and stock movements tell the same complete story, in order."""
    rows = await db.fetch(
        """
        SELECT o.id, o.status, o.tender, o.amount_due_cents,
               (SELECT array_agg(t.status ORDER BY t.created_at, t.id) FROM order_tracking t
                WHERE t.order_id = o.id) AS tracked,
               (SELECT array_agg(substr(a.action, 7) ORDER BY a.seq) FROM audit_log a
                WHERE a.object_type = 'order' AND a.object_id = o.id) AS audited,
               (SELECT jsonb_object_agg(i.product_id, i.quantity) FROM order_items i
                WHERE i.order_id = o.id) AS items,
               (SELECT jsonb_object_agg(m.product_id, -m.change) FROM stock_movements m
                WHERE m.order_id = o.id AND m.reason = 'ordered') AS taken,
               (SELECT jsonb_object_agg(m.product_id, m.change) FROM stock_movements m
                WHERE m.order_id = o.id AND m.reason = 'released') AS released
        FROM orders o
        """
    )
    assert len(rows) > ORDERS * 0.75
    possible = {
        "card": [
            ["pending", "confirmed"],
            ["pending", "confirmed", "cancelled"],
            ["pending", "cancelled"],
            ["pending", "payment_failed", "cancelled"],
        ],
        "cash": [["confirmed"], ["confirmed", "cancelled"]],
    }
    for row in rows:
        assert row["tracked"] in possible[row["tender"]], row
        assert row["tracked"][-1] == row["status"]
        assert row["audited"] == row["tracked"]
        assert row["items"] is not None
        assert row["taken"] == row["items"]
        assert row["released"] == (row["items"] if row["status"] == "cancelled" else None)


async def check_messages(db: Database, outbox: list[Path]) -> None:
    """One mail and one push for each step of each order; these and all others (refunds, estimates) were sent."""
    expected = Counter(
        (row["user_id"], f"order:{row['order_id']}:{row['status']}")
        for row in await db.fetch(
            """
            SELECT o.user_id, t.order_id, t.status FROM order_tracking t JOIN orders o ON o.id = t.order_id
            WHERE t.status <> 'pending'
            """
        )
    )
    messages = await db.fetch("SELECT * FROM messages")
    for channel, suffix in (("email", ".eml"), ("push", ".json")):
        of_channel = [message for message in messages if message["channel"] == channel]
        steps = Counter(
            (message["user_id"], message["fact"])
            for message in of_channel
            if message["kind"] in {"order_confirmed", "order_status"}
        )
        assert steps == expected
        assert {message["id"] for message in of_channel if message["sent_at"] is None} == set()
        written = {UUID(path.stem) for path in outbox if path.suffix == suffix}
        assert written == {message["id"] for message in of_channel}


async def check_money(db: Database) -> None:
    """Each card order is paid exactly once at the sandbox, or not at all; the sandbox and we agree on each cent."""
    rows = await db.fetch(
        """
        SELECT i.id, i.order_id, i.status, i.amount_cents, i.refunded_cents, i.external_id, c.id AS charge_id,
               c.status AS charged, c.amount_cents AS charged_cents, c.refunded_cents AS returned_cents,
               (SELECT coalesce(sum(amount_cents), 0) FROM refunds r
                WHERE r.payment_intent_id = i.id AND r.status = 'succeeded') AS refunds,
               (SELECT count(*) FROM refunds r WHERE r.payment_intent_id = i.id AND r.status <> 'succeeded') AS undone
        FROM payment_intents i FULL JOIN sandbox.charges c ON c.intent_id = i.id
        """
    )
    kept: Counter[UUID] = Counter()
    for row in rows:
        assert row["id"] is not None, "the sandbox was charged without an intent"
        assert row["undone"] == 0
        assert row["refunded_cents"] == row["refunds"] == (row["returned_cents"] or 0)
        if row["charge_id"] is None:
            assert row["status"] == "cancelled", row
            continue
        assert (row["external_id"], row["amount_cents"]) == (row["charge_id"], row["charged_cents"])
        paid = row["charged"] == "succeeded"
        assert row["status"] in ({"succeeded", "surplus"} if paid else {"failed", "cancelled"}), row
        if row["status"] == "surplus":
            assert row["refunded_cents"] == row["amount_cents"], row
        kept[row["order_id"]] += row["charged_cents"] - row["returned_cents"] if paid else 0
    for order in await db.fetch("SELECT * FROM orders WHERE tender = 'card'"):
        alive = order["status"] == "confirmed"
        assert kept[order["id"]] == (order["amount_due_cents"] if alive else 0), order
        assert order["paid_cents"] - order["refunded_cents"] == kept[order["id"]], order
        back = "refunded" if order["paid_cents"] else "cancelled"
        assert order["payment_status"] == ("paid" if alive else back), order


async def check_stock_and_coins(db: Database, products: list[UUID]) -> None:
    """What is missing from the shelf and from the accounts is what live orders took."""
    for product_id in products:
        level, moved, sold = await db.fetchrow(  # type: ignore[misc]  # an aggregate always has a row
            """
            SELECT (SELECT quantity FROM stock_levels WHERE product_id = $1),
                   (SELECT sum(change) FROM stock_movements WHERE product_id = $1),
                   (SELECT coalesce(sum(i.quantity), 0) FROM order_items i JOIN orders o ON o.id = i.order_id
                    WHERE i.product_id = $1 AND o.status <> 'cancelled')
            """,
            product_id,
        )
        assert level == moved == OPENING - sold
    accounts = await db.fetch(
        """
        SELECT a.balance, (SELECT sum(amount) FROM rewards_transactions t WHERE t.user_id = a.user_id) AS booked,
               (SELECT coalesce(sum(coins_used), 0) FROM orders o
                WHERE o.user_id = a.user_id AND o.status <> 'cancelled') AS spent
        FROM rewards_accounts a
        """
    )
    assert len(accounts) == PEOPLE
    assert {row["balance"] - row["booked"] for row in accounts} == {0}
    assert {row["balance"] + row["spent"] for row in accounts} == {COINS}
    assert sum(row["spent"] for row in accounts) > 0


async def check_queue(db: Database) -> None:
    """Nothing is stuck, held or half counted."""
    assert await db.fetch("SELECT id, entrypoint, status FROM pgqueuer") == []
    assert await db.fetch("SELECT * FROM job_starts") == []
    assert await db.fetchval("SELECT count(*) FROM webhook_events WHERE handled_at IS NULL") == 0
