"""What counts in a day's limits: everything that is ordered on the day, or brought on it."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest

from factories.catalog import make_product
from factories.trade import Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.platform import clock

OUNCE = 28_349
SHOP = ZoneInfo("America/Chicago")


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def may_add(trade: Trade, product_id: UUID) -> bool:
    body = {"productId": str(product_id), "quantity": 1}
    answer = await trade.client.post("/api/cart/add", json=body, headers=trade.shopper.headers)
    if answer.status_code == 200:
        gone = await trade.client.delete(f"/api/cart/remove/{product_id}", headers=trade.shopper.headers)
        assert gone.status_code == 200
        return True
    assert answer.json()["code"] == "PURCHASE_LIMIT_EXCEEDED", answer.text
    return False


async def test_an_order_that_is_brought_today_counts_today(trade: Trade) -> None:
    ounce = await make_product(trade.db, "Ounce", price_cents=4000, stock=9, net_weight_mg=OUNCE)
    order = await trade.order((ounce, 2), tender="cash")
    await trade.db.fetch("UPDATE orders SET created_at = created_at - interval '2 days'")
    assert not await may_add(trade, ounce)
    await trade.deliver(order, cash=200)
    assert not await may_add(trade, ounce)
    await trade.db.fetch("UPDATE orders SET delivered_at = delivered_at - interval '1 day'")
    assert await may_add(trade, ounce)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(datetime(2026, 11, 1, tzinfo=SHOP), 25), (datetime(2026, 3, 8, tzinfo=SHOP), 23)],
    ids=["winter begins", "summer begins"],
)
async def test_a_day_is_as_long_as_its_clock_says(
    trade: Trade, monkeypatch: pytest.MonkeyPatch, day: datetime, hours: int
) -> None:
    ounce = await make_product(trade.db, "Ounce", price_cents=4000, stock=9, net_weight_mg=OUNCE)
    await trade.deliver(await trade.order((ounce, 2), tender="cash"), cash=200)
    begins = day.astimezone(clock.now().tzinfo)
    moments = {
        timedelta(): False,
        timedelta(hours=hours, seconds=-1): False,
        timedelta(hours=hours): True,
    }
    await trade.db.fetch("UPDATE orders SET created_at = $1, delivered_at = $1", begins)
    for after, allowed in moments.items():
        monkeypatch.setattr(clock, "now", lambda after=after: begins + after)
        assert await may_add(trade, ounce) is allowed, after
