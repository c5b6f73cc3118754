"""Money while processes die and answers get lost: a small run of `make faults`, and every single step by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal
from uuid import UUID

import httpx
import pytest
from faults.breaking import Fault, broken
from faults.run import Wish, run

from factories.catalog import make_product
from factories.payments import card_gateway, deliver_webhooks
from factories.trade import Trade, open_trade
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.bootstrap import Application
from faded_skies.domains.checkout.service import placing
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments import jobs
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform import clock
from faded_skies.reports.verifying import verify

Drain = Callable[[], Awaitable[None]]
Webhook = Literal["first", "last", "twice", "never"]


class Died(BaseException):
    """This process is gone, as far as the request can tell."""


class Once:
    """A plan that breaks one chosen moment, once."""

    def __init__(self, fault: Fault) -> None:
        self._fault: Fault | None = fault

    def strikes(self, fault: Fault, _call: str) -> bool:
        if fault != self._fault:
            return False
        self._fault = None
        return True

    def kill(self) -> None:
        raise Died


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient, drain: Drain) -> Trade:
    trade = await open_trade(app, client)
    await drain()
    return trade


def break_once(trade: Trade, fault: Fault, patch: pytest.MonkeyPatch) -> None:
    """Let the next payment break at one moment."""
    gateway = card_gateway(trade.app)
    assert isinstance(gateway, SandboxGateway)
    plan = Once(fault)
    broken(gateway, plan)
    settle = placing.settle

    async def settle_and_die(*values: Any) -> orders.Order:
        order = await settle(*values)
        if plan.strikes(Fault.KILLED_SETTLED, "charge"):
            plan.kill()
        return order

    patch.setattr(placing, "settle", settle_and_die)


async def recover(trade: Trade, drain: Drain, *, tells: Callable[[], Awaitable[object]]) -> None:
    """Let the sweeps ask, twenty minutes pass, and the webhook come as it may."""
    gateways: Gateways = trade.app.ports.get(Gateways)
    await tells()
    await drain()
    for _ in range(2):
        await jobs.ask_again(trade.db, gateways, older_than=jobs.SILENT_AFTER * 0)
        await drain()
        await trade.db.fetch("UPDATE payment_intents SET created_at = created_at - interval '20 minutes'")
    await orders.expire_holds(trade.db, now=clock.now().replace(year=2099))
    await drain()
    await jobs.retry_refunds(trade.db, gateways, older_than=jobs.SILENT_AFTER * 0)
    await drain()


@pytest.mark.parametrize("webhook", ["first", "last", "twice", "never"])
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("repeats", [False, True])
async def test_an_order_is_paid_once_and_settled_or_not_charged(
    trade: Trade,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    webhook: Webhook,
    *,
    repeats: bool,
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=5)
    await trade.client.post(
        "/api/cart/add", json={"productId": str(haze), "quantity": 1}, headers=trade.shopper.headers
    )
    headers = trade.shopper.headers | {"Idempotency-Key": "one"}
    break_once(trade, fault, monkeypatch)
    try:
        await trade.client.post("/api/orders", json=trade.shopper.order(), headers=headers)
    except Died:
        await trade.app.ports.valkey.flushdb()  # the marks of a killed process end by themselves

    async def tells() -> None:
        if webhook == "never":
            await trade.db.fetch("DELETE FROM sandbox.deliveries")
        elif webhook == "twice":
            await trade.db.fetch(
                "INSERT INTO sandbox.deliveries (id, body) SELECT id || '-again', body FROM sandbox.deliveries"
            )
        await deliver_webhooks(trade.app, trade.client)

    if webhook == "first":
        await tells()
        await drain()
    if repeats:
        again = await trade.client.post("/api/orders", json=trade.shopper.order(), headers=headers)
        assert again.status_code == 201, again.text
    await recover(trade, drain, tells=tells)

    rows = await trade.db.fetch("SELECT id, status, paid_cents, amount_due_cents FROM orders")
    assert len(rows) == 1
    [order] = rows
    charged: int = await trade.db.fetchval(
        "SELECT coalesce(sum(amount_cents - refunded_cents), 0)::int FROM sandbox.charges WHERE status = 'succeeded'"
    )
    alive = order["status"] == "confirmed"
    assert charged == (order["amount_due_cents"] if alive else 0)
    assert order["paid_cents"] == charged
    assert order["status"] in {"confirmed", "cancelled"}
    if repeats and fault != Fault.REFUSED:
        assert alive
    assert await trade.db.fetchval("SELECT count(*) FROM sandbox.charges WHERE status = 'succeeded'") <= 1
    assert [str(one) async for verdict in verify(trade.db) for one in verdict.shown] == []
    left = await trade.db.fetchval("SELECT quantity FROM stock_levels WHERE product_id = $1", haze)
    assert left == (4 if alive else 5)


@pytest.mark.parametrize("webhook", ["last", "twice", "never"])
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault != Fault.KILLED_SETTLED])
async def test_a_refund_is_made_once_whatever_breaks(
    trade: Trade, drain: Drain, monkeypatch: pytest.MonkeyPatch, fault: Fault, webhook: Webhook
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=5)
    order = await trade.order((haze, 1))
    assert (await trade.refund(order, amount=10)).status_code == 200
    await deliver_webhooks(trade.app, trade.client)
    break_once(trade, fault, monkeypatch)
    refund_id: UUID = await trade.db.fetchval("SELECT id FROM refunds")
    gateways: Gateways = trade.app.ports.get(Gateways)
    with suppress(Died, GatewayUnavailable):
        await jobs.retry_refunds(trade.db, gateways, older_than=jobs.SILENT_AFTER * 0)

    async def tells() -> None:
        if webhook == "never":
            await trade.db.fetch("DELETE FROM sandbox.deliveries")
        elif webhook == "twice":
            await trade.db.fetch(
                "INSERT INTO sandbox.deliveries (id, body) SELECT id || '-again', body FROM sandbox.deliveries"
            )
        await deliver_webhooks(trade.app, trade.client)

    await recover(trade, drain, tells=tells)
    made = await trade.db.fetch("SELECT refund_id, amount_cents FROM sandbox.refunds")
    assert [tuple(row) for row in made] == [(refund_id, 1000)]
    assert (await trade.look(order))["payment"]["refundedAmount"] == 10
    assert [str(one) async for verdict in verify(trade.db) for one in verdict.shown] == []


@pytest.mark.timeout(300)
async def test_orders_under_random_faults_leave_no_violation() -> None:
    outcome = await asyncio.wait_for(run(Wish(orders=60, in_flight=16, seed=11, rate=0.02)), timeout=280)
    assert outcome.violations == []
    assert outcome.figures["orders placed"] > 30
    assert all(outcome.faults[fault] for fault in Fault)
    assert outcome.faults["processes that died"] > 0
