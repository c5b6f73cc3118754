"""The board: orders found by what they are, wait for and are known by, and counted as they are shown."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import make_person
from factories.trade import JSON, Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.orders.models import BoardFilter
from faded_skies.domains.orders.queries import board
from faded_skies.platform import clock

PATH = "/api/admin/orders"
ROUND_AUSTIN = [[-98, 30], [-97, 30], [-97, 31], [-98, 31], [-98, 30]]
HOLE = [[-97.9, 30.1], [-97.1, 30.1], [-97.1, 30.9], [-97.9, 30.9], [-97.9, 30.1]]


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def ask(trade: Trade, path: str = "", **query: Any) -> JSON:
    answer = await trade.client.get(f"{PATH}{path}", params=query, headers=trade.admin.headers)
    assert answer.status_code == 200, answer.text
    told: JSON = answer.json()
    return told


async def numbers(trade: Trade, **query: Any) -> list[str]:
    found = await ask(trade, **query)
    assert found["total"] == len(found["orders"])
    return [order["orderNumber"] for order in found["orders"]]


def business_day() -> date:
    now = clock.now()
    return compliance.business_day(compliance.read_law("us-tx-example").at(now), now)


async def make_area(trade: Trade, rings: Any = None, radius: int | None = None) -> str:
    geometry = (
        {"type": "Point", "coordinates": [-97.74, 30.27]}
        if rings is None
        else {"type": "Polygon", "coordinates": rings}
    )
    body = {
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "name": f"Area {radius} {len(rings or ())}",
            "deliveryFee": 5,
            "minimumOrder": 0,
            "opensAt": "00:00",
            "closesAt": "24:00",
            "radiusMetres": radius,
        },
    }
    made = await trade.client.post("/api/admin/service-areas", json=body, headers=trade.admin.headers)
    assert made.status_code == 201, made.text
    area_id: str = made.json()["id"]
    return area_id


async def test_orders_are_found_by_what_they_are_and_wait_for(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=100, stock=50)
    waits = (await trade.order((haze, 1), tender="cash"))["orderNumber"]
    packed = await trade.order((haze, 2), tender="card")
    await trade.pack(packed)
    given = packed["orderNumber"]
    both = [given, waits]
    assert await numbers(trade) == both
    assert await numbers(trade, status=["confirmed", "preparing"]) == both
    assert (
        await numbers(trade, status="preparing")
        == await numbers(trade, driverId=str(trade.driver.id))
        == [given]
    )
    assert await numbers(trade, tender="cash") == await numbers(trade, paymentStatus="unpaid") == [waits]
    assert await numbers(trade, needs="assign") == [waits]
    assert await numbers(trade, needs=["assign", "pack"]) == [waits]
    assert await numbers(trade, needs="payment") == await numbers(trade, needs="id") == []
    assert await numbers(trade, orderNumber=waits) == [waits]
    order = (await ask(trade, orderNumber=given))["orders"][0]
    assert order["customer"]["id"] == str(trade.shopper.id)
    assert (order["driverId"], order["customer"]["idVerificationStatus"]) == (
        str(trade.driver.id),
        "approved",
    )
    today = business_day()
    for expires_on, found in ((today, []), (today - timedelta(days=1), both)):
        await trade.db.fetch(
            "UPDATE users SET id_expires_on = $2 WHERE id = $1", trade.shopper.id, expires_on
        )
        assert await numbers(trade, needs="id") == found
        assert await numbers(trade, needs=["id", "assign"], tender="cash") == found[1:]
        assert (await ask(trade, "/counts"))["needs"]["id"] == len(found)
        assert (await ask(trade, "/counts", needs="id"))["needs"]["id"] == len(found)
    await trade.db.fetch(
        "UPDATE users SET id_verification_status = 'rejected', id_expires_on = NULL WHERE id = $1",
        trade.shopper.id,
    )
    assert await numbers(trade, needs="id") == both
    counts = await ask(trade, "/counts")
    assert counts["counts"]["confirmed"] == counts["counts"]["preparing"] == 1
    assert sum(counts["counts"].values()) == 2
    assert counts["needs"]["id"] == 2
    assert counts["needs"]["assign"] == 1
    assert (await ask(trade, "/counts", tender="cash"))["counts"]["preparing"] == 0


async def test_orders_are_found_by_what_the_customer_says(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=100, stock=50)
    number = (await trade.order((haze, 1), tender="cash"))["orderNumber"]
    await make_person(trade.app, full_name="Somebody Else")
    await trade.db.fetch(
        "UPDATE users SET full_name = 'Zoë O_Hara', phone = '(512) 555-0177', email = 'zoe@example.com' WHERE id = $1",
        trade.shopper.id,
    )
    for said in (number.lower(), number[-5:], "zoë o_h", "zoe@EXAMPLE", "5125550177", "(512) 555-0177"):
        assert await numbers(trade, search=said) == [number], said
    for said in ("o%hara", "somebody else", "'; DROP TABLE orders; --"):
        assert await numbers(trade, search=said) == []
    assert (await ask(trade, "/counts", search="zoe@"))["counts"]["confirmed"] == 1
    short = await trade.client.get(PATH, params={"search": "zo"}, headers=trade.admin.headers)
    assert short.status_code == 422


async def test_orders_are_found_by_day_and_place(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=100, stock=50)
    order = await trade.order((haze, 1), tender="cash")
    number, zip_code = order["orderNumber"], order["deliveryAddress"]["zipCode"][:5]
    today = business_day()
    day = timedelta(days=1)
    for query, found in (
        ({"from": today, "to": today}, True),
        ({"to": today - day}, False),
        ({"from": today + day}, False),
        ({"zipCode": zip_code}, True),
        ({"zipCode": "99999"}, False),
        ({"areaId": await make_area(trade, [ROUND_AUSTIN])}, True),
        ({"areaId": await make_area(trade, [ROUND_AUSTIN, HOLE])}, False),
        ({"areaId": await make_area(trade, radius=100_000)}, True),
        ({"areaId": await make_area(trade, radius=1)}, False),
    ):
        assert (await numbers(trade, **query) == [number]) is found, query
    for query in (
        {"areaId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"},
        {"from": "yesterday"},
        {"needs": "sleep"},
    ):
        assert (await trade.client.get(PATH, params=query, headers=trade.admin.headers)).status_code == 422


async def test_orders_that_are_over_are_counted_for_today(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=100, stock=50)
    for _ in range(2):
        order = await trade.order((haze, 1), tender="cash")
        cancelled = await trade.client.patch(
            f"{PATH}/{order['id']}/status", json={"status": "cancelled"}, headers=trade.admin.headers
        )
        assert cancelled.status_code == 200
    await trade.db.fetch(
        "UPDATE orders SET created_at = created_at - interval '3 days' WHERE id = $1", UUID(order["id"])
    )
    assert (await ask(trade, "/counts"))["counts"]["cancelled"] == 1
    assert len(await numbers(trade, status="cancelled")) == 2


async def test_searching_uses_the_indexes(trade: Trade) -> None:
    wanted = BoardFilter(today=clock.now().date(), words="%okaf%")
    page, *_ = board._statements(("words",), ())
    async with trade.db.transaction() as tx:
        # So few rows are read faster without these indexes, which are read as bitmaps, or one by one by their ids.
        for way in ("seqscan", "indexscan", "nestloop"):
            await tx.execute(f"SET LOCAL enable_{way} = off")
        plan = str(await tx.fetch(f"EXPLAIN {page}", wanted.words, 20, 0))
    assert "orders_number_search_idx" in plan
    assert "users_search_idx" in plan
