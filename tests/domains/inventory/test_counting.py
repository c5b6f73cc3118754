"""Stock as staff counts it: with a reason, never below zero, and never beside the lots."""

import asyncio
from typing import Any

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import signed_in
from factories.lots import receive_lot
from factories.trade import Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def correct(trade: Trade, product_id: object, change: int, **headers: str) -> httpx.Response:
    return await trade.client.post(
        f"/api/admin/products/{product_id}/stock",
        json={"change": change, "reason": "Counted twice."},
        headers=trade.admin.headers | headers,
    )


async def test_found_and_lost_units_are_told_with_their_reason(trade: Trade) -> None:
    product_id = await make_product(trade.db, "Grinder", product_class="accessory", stock=5)
    for change, left in ((3, 8), (-8, 0)):
        assert (await correct(trade, product_id, change)).json()["stock"]["quantity"] == left
    few = await correct(trade, product_id, -1)
    assert (few.status_code, few.json()["code"]) == (409, "TOO_FEW_UNITS")
    assert (await correct(trade, product_id, 0)).status_code == 422
    once = [await correct(trade, product_id, 2, **{"Idempotency-Key": "a"}) for _ in range(2)]
    assert [answer.json()["stock"]["quantity"] for answer in once] == [2, 2]
    told = await trade.client.get(f"/api/admin/products/{product_id}/stock", headers=trade.admin.headers)
    story: Any = told.json()
    assert [(one["change"], one["reason"], one["note"]) for one in story["movements"]] == [
        (2, "adjusted", "Counted twice."),
        (-8, "adjusted", "Counted twice."),
        (3, "adjusted", "Counted twice."),
        (5, "opening", None),
    ]
    assert story["movements"][0]["actorId"] == str(trade.admin.id)
    reason = await trade.db.fetchval(
        "SELECT reason FROM audit_log WHERE action = 'stock.corrected' ORDER BY seq LIMIT 1"
    )
    assert reason == "Counted twice."


async def test_what_has_lots_is_corrected_by_its_lots(trade: Trade) -> None:
    product_id = await make_product(trade.db, "Haze", stock=0)
    await receive_lot(trade, product_id, 4)
    refused = await correct(trade, product_id, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    assert "kept by lots" in refused.json()["error"]
    assert await trade.db.fetchval("SELECT quantity FROM stock_levels WHERE product_id = $1", product_id) == 4


async def test_corrections_at_once_never_go_below_zero(trade: Trade) -> None:
    product_id = await make_product(trade.db, "Grinder", product_class="accessory", stock=3)
    answers = await asyncio.gather(*(correct(trade, product_id, -1) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 409, 409]


async def test_what_is_running_out_is_listed(trade: Trade, app: Application) -> None:
    for name, stock in (("Few", 2), ("None", 0), ("Many", 50), ("Enough", 10)):
        await make_product(trade.db, name, stock=stock)
    await make_product(trade.db, "Away", stock=0, is_active=False)
    ours = {"Few", "None", "Many", "Enough", "Away"}

    async def names(**query: Any) -> list[str]:
        answer = await trade.client.get("/api/admin/stock/low", params=query, headers=trade.admin.headers)
        return [one["name"] for one in answer.json()["products"] if one["name"] in ours]

    assert await names() == ["None", "Few"]
    assert await names(below=11) == ["None", "Few", "Enough"]
    assert await names(below=2) == ["None"]
    agent = await signed_in(app, Role.AGENT)
    assert (await trade.client.get("/api/admin/stock/low", headers=agent.headers)).status_code == 403
