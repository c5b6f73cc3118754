"""A shop after a busy day."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.catalog import make_product
from factories.payments import deliver_webhooks, sandbox_world
from factories.shop import give_coins
from factories.trade import Trade, open_trade
from faded_skies.bootstrap import Application

CARDS = (
    "pm_card_chargeCustomerFail",
    "pm_card_createDispute",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
)


@pytest.fixture
async def day(app: Application, client: httpx.AsyncClient, drain: Callable[[], Awaitable[None]]) -> Trade:
    """Orders in every way of paying and ending, refunds of all kinds, a dispute, coins, and a drawer signed off."""
    trade = await open_trade(app, client, *CARDS)
    haze = await make_product(trade.db, "Haze", price_cents=3999, stock=100)
    grinder = await make_product(trade.db, "Grinder", price_cents=1501, stock=100, product_class="accessory")
    await give_coins(app, trade.shopper, 2000)
    items = [{"productId": str(haze), "quantity": 1}]

    by_card = await trade.order((haze, 2), (grinder, 1), tip=5, useCoins=700)
    await trade.deliver(by_card)
    assert (await trade.refund(by_card, items=items, restock=True)).status_code == 200
    assert (await trade.refund(by_card, amount=2.5)).status_code == 200
    by_cash = await trade.order((haze, 1), tender="cash", tip=3)
    await trade.deliver(by_cash, cash=100)
    assert (await trade.refund(by_cash, amount=4)).status_code == 200
    cancelled = await trade.order((grinder, 2))
    url = f"/api/orders/{cancelled['id']}/cancel"
    assert (await client.post(url, headers=trade.shopper.headers)).status_code == 200
    returned = await trade.order((haze, 1), useCoins=300)
    await trade.pack(returned)
    assert (await trade.pick_up(returned)).status_code == 200
    back = f"/api/driver/orders/{returned['id']}/return"
    assert (
        await client.post(back, json={"reason": "Nobody there."}, headers=trade.driver.headers)
    ).status_code == 200
    amended = await trade.order((haze, 1), (grinder, 1), useCoins=200)
    for goods in ({haze: 1}, {haze: 1, grinder: 3}):
        wished = [{"productId": str(one), "quantity": count} for one, count in goods.items()]
        changed = f"/api/orders/{amended['id']}/amend"
        answer = await client.post(changed, json={"lines": wished}, headers=trade.shopper.headers)
        assert answer.status_code == 200, answer.text
    await trade.deliver(amended)
    await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    await trade.order(tender="pm_card_createDispute")
    bounced = await trade.order((haze, 1), tender="pm_card_refundFail")
    await trade.deliver(bounced)
    assert (await trade.refund(bounced, items=items)).status_code == 200
    slow = await trade.order((haze, 1), tender="pm_card_pendingRefund")
    await trade.deliver(slow)
    assert (await trade.refund(slow, amount=1)).status_code == 200
    await drain()
    await sandbox_world(app).settle_refunds()
    assert (await trade.refund(slow, amount=2)).status_code == 200
    for _ in range(2):
        await deliver_webhooks(app, client)
        await drain()

    due = by_cash["payment"]["amountDue"]
    ended = {"online": False, "closingCash": due}
    assert (
        await client.post("/api/driver/shift", json=ended, headers=trade.driver.headers)
    ).status_code == 200
    drawers = (await client.get("/api/admin/drawers", headers=trade.admin.headers)).json()["drawers"]
    counted = {"receivedCash": round(due - 1, 2), "note": "A dollar is missing."}
    signed = await client.post(
        f"/api/admin/drawers/{drawers[0]['id']}/sign-off", json=counted, headers=trade.admin.headers
    )
    assert signed.status_code == 200, signed.text
    return trade
