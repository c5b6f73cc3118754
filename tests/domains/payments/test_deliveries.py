"""What a gateway tells of by itself: refunds that drag on, fail or were made there; disputes; renewed cards."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from factories.figures import watch_counter
from factories.payments import card_gateway, deliver_webhooks, sandbox_world
from factories.trade import Trade, balances, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.payments import service

Drain = Callable[[], Awaitable[None]]

CARDS = ("pm_card_pendingRefund", "pm_card_refundFail", "pm_card_createDispute")


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, *CARDS)


async def charge_of(trade: Trade) -> str:
    charge: str = await trade.db.fetchval("SELECT external_id FROM payment_intents")
    return charge


async def hear(trade: Trade, drain: Drain) -> None:
    """Let the gateway tell everything, and work it."""
    await deliver_webhooks(trade.app, trade.client)
    await drain()


async def test_a_refund_that_drags_on_is_owed_until_it_is_made(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1), tender="pm_card_pendingRefund")
    await trade.deliver(order)
    assert (await trade.refund(order, amount=10)).status_code == 200
    await drain()
    assert await trade.db.fetchval("SELECT status FROM refunds") == "pending"
    assert (await trade.look(order))["payment"]["refundedAmount"] == 0
    assert (await balances(trade.db))[Account.REFUNDS_PAYABLE] == 1000
    assert await sandbox_world(trade.app).settle_refunds() == 1
    for _ in range(2):
        await hear(trade, drain)
    assert (await trade.look(order))["payment"]["refundedAmount"] == 10
    assert Account.REFUNDS_PAYABLE not in await balances(trade.db)


async def test_a_refund_that_comes_back_is_undone_and_can_be_asked_for_again(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    paid, refunds = watch_counter("faded_skies_payments_total"), watch_counter("faded_skies_refunds_total")
    order = await trade.order((haze, 2), tender="pm_card_refundFail")
    assert paid() == {("sandbox", "succeeded"): 1}
    await trade.deliver(order)
    items = [{"productId": str(haze), "quantity": 2}]
    assert (await trade.refund(order, items=items)).status_code == 200
    await hear(trade, drain)
    assert (await trade.look(order))["payment"]["refundedAmount"] > 0
    assert (await trade.refund(order, items=items)).status_code == 409
    assert await sandbox_world(trade.app).settle_refunds() == 1
    for _ in range(2):
        await hear(trade, drain)
    assert (await trade.look(order))["payment"]["refundedAmount"] == 0
    left = await balances(trade.db, order_id=order["id"])
    assert Account.SALES_RETURNS not in left
    assert left[Account.SALES] == 8000
    assert await trade.db.fetchval("SELECT sum(refunded_quantity) FROM order_items") == 0
    kinds = ("requested", "succeeded", "failed")
    assert refunds() == {(kind, "gateway"): 1 for kind in kinds}
    assert paid() == {("sandbox", "succeeded"): 1}
    assert (await trade.refund(order, items=items)).status_code == 200
    assert refunds()["requested", "gateway"] == 2


async def test_a_refund_made_at_the_gateway_itself_is_booked_once(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1))
    await trade.deliver(order)
    await hear(trade, drain)
    await sandbox_world(trade.app).refund_at_dashboard(await charge_of(trade), 700)
    for _ in range(2):
        await hear(trade, drain)
    assert (await trade.look(order))["payment"]["refundedAmount"] == 7
    assert (await balances(trade.db))[Account.ALLOWANCES] == 700
    refunds = await trade.db.fetch("SELECT amount_cents, status, requested_by FROM refunds")
    assert [tuple(row) for row in refunds] == [(700, "succeeded", None)]
    assert (await trade.refund(order, amount=round(order["totalAmount"] - 7 + 0.01, 2))).status_code == 409


async def test_a_dispute_is_recorded_with_its_fee_and_its_end(trade: Trade, haze: UUID, drain: Drain) -> None:
    order = await trade.order((haze, 1), tender="pm_card_createDispute")
    await hear(trade, drain)
    await hear(trade, drain)
    listed = await trade.client.get("/api/admin/disputes", headers=trade.admin.headers)
    [dispute] = listed.json()["disputes"]
    assert (dispute["orderNumber"], dispute["amount"], dispute["fee"]) == (order["orderNumber"], 54.3, 15.0)
    assert (dispute["status"], dispute["withdrawn"]) == ("needs_response", True)
    assert (await balances(trade.db))[Account.DISPUTED] == 5430
    [external_id] = [row["external_id"] for row in await trade.db.fetch("SELECT external_id FROM disputes")]
    await sandbox_world(trade.app).close_dispute(external_id, won=False)
    for _ in range(2):
        await hear(trade, drain)
    left = await balances(trade.db)
    assert Account.DISPUTED not in left
    assert left[Account.DISPUTE_LOSSES] == 5430
    query = {"status": "lost"}
    lost = await trade.client.get("/api/admin/disputes", params=query, headers=trade.admin.headers)
    assert (lost.json()["total"], lost.json()["hasMore"]) == (1, False)
    actions = await trade.db.fetch("SELECT action FROM audit_log WHERE action LIKE 'dispute.%' ORDER BY seq")
    assert [row["action"] for row in actions] == ["dispute.opened", "dispute.lost"]


async def test_a_dispute_that_is_won_gives_the_money_back(trade: Trade, haze: UUID, drain: Drain) -> None:
    await trade.order((haze, 1), tender="pm_card_createDispute")
    [external_id] = [row["id"] for row in await trade.db.fetch("SELECT id FROM sandbox.disputes")]
    await sandbox_world(trade.app).close_dispute(external_id, won=True)
    await hear(trade, drain)  # opened and closed are told at once, and both find it won
    left = await balances(trade.db)
    assert Account.DISPUTED not in left
    assert Account.DISPUTE_LOSSES not in left
    assert left[Account.PROCESSING_FEES] == 187 + 1500
    assert await trade.db.fetchval("SELECT (status, withdrawn)::text FROM disputes") == "(won,f)"


async def test_a_card_that_is_gone_at_the_gateway_is_gone_here(trade: Trade, drain: Drain) -> None:
    gateway = card_gateway(trade.app)
    customer = await service.get_customer(trade.db, gateway, trade.shopper.id)
    kept = await gateway.list_methods(customer)
    assert len(kept) == 1 + len(CARDS)
    await gateway.detach(kept[0].external_id)
    bring_home = await service.ask_about(
        trade.db, gateway, {"about": "methods", "intentId": None, "externalId": customer}
    )
    assert bring_home is not None
    for _ in range(2):
        async with trade.db.transaction() as tx:
            await bring_home(tx)
    answer = await trade.client.get("/api/payments/methods", headers=trade.shopper.headers)
    cards = [method for method in answer.json()["paymentMethods"] if method["type"] == "card"]
    assert len(cards) == len(CARDS)


@pytest.mark.parametrize(
    "told",
    [
        {"about": None, "intentId": None, "externalId": None},
        {"about": "weather", "intentId": None, "externalId": "x"},
        {"about": "charge", "intentId": None, "externalId": "pi_nobody"},
        {"about": "refunds", "intentId": None, "externalId": None},
        {"about": "dispute", "intentId": None, "externalId": "dp_nobody"},
        {"about": "methods", "intentId": None, "externalId": "cus_nobody"},
    ],
)
async def test_what_is_not_ours_is_kept_and_ignored(trade: Trade, told: dict[str, str | None]) -> None:
    assert await service.ask_about(trade.db, card_gateway(trade.app), told) is None


async def test_the_primary_card_is_the_default_at_the_gateway(trade: Trade, drain: Drain) -> None:
    second = trade.shopper.methods["pm_card_pendingRefund"]
    url = f"/api/payments/methods/{second}"
    body = {"isPrimary": True}
    assert (await trade.client.patch(url, json=body, headers=trade.shopper.headers)).status_code == 200
    await drain()
    default = await trade.db.fetchval("SELECT default_method FROM sandbox.customers")
    external_id = await trade.db.fetchval("SELECT external_id FROM payment_methods WHERE id = $1", second)
    assert default == external_id
