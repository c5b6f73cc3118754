"""Changing an order before it is packed: consent, stock, limits, taxes and money, each settled anew and once."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.answers import refusal_of
from factories.catalog import make_product
from factories.identity import signed_in
from factories.payments import deliver_webhooks, sandbox_world
from factories.shop import give_coins, make_shopper, stock_of
from factories.trade import JSON, Trade, balances, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.reports.verifying import verify

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, "pm_card_refundFail")


@pytest.fixture
async def kush(trade: Trade) -> UUID:
    return await make_product(trade.db, "Kush", price_cents=5000, stock=9)


def lines(*goods: tuple[UUID, int], **more: Any) -> JSON:
    return {
        "lines": [{"productId": str(product), "quantity": quantity} for product, quantity in goods]
    } | more


async def propose(trade: Trade, order: JSON, body: JSON, *, key: str | None = None) -> httpx.Response:
    headers = trade.admin.headers | ({} if key is None else {"Idempotency-Key": key})
    url = f"/api/admin/orders/{order['id']}/amendments"
    return await trade.client.post(url, json={"reason": "A jar was broken."} | body, headers=headers)


async def proposed(trade: Trade, order: JSON, body: JSON) -> JSON:
    answer = await propose(trade, order, body)
    assert answer.status_code == 201, answer.text
    amendment: JSON = answer.json()["amendment"]
    return amendment


async def answer(
    trade: Trade, amendment: JSON, word: str = "accept", *, key: str | None = None
) -> httpx.Response:
    headers = trade.shopper.headers | ({} if key is None else {"Idempotency-Key": key})
    url = f"/api/orders/{amendment['orderId']}/amendments/{amendment['id']}/{word}"
    return await trade.client.post(url, headers=headers)


async def amend(trade: Trade, order: JSON, body: JSON, *, key: str | None = None) -> httpx.Response:
    headers = trade.shopper.headers | ({} if key is None else {"Idempotency-Key": key})
    return await trade.client.post(f"/api/orders/{order['id']}/amend", json=body, headers=headers)


async def listed(trade: Trade, order: JSON) -> list[JSON]:
    found = await trade.client.get(f"/api/orders/{order['id']}/amendments", headers=trade.shopper.headers)
    amendments: list[JSON] = found.json()["amendments"]
    return amendments


async def wrong_in_the_books(trade: Trade) -> list[str]:
    return [str(one) async for verdict in verify(trade.db) for one in verdict.shown]


async def test_a_substitute_at_the_old_price_changes_goods_and_stock_and_no_money(
    trade: Trade, haze: UUID, kush: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 2))
    body = lines((haze, 1), (kush, 1))
    body["lines"][1]["unitPrice"] = 40
    amendment = await proposed(trade, order, body)
    assert (amendment["status"], amendment["proposedBy"], amendment["difference"]) == ("open", "shop", 0.0)
    assert amendment["before"]["totalAmount"] == amendment["after"]["totalAmount"] == order["totalAmount"]
    # Without consent nothing has changed.
    assert await trade.look(order) == order
    assert (await stock_of(trade.app, haze), await stock_of(trade.app, kush)) == (7, 9)

    accepted = await answer(trade, amendment)
    assert accepted.status_code == 200, accepted.text
    amended = accepted.json()["order"]
    assert accepted.json()["amendment"]["status"] == "applied"
    assert [(item["name"], item["quantity"], item["unitPrice"]) for item in amended["items"]] == [
        ("Haze", 1, 40.0),
        ("Kush", 1, 40.0),
    ]
    assert (amended["totalAmount"], amended["payment"]) == (order["totalAmount"], order["payment"])
    # The broken jar leaves the stock, it does not come back to the shelf.
    assert (await stock_of(trade.app, haze), await stock_of(trade.app, kush)) == (7, 8)
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 0
    await drain()
    await trade.deliver(amended)
    await drain()
    assert await wrong_in_the_books(trade) == []


async def test_cheaper_by_card_gives_the_difference_back_with_its_taxes(
    trade: Trade, haze: UUID, kush: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1), (kush, 1), tip=4)
    amendment = await proposed(trade, order, lines((haze, 1), restock=True))
    amended = (await answer(trade, amendment)).json()["order"]
    # 40.00 + 6.25 % + 15 % + 2 % + fee 5.00 + tip 4.00
    assert (amended["subtotal"], amended["taxAmount"], amended["totalAmount"]) == (40.0, 9.3, 58.3)
    assert amended["payment"]["amountDue"] == 58.3
    assert amended["payment"]["amountPaid"] == order["totalAmount"]
    assert await stock_of(trade.app, kush) == 9
    await drain()
    settled = await trade.look(order)
    back = round(order["totalAmount"] - 58.3, 2)
    assert settled["payment"] == {
        "status": "paid",
        "amountDue": 58.3,
        "amountPaid": order["totalAmount"],
        "refundedAmount": back,
    }
    assert (await balances(trade.db, order_id=order["id"]))[Account.DEPOSITS] == 5830
    assert await wrong_in_the_books(trade) == []

    await trade.deliver(order)
    await drain()
    books = await balances(trade.db, order_id=order["id"])
    assert Account.DEPOSITS not in books
    assert Account.ALLOWANCES not in books
    assert (books[Account.SALES], books[Account.TIPS]) == (4000, 400)
    # Coins are earned of what was kept, and goods go back by their new lines.
    assert (await trade.coins())["balance"] == 54
    assert refusal_of(await trade.refund(order, items=[{"productId": str(kush), "quantity": 1}])) == (
        422,
        "VALIDATION_ERROR",
    )
    given = await trade.refund(order, items=[{"productId": str(haze), "quantity": 1}])
    assert given.status_code == 200, given.text
    await drain()
    assert (await trade.look(order))["payment"]["refundedAmount"] == round(back + 49.3, 2)
    assert await wrong_in_the_books(trade) == []


async def test_coins_go_back_where_they_are_more_than_the_order(
    trade: Trade, haze: UUID, kush: UUID, drain: Drain
) -> None:
    await give_coins(trade.app, trade.shopper, 9000)
    order = await trade.order((haze, 1), (kush, 1), tender="cash", useCoins=9000)
    assert order["payment"]["amountDue"] > 0
    amended = (await amend(trade, order, lines((haze, 1)))).json()["order"]
    assert (amended["totalAmount"], amended["coinsUsed"]) == (54.3, 5430)
    assert (amended["payment"]["amountDue"], amended["payment"]["status"]) == (0.0, "paid")
    assert (await trade.coins())["balance"] == 9000 - 5430
    assert await wrong_in_the_books(trade) == []
    # It grows again in cash: the coins are spent once.
    grown = (await amend(trade, order, lines((haze, 2)))).json()["order"]
    assert (grown["totalAmount"], grown["coinsUsed"]) == (103.6, 5430)
    assert (grown["payment"]["amountDue"], grown["payment"]["status"]) == (49.3, "unpaid")
    await drain()
    await trade.deliver(grown, cash=50)
    await drain()
    assert await wrong_in_the_books(trade) == []


async def test_money_goes_back_before_coins(trade: Trade, haze: UUID, kush: UUID, drain: Drain) -> None:
    await give_coins(trade.app, trade.shopper, 6000)
    order = await trade.order((haze, 1), (kush, 1), useCoins=6000)
    paid = order["payment"]["amountPaid"]
    amended = (await amend(trade, order, lines((haze, 1)))).json()["order"]
    await drain()
    assert (amended["coinsUsed"], amended["payment"]["amountDue"]) == (5430, 0.0)
    settled = await trade.look(order)
    assert settled["payment"]["refundedAmount"] == paid
    assert (await trade.coins())["balance"] == 6000 - 5430
    assert await wrong_in_the_books(trade) == []
    await trade.deliver(order)
    await drain()
    assert (await trade.coins())["balance"] == 6000 - 5430
    assert await wrong_in_the_books(trade) == []


async def test_a_cash_order_becomes_dearer_or_cheaper_by_what_is_due(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 1), tender="cash")
    amendment = await proposed(trade, order, lines((haze, 3)))
    assert amendment["difference"] == 98.6
    dearer = (await answer(trade, amendment)).json()["order"]
    assert dearer["payment"] == {
        "status": "unpaid",
        "amountDue": 152.9,
        "amountPaid": 0.0,
        "refundedAmount": 0.0,
    }
    assert await stock_of(trade.app, haze) == 6
    cheaper = (await amend(trade, order, lines((haze, 2)))).json()["order"]
    assert (cheaper["payment"]["amountDue"], await stock_of(trade.app, haze)) == (103.6, 7)
    await trade.deliver(cheaper, cash=103.6)
    await drain()
    assert await wrong_in_the_books(trade) == []
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 0


async def test_an_order_paid_by_coins_is_not_made_dearer(trade: Trade, haze: UUID, kush: UUID) -> None:
    await give_coins(trade.app, trade.shopper, 20_000)
    order = await trade.order((haze, 1), tender="fs_coin")
    for refused in (
        await propose(trade, order, lines((kush, 1))),
        await amend(trade, order, lines((kush, 1))),
    ):
        assert refusal_of(refused) == (422, "AMENDMENT_NOT_DEARER")
        assert refused.json()["dearerBy"] == 12.33
    assert await trade.look(order) == order
    assert await listed(trade, order) == []
    assert (await stock_of(trade.app, haze), await stock_of(trade.app, kush)) == (8, 9)


async def test_a_declined_withdrawn_or_late_proposal_changes_nothing(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 2))
    declined = await proposed(trade, order, lines((haze, 1)))
    assert refusal_of(await propose(trade, order, lines((haze, 1)))) == (409, "INVALID_STATE")
    assert refusal_of(await amend(trade, order, lines((haze, 1)))) == (409, "INVALID_STATE")
    assert (await answer(trade, declined, "decline")).json()["amendment"]["status"] == "declined"
    withdrawn = await proposed(trade, order, lines((haze, 1)))
    url = f"/api/admin/orders/{order['id']}/amendments/{withdrawn['id']}"
    assert (await trade.client.delete(url, headers=trade.admin.headers)).status_code == 204
    assert refusal_of(await trade.client.delete(url, headers=trade.admin.headers)) == (409, "INVALID_STATE")
    late = await proposed(trade, order, lines((haze, 1)))
    await trade.db.fetch("UPDATE order_amendments SET expires_at = now() WHERE status = 'open'")
    assert refusal_of(await answer(trade, late)) == (409, "INVALID_STATE")
    assert await orders.expire_amendments(trade.db, now=clock.now()) == 1
    assert await orders.expire_amendments(trade.db, now=clock.now()) == 0
    for over in (declined, withdrawn, late):
        assert refusal_of(await answer(trade, over)) == (409, "INVALID_STATE")
        assert refusal_of(await answer(trade, over, "decline")) == (409, "INVALID_STATE")
    assert [one["status"] for one in await listed(trade, order)] == ["expired", "withdrawn", "declined"]
    assert await trade.look(order) == order
    assert await stock_of(trade.app, haze) == 7
    await drain()
    told = await trade.db.fetch(
        "SELECT fact FROM messages WHERE kind = 'order_amendment' AND channel = 'email'"
    )
    assert sorted(row["fact"].rpartition(":")[2] for row in told) == [
        "expired",
        "open",
        "open",
        "open",
        "withdrawn",
    ]


async def test_a_proposal_over_a_late_one_ends_it(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 2))
    await proposed(trade, order, lines((haze, 1)))
    await trade.db.fetch("UPDATE order_amendments SET expires_at = now() WHERE status = 'open'")
    await proposed(trade, order, lines((haze, 1)))
    assert [one["status"] for one in await listed(trade, order)] == ["open", "expired"]


async def test_an_order_that_is_packed_ended_or_gone_is_not_changed(trade: Trade, haze: UUID) -> None:
    cancelled = await trade.order((haze, 2))
    waiting = await proposed(trade, cancelled, lines((haze, 1)))
    url = f"/api/orders/{cancelled['id']}/cancel"
    assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    packed = await trade.order((haze, 2))
    await trade.db.fetch("UPDATE orders SET packed_at = now() WHERE id = $1", UUID(packed["id"]))
    gone = await trade.order((haze, 2))
    left = await proposed(trade, gone, lines((haze, 1)))
    await trade.pack(gone)
    assert (await trade.pick_up(gone)).status_code == 200
    for order in (cancelled, packed, gone):
        assert refusal_of(await propose(trade, order, lines((haze, 1)))) == (409, "INVALID_STATE")
        assert refusal_of(await amend(trade, order, lines((haze, 1)))) == (409, "INVALID_STATE")
    for amendment in (waiting, left):
        assert refusal_of(await answer(trade, amendment)) == (409, "INVALID_STATE")
    for order in (cancelled, gone):
        assert [one["status"] for one in await listed(trade, order)] == ["closed"]
    assert await stock_of(trade.app, haze) == 5


async def test_packing_that_ends_closes_what_waits(trade: Trade, haze: UUID) -> None:
    order = await trade.order((haze, 2))
    amendment = await proposed(trade, order, lines((haze, 1)))
    async with trade.db.transaction() as tx:
        held = await orders.lock_order(tx, UUID(order["id"]))
        await tx.execute("UPDATE orders SET packed_at = now() WHERE id = $1", held.id)
        await orders.close_amendments(tx, held, actor_id=trade.admin.id)
    assert refusal_of(await answer(trade, amendment)) == (409, "INVALID_STATE")
    assert [one["status"] for one in await listed(trade, order)] == ["closed"]


async def test_a_cancelled_changed_order_gives_back_what_it_held(
    trade: Trade, haze: UUID, kush: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 2), (kush, 1))
    await amend(trade, order, lines((haze, 1)))
    order = (await amend(trade, order, lines((haze, 1)))).json()
    assert order["code"] == "VALIDATION_ERROR"  # nothing would change
    order = (await trade.client.get("/api/orders", headers=trade.shopper.headers)).json()["orders"][0]
    assert (await stock_of(trade.app, haze), await stock_of(trade.app, kush)) == (8, 9)
    url = f"/api/orders/{order['id']}/cancel"
    assert (await trade.client.post(url, headers=trade.shopper.headers)).status_code == 200
    await drain()
    assert (await stock_of(trade.app, haze), await stock_of(trade.app, kush)) == (9, 9)
    ended = await trade.look(order)
    assert ended["payment"]["status"] == "refunded"
    assert ended["payment"]["refundedAmount"] == ended["payment"]["amountPaid"]
    assert await wrong_in_the_books(trade) == []


async def test_a_returned_changed_order_is_received_as_it_was_changed(
    trade: Trade, haze: UUID, kush: UUID, drain: Drain
) -> None:
    order = await trade.order((kush, 2))
    await amend(trade, order, lines((haze, 2)))
    await trade.pack(order)
    assert (await trade.pick_up(order)).status_code == 200
    back = f"/api/driver/orders/{order['id']}/return"
    await trade.client.post(back, json={"reason": "Nobody there."}, headers=trade.driver.headers)
    received = f"/api/admin/orders/{order['id']}/receive-goods"
    assert (await trade.client.post(received, headers=trade.admin.headers)).status_code == 200
    await drain()
    assert (await stock_of(trade.app, haze), await stock_of(trade.app, kush)) == (9, 9)
    assert await wrong_in_the_books(trade) == []


async def test_limits_count_what_else_was_bought_and_never_stand_against_less(trade: Trade) -> None:
    ounce = await make_product(trade.db, "Ounce", price_cents=3000, net_weight_mg=28_000, stock=9)
    vape = await make_product(trade.db, "Grinder", price_cents=3000, product_class="accessory", stock=9)
    first = await trade.order((ounce, 1), tender="cash")
    second = await trade.order((vape, 2), tender="cash")
    refused = await amend(trade, second, lines((ounce, 2)))
    assert refusal_of(refused) == (422, "PURCHASE_LIMIT_EXCEEDED")
    assert (await amend(trade, second, lines((ounce, 1)))).status_code == 200
    assert refusal_of(await amend(trade, first, lines((ounce, 2)))) == (422, "PURCHASE_LIMIT_EXCEEDED")
    # By what the law allows now both are too much; having less is no matter of limits.
    await trade.db.fetch("UPDATE order_items SET net_weight_mg = 60000")
    assert (await amend(trade, second, lines((vape, 1)))).status_code == 200
    assert await stock_of(trade.app, ounce) == 8


async def test_what_the_law_said_against_a_change_is_kept(trade: Trade) -> None:
    ounce = await make_product(trade.db, "Ounce", price_cents=3000, net_weight_mg=28_000, stock=9)
    order = await trade.order((ounce, 1), tender="cash")
    for _ in range(2):
        refused = await amend(trade, order, lines((ounce, 3)), key="own")
        assert refusal_of(refused) == (422, "PURCHASE_LIMIT_EXCEEDED")
        refused = await propose(trade, order, lines((ounce, 3)), key="staff")
        assert refusal_of(refused) == (422, "PURCHASE_LIMIT_EXCEEDED")
    kept = await trade.db.fetch(
        "SELECT stage, outcome, order_id, user_id FROM rule_decisions WHERE outcome = 'deny'"
    )
    once_each = ("order", "deny", UUID(order["id"]), trade.shopper.id)
    assert [tuple(row) for row in kept] == [once_each, once_each]
    assert await trade.look(order) == order
    assert await listed(trade, order) == []


async def test_what_a_change_may_not_be(trade: Trade, haze: UUID, kush: UUID) -> None:
    order = await trade.order((haze, 2), tender="cash")
    bar = "UPDATE products SET barred_tenders = '{cash}' WHERE id = $1"
    await trade.db.fetch(bar, kush)
    assert refusal_of(await propose(trade, order, lines((kush, 1)))) == (422, "TENDER_NOT_ALLOWED")
    assert refusal_of(await propose(trade, order, lines((haze, 12)))) == (409, "OUT_OF_STOCK")
    assert refusal_of(await propose(trade, order, lines((haze, 2)))) == (422, "VALIDATION_ERROR")
    assert refusal_of(await propose(trade, order, lines((haze, 1), (haze, 2)))) == (422, "VALIDATION_ERROR")
    assert refusal_of(await propose(trade, order, lines())) == (422, "VALIDATION_ERROR")
    dear = lines((haze, 2))
    dear["lines"][0]["unitPrice"] = 40.01
    assert refusal_of(await propose(trade, order, dear)) == (422, "VALIDATION_ERROR")
    own = lines((haze, 1))
    own["lines"][0]["unitPrice"] = 1
    assert refusal_of(await amend(trade, order, own)) == (422, "VALIDATION_ERROR")
    gone = await make_product(trade.db, "Gone", price_cents=100, stock=9)
    await trade.db.fetch("UPDATE products SET is_active = false WHERE id = $1", gone)
    assert refusal_of(await propose(trade, order, lines((gone, 1)))) == (404, "NOT_FOUND")
    cheap = await make_product(trade.db, "Papers", price_cents=100, stock=9, product_class="accessory")
    assert refusal_of(await amend(trade, order, lines((cheap, 1)))) == (422, "BELOW_MINIMUM_ORDER")
    assert await listed(trade, order) == []
    # The shop may propose less than the smallest order: it is the shop that has too little.
    small = await proposed(trade, order, lines((cheap, 1)))
    assert (await answer(trade, small)).status_code == 200
    assert (await trade.look(order))["subtotal"] == 1.0


async def test_what_is_sold_out_when_it_is_accepted_stays_as_it_was(
    trade: Trade, haze: UUID, kush: UUID
) -> None:
    order = await trade.order((kush, 2))
    amendment = await proposed(trade, order, lines((haze, 2)))
    await trade.db.fetch("UPDATE stock_levels SET quantity = 1 WHERE product_id = $1", haze)
    assert refusal_of(await answer(trade, amendment)) == (409, "OUT_OF_STOCK")
    assert await trade.look(order) == order
    assert [one["status"] for one in await listed(trade, order)] == ["open"]


async def test_consent_is_the_customers_alone(
    app: Application, client: httpx.AsyncClient, trade: Trade, haze: UUID
) -> None:
    order = await trade.order((haze, 2))
    amendment = await proposed(trade, order, lines((haze, 1)))
    stranger = await make_shopper(app, client)
    agent = await signed_in(app, role=Role.AGENT)
    base = f"/api/orders/{order['id']}"
    for headers in (stranger.headers, agent.headers, trade.admin.headers, trade.driver.headers):
        for word in ("accept", "decline"):
            url = f"{base}/amendments/{amendment['id']}/{word}"
            assert refusal_of(await client.post(url, headers=headers)) == (404, "NOT_FOUND")
        own = await client.post(f"{base}/amend", json=lines((haze, 1)), headers=headers)
        assert refusal_of(own) == (404, "NOT_FOUND")
    assert refusal_of(await client.get(f"{base}/amendments", headers=stranger.headers)) == (404, "NOT_FOUND")
    other = await trade.order((haze, 1))
    url = f"/api/orders/{other['id']}/amendments/{amendment['id']}/accept"
    assert refusal_of(await client.post(url, headers=trade.shopper.headers)) == (404, "NOT_FOUND")
    assert [one["status"] for one in await listed(trade, order)] == ["open"]


async def test_a_key_does_it_once(trade: Trade, haze: UUID, drain: Drain) -> None:
    order = await trade.order((haze, 3))
    first = await propose(trade, order, lines((haze, 2)), key="propose")
    again = await propose(trade, order, lines((haze, 2)), key="propose")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    amendment = first.json()["amendment"]
    accepted = await answer(trade, amendment, key="yes")
    assert accepted.status_code == 200, accepted.text
    assert (await answer(trade, amendment, key="yes")).json() == accepted.json()
    own = await amend(trade, order, lines((haze, 1)), key="own")
    assert (await amend(trade, order, lines((haze, 1)), key="own")).json() == own.json()
    assert refusal_of(await amend(trade, order, lines((haze, 2)), key="own")) == (
        409,
        "IDEMPOTENCY_KEY_REUSED",
    )
    await drain()
    assert await trade.db.fetchval("SELECT count(*) FROM refunds") == 2
    assert await wrong_in_the_books(trade) == []


async def test_what_could_not_be_given_back_is_asked_for_again_at_the_handover(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 2), tender="pm_card_refundFail")
    assert (await amend(trade, order, lines((haze, 1)))).status_code == 200
    await drain()
    await sandbox_world(trade.app).settle_refunds()
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert (await trade.look(order))["payment"]["refundedAmount"] == 0.0
    assert await wrong_in_the_books(trade) == []
    await trade.deliver(order)
    refunds = await trade.db.fetch("SELECT status, amount_cents FROM refunds ORDER BY created_at")
    assert [tuple(refund) for refund in refunds] == [("failed", 4930), ("pending", 4930)]
    assert await wrong_in_the_books(trade) == []


async def test_the_audit_log_has_before_and_after(trade: Trade, haze: UUID, kush: UUID) -> None:
    order = await trade.order((haze, 2))
    amendment = await proposed(trade, order, lines((haze, 1)))
    await answer(trade, amendment)
    kept = await trade.db.fetch(
        "SELECT action, actor_id, details FROM audit_log WHERE action LIKE 'order.amend%' ORDER BY chain, seq"
    )
    by_action = {row["action"]: row for row in kept}
    assert set(by_action) == {"order.amendment_proposed", "order.amended"}
    told = by_action["order.amended"]
    assert told["actor_id"] == trade.shopper.id
    assert [told["details"][side]["items"][0]["quantity"] for side in ("before", "after")] == [2, 1]
    assert [told["details"][side]["totalCents"] for side in ("before", "after")] == [10360, 5430]
    assert told["details"]["moneyBackCents"] == 4930


async def test_a_refund_that_comes_back_after_the_handover_leaves_the_books_in_order(
    trade: Trade, haze: UUID, drain: Drain
) -> None:
    order = await trade.order((haze, 2), tender="pm_card_refundFail")
    assert (await amend(trade, order, lines((haze, 1)))).status_code == 200
    await drain()
    await trade.deliver(order)
    await drain()
    assert await wrong_in_the_books(trade) == []
    await sandbox_world(trade.app).settle_refunds()
    await deliver_webhooks(trade.app, trade.client)
    await drain()
    assert (await trade.look(order))["payment"]["refundedAmount"] == 0.0
    assert await wrong_in_the_books(trade) == []
    # It is still the customer's: staff can give it back, and nothing is taken from the sale for it.
    before = await balances(trade.db, order_id=order["id"])
    assert (await trade.refund(order, amount=49.3)).status_code == 200
    assert await wrong_in_the_books(trade) == []
    after = await balances(trade.db, order_id=order["id"])
    assert Account.ALLOWANCES not in after
    assert (before[Account.SALES], after[Account.SALES]) == (4000, 4000)
