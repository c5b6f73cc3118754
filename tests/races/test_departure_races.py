"""Vehicles that leave at the same moment with units of the same lots."""

import asyncio
from uuid import UUID

import httpx
import pytest

from factories.catalog import make_product
from factories.lots import receive_lot, scan
from factories.trade import Trade, open_trade
from factories.waiting import until_somebody_waits
from faded_skies.bootstrap import Application

ASKS = "pm_card_authenticationRequired"


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, ASKS)


async def test_a_departure_holds_the_lots_of_all_its_orders_in_one_order(trade: Trade) -> None:
    lots = []
    for name in ("Haze", "Kush"):
        product_id = await make_product(trade.db, name, price_cents=4000, stock=0, net_weight_mg=1000)
        lots.append((product_id, await receive_lot(trade, product_id)))
    first, second = lots
    orders = []
    # The order that comes first has units of the lot that comes second.
    for product_id, lot in (second, first):
        order = await trade.order((product_id, 1), tender="cash")
        await trade.pack(order)
        assert (await scan(trade, order, (lot, 1))).status_code == 200
        orders.append(order["id"])
    planned = await trade.client.post(
        "/api/driver/trips", json={"orderIds": orders}, headers=trade.driver.headers
    )
    url = f"/api/driver/trips/{planned.json()['trip']['id']}/depart"
    async with trade.db.transaction() as tx:
        await tx.fetch("SELECT FROM lots WHERE id = $1 FOR UPDATE", first[1]["id"])
        leaving = asyncio.create_task(trade.client.post(url, headers=trade.driver.headers))
        await until_somebody_waits(trade.db)
        # It holds no later lot while it waits for an earlier one: two of its kind cannot wait for each other.
        await tx.fetch("SELECT FROM lots WHERE id = $1 FOR UPDATE NOWAIT", second[1]["id"])
    left = await leaving
    assert (left.status_code, left.json()["trip"]["status"]) == (200, "departed"), left.text


async def test_a_departure_holds_stock_levels_before_lots(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=0, net_weight_mg=1000)
    lot = await receive_lot(trade, haze)
    papers = await make_product(trade.db, "Papers", price_cents=4000, product_class="accessory")
    packed = await trade.order((haze, 1), tender="cash")
    await trade.pack(packed)
    assert (await scan(trade, packed, (lot, 1))).status_code == 200
    # Another order on board has a change that waits for the bank: what it reserved goes back at the departure.
    changed = await trade.order((papers, 1))
    await trade.pack(changed)
    card = trade.shopper.methods[ASKS]
    await trade.db.fetch("UPDATE orders SET payment_method_id = $2 WHERE id = $1", UUID(changed["id"]), card)
    body = {"lines": [{"productId": str(papers), "quantity": 2}]}
    url = f"/api/orders/{changed['id']}/amend"
    amended = await trade.client.post(url, json=body, headers=trade.shopper.headers)
    assert amended.json()["amendment"]["status"] == "paying", amended.text
    planned = await trade.client.post(
        "/api/driver/trips",
        json={"orderIds": [packed["id"], changed["id"]]},
        headers=trade.driver.headers,
    )
    url = f"/api/driver/trips/{planned.json()['trip']['id']}/depart"
    async with trade.db.transaction() as tx:
        await tx.fetch("SELECT FROM stock_levels WHERE product_id = $1 FOR UPDATE", papers)
        leaving = asyncio.create_task(trade.client.post(url, headers=trade.driver.headers))
        await until_somebody_waits(trade.db)
        await tx.fetch("SELECT FROM lots WHERE id = $1 FOR UPDATE NOWAIT", lot["id"])
    left = await leaving
    assert (left.status_code, left.json()["trip"]["status"]) == (200, "departed"), left.text
    assert await trade.db.fetchval("SELECT status FROM order_amendments") == "closed"
