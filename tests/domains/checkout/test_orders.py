"""Ordering, by the door: every refusal keeps the cart and reserves nothing; every payment ends well or not at all."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from factories.catalog import make_product, set_stock
from factories.identity import signed_in
from factories.shop import Shopper, give_coins, make_shopper, open_shop, put_in_cart, stock_of
from faded_skies.bootstrap import Application
from faded_skies.domains.orders import service as orders
from faded_skies.domains.places.service import Circle
from faded_skies.platform import clock
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]


async def place(
    client: httpx.AsyncClient, shopper: Shopper, tender: str = "card", **fields: object
) -> httpx.Response:
    return await client.post("/api/orders", json=shopper.order(tender, **fields), headers=shopper.headers)


async def assert_nothing_happened(
    app: Application, client: httpx.AsyncClient, shopper: Shopper, items: int
) -> None:
    """The cart is kept, and no order, charge, stock movement or coin was left behind."""
    cart = (await client.get("/api/cart", headers=shopper.headers)).json()
    assert cart["itemCount"] == items
    left = await app.ports.db.fetchrow(
        "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM payment_intents) AS intents,"
        " (SELECT count(*) FROM stock_movements WHERE reason <> 'opening') AS moved,"
        " (SELECT count(*) FROM rewards_transactions WHERE type = 'redeemed') AS coins"
    )
    assert left is not None
    assert tuple(left) == (0, 0, 0, 0)


async def test_an_unverified_customer_is_told_to_verify(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    shopper = await make_shopper(app, client, id_verified=False)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (403, "ID_VERIFICATION_REQUIRED")
    await assert_nothing_happened(app, client, shopper, 1)


async def test_an_empty_cart(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    shopper = await make_shopper(app, client)
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (422, "EMPTY_CART")


async def test_a_town_that_is_not_approved(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    shopper = await make_shopper(app, client, city="South Austin")
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (422, "OUTSIDE_DELIVERY_AREA")
    await assert_nothing_happened(app, client, shopper, 1)


async def test_an_address_outside_every_area(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app, shape=Circle(32.7, -96.8, 40_000))
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (422, "OUTSIDE_DELIVERY_AREA")


async def test_outside_the_hours_of_the_area(app: Application, client: httpx.AsyncClient) -> None:
    minute = clock.now().astimezone().minute  # any area that is open for one minute far from now will do
    now = clock.now()
    local = now - timedelta(hours=6)
    closed = (local.hour * 60 + local.minute + 12 * 60 + minute) % 1380
    await open_shop(app, opens_minute=closed, closes_minute=closed + 1)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (422, "OUTSIDE_DELIVERY_HOURS")
    assert "Order again from" in answer.json()["error"]


async def test_below_the_minimum(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app, minimum_cents=5_000)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, await make_product(app.ports.db, price_cents=3500))
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (422, "BELOW_MINIMUM_ORDER")
    assert answer.json()["error"] == "The smallest order for Austin is $50.00. Add $15.00 more."
    await assert_nothing_happened(app, client, shopper, 1)


async def test_a_paused_shop(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    await app.ports.db.fetch("UPDATE shop SET paused = true")
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (422, "SHOP_CLOSED")


async def test_stock_that_went_since_it_was_put_in_the_cart(
    app: Application, client: httpx.AsyncClient
) -> None:
    await open_shop(app)
    shopper = await make_shopper(app, client)
    product = await make_product(app.ports.db, stock=3)
    await put_in_cart(client, shopper, product, 3)
    await set_stock(app.ports.db, product, 2)
    answer = await place(client, shopper)
    assert (answer.status_code, answer.json()["code"]) == (409, "OUT_OF_STOCK")
    assert answer.json()["items"] == [
        {"productId": str(product), "name": "Barton Haze 3.5 g", "requested": 3, "available": 2}
    ]
    await assert_nothing_happened(app, client, shopper, 3)


async def test_more_coins_than_there_are(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    shopper = await make_shopper(app, client)
    await give_coins(app, shopper, 100)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    answer = await place(client, shopper, "fs_coin")
    assert (answer.status_code, answer.json()["code"]) == (402, "PAYMENT_FAILED")
    assert answer.json()["declineCode"] == "insufficient_coins"
    await assert_nothing_happened(app, client, shopper, 1)


@pytest.mark.parametrize("field", ["deliveryAddressId", "paymentMethodId"])
async def test_somebody_elses_things_are_absent(
    app: Application, client: httpx.AsyncClient, field: str
) -> None:
    await open_shop(app)
    shopper, other = await make_shopper(app, client), await make_shopper(app, client)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    foreign = {"deliveryAddressId": str(other.address_id), "paymentMethodId": str(other.methods["card"])}
    for wrong in (foreign[field], str(new_id()), str(shopper.id)):
        answer = await place(client, shopper, **{field: wrong})
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    await assert_nothing_happened(app, client, shopper, 1)


async def test_a_quote_tells_every_refusal_at_once(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app, minimum_cents=90_000)
    shopper = await make_shopper(app, client, city="Houston", id_verified=False)
    product = await make_product(app.ports.db, stock=3)
    await put_in_cart(client, shopper, product, 3)
    await set_stock(app.ports.db, product, 0)
    answer = await client.post("/api/orders/quote", json=shopper.order(), headers=shopper.headers)
    assert [problem["code"] for problem in answer.json()["problems"]] == [
        "ID_VERIFICATION_REQUIRED",
        "OUTSIDE_DELIVERY_AREA",
        "OUT_OF_STOCK",
        "BELOW_MINIMUM_ORDER",
    ]
    await assert_nothing_happened(app, client, shopper, 3)


async def test_a_declined_card_keeps_the_cart_and_another_card_pays(
    app: Application, client: httpx.AsyncClient
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=5)
    shopper = await make_shopper(app, client, cards=("pm_card_chargeCustomerFail",))
    await put_in_cart(client, shopper, product, 2)

    declined = await place(client, shopper, "pm_card_chargeCustomerFail")
    assert (declined.status_code, declined.json()["code"]) == (402, "PAYMENT_FAILED")
    assert declined.json()["declineCode"]
    order_id = declined.json()["orderId"]
    assert (await client.get("/api/cart", headers=shopper.headers)).json()["itemCount"] == 2
    assert await stock_of(app, product) == 3  # held for 15 minutes

    confirmed = await client.post(
        f"/api/orders/{order_id}/confirm-payment",
        json={"paymentMethodId": str(shopper.methods["card"])},
        headers=shopper.headers,
    )
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["order"]["status"] == "confirmed"
    assert confirmed.json()["payment"] == {"status": "succeeded"}
    assert (await client.get("/api/cart", headers=shopper.headers)).json()["items"] == []
    again = await place(client, shopper)
    assert again.json()["code"] == "EMPTY_CART"
    assert await stock_of(app, product) == 3


async def test_after_a_decline_the_same_cart_may_be_ordered_anew(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=2)
    shopper = await make_shopper(app, client, cards=("pm_card_chargeCustomerFail",))
    await put_in_cart(client, shopper, product, 2)
    declined = await place(client, shopper, "pm_card_chargeCustomerFail")

    placed = await place(client, shopper, "cash")

    assert placed.status_code == 201, placed.text
    assert placed.json()["payment"] == {"status": "unpaid"}
    first = await client.get(f"/api/orders/{declined.json()['orderId']}", headers=shopper.headers)
    assert first.json()["order"]["status"] == "cancelled"
    await drain()
    assert await stock_of(app, product) == 0


async def test_a_quote_after_a_decline_is_what_the_order_will_be(
    app: Application, client: httpx.AsyncClient
) -> None:
    """The declined order holds the last stock, all coins and most of the daily limit: the next one replaces it."""
    await open_shop(app)
    product = await make_product(app.ports.db, stock=1, net_weight_mg=70_000)
    shopper = await make_shopper(app, client, cards=("pm_card_chargeCustomerFail",))
    await give_coins(app, shopper, 100)
    await put_in_cart(client, shopper, product)
    wish = shopper.order("cash", useCoins=True)
    before = await client.post("/api/orders/quote", json=wish, headers=shopper.headers)
    assert (await place(client, shopper, "pm_card_chargeCustomerFail", useCoins=True)).status_code == 402

    after = await client.post("/api/orders/quote", json=wish, headers=shopper.headers)

    assert {**after.json(), "earliestDelivery": None} == {**before.json(), "earliestDelivery": None}
    assert before.json()["problems"] == []
    cart = (await client.get("/api/cart", headers=shopper.headers)).json()
    assert cart["limits"][0]["used"] == 70_000
    assert (await place(client, shopper, "cash", useCoins=True)).status_code == 201


async def test_a_cart_left_behind_by_a_killed_process_is_emptied(
    app: Application, client: httpx.AsyncClient
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=5)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product)
    valkey = app.ports.valkey
    left = dict(await valkey.hgetall(f"cart:{shopper.id}"))
    assert (await place(client, shopper, "cash")).status_code == 201
    for key in ({}, {"Idempotency-Key": "after-the-kill"}):
        for field, value in left.items():
            await valkey.hset(f"cart:{shopper.id}", field, value)
        answer = await client.post(
            "/api/orders", json=shopper.order("cash"), headers={**shopper.headers, **key}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "EMPTY_CART")
        assert (await client.get("/api/cart", headers=shopper.headers)).json()["items"] == []
    assert await stock_of(app, product) == 4


async def test_a_repeated_call_empties_the_cart_that_the_first_left_behind(
    app: Application, client: httpx.AsyncClient
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=5)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product)
    valkey = app.ports.valkey
    left = dict(await valkey.hgetall(f"cart:{shopper.id}"))
    headers = {**shopper.headers, "Idempotency-Key": "killed-in-between"}
    first = await client.post("/api/orders", json=shopper.order("cash"), headers=headers)
    for field, value in left.items():
        await valkey.hset(f"cart:{shopper.id}", field, value)

    again = await client.post("/api/orders", json=shopper.order("cash"), headers=headers)

    assert again.content == first.content
    assert (await client.get("/api/cart", headers=shopper.headers)).json()["items"] == []


async def test_the_banks_extra_step(app: Application, client: httpx.AsyncClient, drain: Drain) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=5)
    shopper = await make_shopper(app, client, cards=("pm_card_authenticationRequired",))
    await put_in_cart(client, shopper, product)

    placed = await place(client, shopper, "pm_card_authenticationRequired")
    assert placed.status_code == 201
    assert placed.json()["order"]["status"] == "pending"
    assert placed.json()["payment"]["status"] == "requires_action"
    secret = placed.json()["payment"]["clientSecret"]
    waiting = await client.post(
        f"/api/orders/{placed.json()['order']['id']}/confirm-payment", headers=shopper.headers
    )
    assert waiting.json()["payment"] == {"status": "requires_action", "clientSecret": secret}

    page = secret.partition("_secret_")[0]
    done = await client.post(
        f"/sandbox/authenticate/{page}", data={"client_secret": secret, "outcome": "complete"}
    )
    assert done.status_code < 400, done.text
    confirmed = await client.post(
        f"/api/orders/{placed.json()['order']['id']}/confirm-payment", headers=shopper.headers
    )
    assert confirmed.json()["order"]["status"] == "confirmed"
    assert confirmed.json()["payment"] == {"status": "succeeded"}
    await drain()
    assert await app.ports.db.fetchval("SELECT count(*) FROM payment_intents WHERE status = 'succeeded'") == 1


async def test_a_cancelled_order_gives_stock_coins_and_money_back(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=5)
    shopper = await make_shopper(app, client)
    await give_coins(app, shopper, 1_000)
    await put_in_cart(client, shopper, product, 2)
    order = (await place(client, shopper, useCoins=400)).json()["order"]
    assert (order["coinsUsed"], order["coinDiscount"]) == (400, 4.0)

    cancelled = await client.post(f"/api/orders/{order['id']}/cancel", headers=shopper.headers)
    assert cancelled.json()["order"]["payment"]["status"] == "refund_pending"
    await drain()

    ended = (await client.get(f"/api/orders/{order['id']}", headers=shopper.headers)).json()["order"]
    assert ended["status"] == "cancelled"
    assert ended["payment"]["status"] == "refunded"
    assert (
        ended["payment"]["refundedAmount"] == ended["payment"]["amountPaid"] == order["payment"]["amountDue"]
    )
    assert await stock_of(app, product) == 5
    balance = (await client.get("/api/users/rewards", headers=shopper.headers)).json()["balance"]
    assert balance == 1_000


async def test_an_unpaid_order_ends_after_fifteen_minutes(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=5)
    shopper = await make_shopper(app, client, cards=("pm_card_authenticationRequired",))
    await give_coins(app, shopper, 200)
    await put_in_cart(client, shopper, product)
    order = (await place(client, shopper, "pm_card_authenticationRequired", useCoins=True)).json()["order"]
    db = app.ports.db

    assert await orders.expire_holds(db, now=clock.now() + timedelta(minutes=14)) == 0
    assert await stock_of(app, product) == 4
    assert await orders.expire_holds(db, now=clock.now() + timedelta(minutes=16)) == 1
    await drain()

    ended = (await client.get(f"/api/orders/{order['id']}", headers=shopper.headers)).json()["order"]
    assert ended["status"] == "cancelled"
    assert await stock_of(app, product) == 5
    assert (await client.get("/api/users/rewards", headers=shopper.headers)).json()["balance"] == 200
    assert await db.fetchval("SELECT status FROM payment_intents") == "cancelled"


async def test_strangers_see_no_order(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    shopper, stranger = await make_shopper(app, client), await signed_in(app)
    await put_in_cart(client, shopper, await make_product(app.ports.db))
    order = (await place(client, shopper)).json()["order"]
    for method, path in (
        ("GET", ""),
        ("GET", "/tracking"),
        ("POST", "/cancel"),
        ("POST", "/confirm-payment"),
    ):
        answer = await client.request(method, f"/api/orders/{order['id']}{path}", headers=stranger.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        nobody = await client.request(method, f"/api/orders/{order['id']}{path}")
        assert (nobody.status_code, nobody.json()["code"]) == (401, "TOKEN_REQUIRED")
    assert (await client.get("/api/orders", headers=stranger.headers)).json() == {
        "orders": [],
        "total": 0,
        "hasMore": False,
    }
