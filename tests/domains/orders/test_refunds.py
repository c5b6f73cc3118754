"""Giving back: by items with their taxes, by amount, by money and coins; once, and never more than was paid."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.answers import refusal_of
from factories.catalog import make_product
from factories.shop import give_coins, stock_of
from factories.trade import Trade, balances, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders.rules import share_of_units
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


def item(product_id: object, quantity: int = 1) -> dict[str, Any]:
    return {"productId": str(product_id), "quantity": quantity}


async def test_items_go_back_with_their_taxes_and_the_coins_they_earned(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Barton Haze", price_cents=3500, stock=5)
    grinder = await make_product(trade.db, "Grinder", price_cents=2001, stock=5, product_class="accessory")
    order = await trade.order((haze, 2), (grinder, 1), tip=4)
    # 90.01 + 6.25 % (5.63) + 15 % of 70 (10.50) + 2 % (1.80) + fee 5.00 + tip 4.00
    assert order["totalAmount"] == 116.94
    await trade.deliver(order)
    assert (await trade.coins())["balance"] == 112

    refunded = await trade.refund(order, items=[item(haze)])
    assert refunded.status_code == 200, refunded.text
    await drain()
    # 35.00 + half of haze's 4.38 (2.19) + 5.25 + half of haze's 1.40 (0.70)
    ended = await trade.look(order)
    assert ended["payment"]["refundedAmount"] == 43.14
    assert ended["payment"]["status"] == "paid"
    assert ended["status"] == "delivered"
    assert await stock_of(trade.app, haze) == 3
    assert await balances(trade.db, order_id=order["id"]) == {
        Account.GATEWAY: 11694 - 369 - 4314,
        Account.PROCESSING_FEES: 369,
        Account.SALES: 9001,
        Account.SALES_RETURNS: 3500,
        Account.TAX_STATE: 563 - 219,
        Account.TAX_CANNABIS: 1050 - 525,
        Account.TAX_LOCAL: 180 - 70,
        Account.DELIVERY_FEES: 500,
        Account.TIPS: 400,
        Account.COINS: 69,
        Account.COIN_REWARDS: 69,
    }
    coins = await trade.coins()
    assert (coins["balance"], coins["debt"]) == (69, 0)  # whole dollars of 116.94 - 43.14 - 4.00
    assert coins["transactions"][0]["type"] == "reversed"


async def test_all_items_in_parts_give_back_exactly_what_they_cost(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=1111, stock=5)
    order = await trade.order((haze, 3))
    await trade.deliver(order)
    for _ in range(3):
        assert (await trade.refund(order, items=[item(haze)], restock=True)).status_code == 200
    assert refusal_of(await trade.refund(order, items=[item(haze)])) == (409, "INVALID_STATE")
    await drain()
    assert (await trade.look(order))["payment"]["refundedAmount"] == round(33.33 + order["taxAmount"], 2)
    assert await stock_of(trade.app, haze) == 5
    left = await balances(trade.db, order_id=order["id"])
    assert [account for account in left if account.value.startswith("tax_")] == []
    assert left[Account.SALES] == left[Account.SALES_RETURNS] == 3333


async def test_coins_that_were_spent_already_become_a_debt(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 1))
    await trade.deliver(order)
    earned = (await trade.coins())["balance"]
    assert earned == 54
    await trade.order((haze, 1), useCoins=True)
    assert (await trade.coins())["balance"] == 0
    assert (await trade.refund(order, amount=order["totalAmount"])).status_code == 200
    await drain()
    coins = await trade.coins()
    assert (coins["balance"], coins["debt"]) == (0, earned)
    assert (await balances(trade.db))[Account.COIN_DEBTS] == earned


async def test_an_amount_is_a_favour_and_leaves_the_taxes(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 1))
    await trade.deliver(order)
    before = await balances(trade.db, order_id=order["id"])
    assert (await trade.refund(order, amount=5.25)).status_code == 200
    await drain()
    after = await balances(trade.db, order_id=order["id"])
    assert after[Account.ALLOWANCES] == before[Account.GATEWAY] - after[Account.GATEWAY] == 525
    assert after[Account.TAX_STATE] == before[Account.TAX_STATE]
    assert (await trade.look(order))["payment"]["refundedAmount"] == 5.25


async def test_an_amount_before_the_handover_comes_off_the_sale(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 1))
    assert (await trade.refund(order, amount=10)).status_code == 200
    assert refusal_of(await trade.refund(order, items=[item(haze)])) == (409, "INVALID_STATE")
    await drain()
    await trade.deliver(order)
    left = await balances(trade.db, order_id=order["id"])
    assert Account.DEPOSITS not in left
    assert left[Account.ALLOWANCES] == 1000
    assert (await trade.coins())["balance"] == int(order["totalAmount"] - 10)


async def test_a_cancelled_order_gives_back_what_is_left_of_it(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    await give_coins(trade.app, trade.shopper, 700)
    order = await trade.order((haze, 1), useCoins=700)
    assert (await trade.refund(order, amount=10)).status_code == 200
    url = f"/api/orders/{order['id']}/cancel"
    assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    await drain()
    ended = await trade.look(order)
    assert (ended["payment"]["status"], ended["payment"]["refundedAmount"]) == (
        "refunded",
        ended["payment"]["amountPaid"],
    )
    assert (await trade.coins())["balance"] == 700
    fee = (await balances(trade.db))[Account.PROCESSING_FEES]
    assert await balances(trade.db) == {
        Account.GATEWAY: -fee,
        Account.PROCESSING_FEES: fee,
        Account.COINS: 700,
        Account.GOODWILL: 700,
    }
    assert refusal_of(await trade.refund(order, amount=0.01)) == (409, "INVALID_STATE")


async def test_money_goes_back_before_coins(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    await give_coins(trade.app, trade.shopper, 4500)
    order = await trade.order((haze, 1), useCoins=4500)
    due = order["payment"]["amountDue"]
    assert due == 9.3
    await trade.deliver(order)
    assert (await trade.refund(order, items=[item(haze)])).status_code == 200
    await drain()
    assert (await trade.look(order))["payment"]["refundedAmount"] == due
    # 49.30 are the goods with their taxes: 9.30 by money, the other 40.00 by coins; 9 earned ones were taken back.
    coins = await trade.coins()
    assert (coins["balance"], coins["debt"]) == (4000, 0)
    left = await balances(trade.db, order_id=order["id"])
    assert Account.TAX_STATE not in left
    assert left[Account.DELIVERY_FEES] == 500
    too_much = await trade.refund(order, amount=5.01)
    assert (refusal_of(too_much), too_much.json()["refundable"]) == ((409, "INVALID_STATE"), 5.0)


async def test_an_order_paid_by_coins_alone_gives_coins_back(trade: Trade, drain: Drain) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    await give_coins(trade.app, trade.shopper, 6000)
    order = await trade.order((haze, 1), tender="fs_coin")
    await trade.deliver(order)
    assert (await trade.refund(order, amount=12.34)).status_code == 200
    await drain()
    assert (await trade.coins())["balance"] == 6000 - 5430 + 1234
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 0


async def test_cash_goes_back_out_of_the_safe_at_once(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 1), tender="cash")
    assert refusal_of(await trade.refund(order, amount=1)) == (409, "INVALID_STATE")
    await trade.deliver(order, cash=60)
    refunded = await trade.refund(order, items=[item(haze)], restock=True)
    assert refunded.status_code == 200
    assert await trade.db.fetchval("SELECT (channel, status)::text FROM refunds") == "(cash,succeeded)"
    left = await balances(trade.db, order_id=order["id"])
    assert (left[Account.SAFE], left[Account.DRAWER]) == (-4930, 5430)


async def test_the_same_key_gives_back_once_and_two_at_once_never_too_much(
    trade: Trade, drain: Drain
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 2))
    await trade.deliver(order)
    key = str(new_id())
    same = [await trade.refund(order, key=key, items=[item(haze)]) for _ in range(3)]
    assert {answer.text for answer in same} == {same[0].text}
    assert same[0].status_code == 200
    assert refusal_of(await trade.refund(order, key=key, amount=1)) == (409, "IDEMPOTENCY_KEY_REUSED")
    left = order["totalAmount"] - 49.3
    tries = await asyncio.gather(*(trade.refund(order, amount=round(left / 2, 2)) for _ in range(6)))
    assert sorted(answer.status_code for answer in tries) == [200, 200, 409, 409, 409, 409]
    await drain()
    assert (await trade.look(order))["payment"]["status"] == "refunded"
    assert Account.REFUNDS_PAYABLE not in await balances(trade.db)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": 1, "items": [item(new_id())]}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.005}, "amount"),
        ({"amount": "1"}, "amount"),
        ({"amount": 1, "restock": True}, "restock"),
        ({"amount": 1, "reason": " "}, "reason"),
        ({"items": []}, "items"),
        ({"items": [item(new_id(), 0)]}, "items.0.quantity"),
        ({"items": [item(new_id(), -1)]}, "items.0.quantity"),
        ({"items": [{"productId": "7", "quantity": 1}]}, "items.0.productId"),
        ({"amount": 1, "to": "me"}, "to"),
    ],
)
async def test_a_wrong_refund_is_refused_by_its_field_and_nothing_goes_back(
    trade: Trade, body: dict[str, Any], field: str
) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    order = await trade.order((haze, 1))
    refused = await trade.refund(order, **body)
    assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    assert [detail["field"] for detail in refused.json()["details"]] == [field]
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 0


async def test_units_that_were_not_bought_do_not_go_back(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=9)
    other = await make_product(trade.db, "Other", price_cents=4000, stock=9)
    order = await trade.order((haze, 1))
    await trade.deliver(order)
    assert refusal_of(await trade.refund(order, items=[item(other)])) == (422, "VALIDATION_ERROR")
    assert refusal_of(await trade.refund(order, items=[item(haze), item(haze)])) == (422, "VALIDATION_ERROR")
    assert refusal_of(await trade.refund(order, items=[item(haze, 2)])) == (409, "INVALID_STATE")
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 0
    assert await trade.db.fetchval("SELECT sum(refunded_quantity) FROM order_items") == 0


@given(st.integers(0, 10_000_000), st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_parts_of_a_line_add_up_to_it(cents: int, parts: list[int]) -> None:
    quantity = sum(parts)
    before, worth = 0, []
    for units in parts:
        worth.append(share_of_units(cents, quantity=quantity, before=before, units=units))
        before += units
    assert sum(worth) == cents
    assert min(worth) >= 0
