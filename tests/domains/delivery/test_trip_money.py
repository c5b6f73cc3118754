"""Authorised money, taken before a trip departs: once, whoever dies in between, and not from a bank that lets go."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.catalog import make_product
from factories.lots import receive_lot, scan
from factories.trade import Trade, balances, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import service
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.payments.ports import Gateways
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"payment_capture": "departure"})


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def planned(trade: Trade, count: int = 2) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    product_id = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    orders = []
    for _ in range(count):
        order = await trade.order((product_id, 1))
        await trade.pack(order)
        orders.append(order)
    body = {"orderIds": [order["id"] for order in orders]}
    answer = await trade.client.post("/api/driver/trips", json=body, headers=trade.driver.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["trip"], orders


async def depart(trade: Trade, trip: dict[str, Any]) -> httpx.Response:
    url = f"/api/driver/trips/{trip['id']}/depart"
    return await trade.client.post(url, headers=trade.driver.headers)


async def charges(trade: Trade) -> int:
    found: int = await trade.db.fetchval("SELECT count(*) FROM sandbox.charges WHERE status = 'succeeded'")
    return found


async def test_a_departure_takes_the_money_of_every_order_once(trade: Trade) -> None:
    trip, orders = await planned(trade)
    assert await charges(trade) == 0
    answers = await asyncio.gather(*(depart(trade, trip) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert await charges(trade) == 2
    for order in orders:
        told = await trade.look(order)
        assert (told["status"], told["payment"]["status"]) == ("out_for_delivery", "paid")
        assert (await balances(trade.db, order_id=order["id"]))[Account.DEPOSITS] == 5430


async def test_killed_between_money_and_departure_it_goes_on(trade: Trade) -> None:
    trip, orders = await planned(trade)
    actor = Actor(id=trade.driver.id, role=Role.DRIVER, name="Maya Okafor", session_id=new_id())
    gateways = trade.app.ports.get(Gateways)
    # What a departure does first; then it dies.
    await service.take_money_of_trip(trade.db, gateways, actor=actor, trip_id=UUID(trip["id"]))
    assert await charges(trade) == 2
    assert [(await trade.look(order))["status"] for order in orders] == ["preparing"] * 2
    assert (await depart(trade, trip)).status_code == 200
    assert await charges(trade) == 2


async def test_an_order_that_its_bank_does_not_pay_keeps_the_trip_in_the_shop(trade: Trade) -> None:
    trip, orders = await planned(trade)
    await trade.db.fetch(
        "UPDATE sandbox.charges SET status = 'cancelled' WHERE id = "
        "(SELECT external_id FROM payment_intents WHERE order_id = $1)",
        UUID(orders[0]["id"]),
    )
    refused = await depart(trade, trip)
    assert (refused.status_code, refused.json()["code"]) == (409, "DEPARTURE_REFUSED"), refused.text
    assert [reason["rule"] for reason in refused.json()["reasons"]] == ["payment"]
    assert orders[0]["orderNumber"] in refused.json()["error"]
    assert [(await trade.look(order))["status"] for order in orders] == ["preparing"] * 2
    rest = {"orderIds": [orders[1]["id"]]}
    again = await trade.client.post("/api/driver/trips", json=rest, headers=trade.driver.headers)
    assert (await depart(trade, again.json()["trip"])).status_code == 200
    assert await charges(trade) == 1


async def test_tags_are_on_the_papers_and_what_is_not_packed_stays(trade: Trade) -> None:
    product_id = await make_product(trade.db, "Haze", price_cents=4000, stock=0)
    first, second = [await receive_lot(trade, product_id, quantity=3) for _ in range(2)]
    order = await trade.order((product_id, 3), tender="cash")
    await trade.pack(order)
    body = {"orderIds": [order["id"]]}
    planned = await trade.client.post("/api/driver/trips", json=body, headers=trade.driver.headers)
    trip = planned.json()["trip"]
    refused = await depart(trade, trip)
    assert (refused.status_code, refused.json()["code"]) == (409, "DEPARTURE_REFUSED"), refused.text
    assert [reason["rule"] for reason in refused.json()["reasons"]] == ["packing"]
    assert (await scan(trade, order, (first, 1), (second, 2))).status_code == 200
    assert (await depart(trade, trip)).status_code == 200
    url = f"/api/admin/trips/{trip['id']}/manifest"
    manifest = (await trade.client.get(url, headers=trade.admin.headers)).json()["manifest"]
    lines = [(item["package_tag"], item["units"], item["value"]) for item in manifest["content"]["items"]]
    assert sorted(lines) == sorted([(first["tag"], 1, 40), (second["tag"], 2, 80)])
    assert manifest["content"]["totals"]["units"] == 3
    url = f"/api/orders/{order['id']}/receipt"
    receipt = (await trade.client.get(url, headers=trade.shopper.headers)).json()["receipt"]["content"]
    assert {item["package_tag"] for item in receipt["items"]} == {first["tag"], second["tag"]}
    assert sum(item["price"] for item in receipt["items"]) == receipt["totals"]["subtotal"] == 120
