"""Vehicles that leave at the same moment with units of the same lots."""

import asyncio

import httpx
import pytest

from factories.catalog import make_product
from factories.lots import receive_lot, scan
from factories.trade import Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def until_somebody_waits(db: Database) -> None:
    async with asyncio.timeout(30):
        while not await db.fetchval(WAITING):  # noqa: ASYNC110 - locks do not tell
            await asyncio.sleep(0.01)


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
