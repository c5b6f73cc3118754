"""What happens when everybody orders at once: the database settles it."""

import asyncio
from collections import Counter
from typing import Any

import httpx

from factories.catalog import make_product
from factories.shop import Shopper, give_coins, make_shopper, open_shop, put_in_cart, stock_of
from faded_skies.bootstrap import Application


async def place(
    client: httpx.AsyncClient, shopper: Shopper, body: dict[str, Any], **headers: str
) -> httpx.Response:
    return await client.post("/api/orders", json=body, headers={**shopper.headers, **headers})


def codes(answers: list[httpx.Response]) -> Counter[str]:
    return Counter(
        "placed" if answer.status_code == 201 else str(answer.json()["code"]) for answer in answers
    )


async def test_a_hundred_buyers_for_the_last_ten(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=2000, stock=10)
    shoppers = [await make_shopper(app, client) for _ in range(100)]
    await asyncio.gather(*(put_in_cart(client, shopper, product) for shopper in shoppers))

    answers = await asyncio.gather(
        *(
            place(client, shopper, shopper.order("card" if number % 2 else "cash"))
            for number, shopper in enumerate(shoppers)
        )
    )

    assert codes(answers) == {"placed": 10, "OUT_OF_STOCK": 90}
    assert await stock_of(app, product) == 0
    db = app.ports.db
    assert await db.fetchval("SELECT count(*) FROM orders") == 10
    assert await db.fetchval("SELECT sum(change) FROM stock_movements") == 0
    # Whoever was refused still has their cart, and nothing was charged.
    carts = await asyncio.gather(*(client.get("/api/cart", headers=shopper.headers) for shopper in shoppers))
    assert sum(cart.json()["itemCount"] for cart in carts) == 90
    paid = await db.fetchval("SELECT count(*) FROM payment_intents")
    assert paid == await db.fetchval(
        "SELECT count(*) FROM orders WHERE tender = 'card' AND payment_status = 'paid'"
    )


async def test_one_cart_in_two_tabs_becomes_one_order(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=2000, stock=10)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product, 2)

    answers = await asyncio.gather(*(place(client, shopper, shopper.order("cash")) for _ in range(8)))

    assert codes(answers)["placed"] == 1
    assert set(codes(answers)) <= {"placed", "EMPTY_CART"}
    assert await stock_of(app, product) == 8
    assert await app.ports.db.fetchval("SELECT count(*) FROM orders") == 1


async def test_one_key_sent_many_times_is_one_order_with_one_answer(
    app: Application, client: httpx.AsyncClient
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=2000, stock=10)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product, 1)
    key = {"Idempotency-Key": "tap-tap-tap"}

    answers = await asyncio.gather(*(place(client, shopper, shopper.order(), **key) for _ in range(8)))
    again = await place(client, shopper, shopper.order(), **key)
    other = await place(client, shopper, shopper.order(tip=1), **key)

    assert set(codes(answers)) <= {"placed", "IDEMPOTENCY_IN_PROGRESS"}
    assert again.status_code == 201
    assert {answer.json()["order"]["id"] for answer in answers if answer.status_code == 201} == {
        again.json()["order"]["id"]
    }
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await app.ports.db.fetchval("SELECT count(*) FROM orders") == 1
    assert await app.ports.db.fetchval("SELECT count(*) FROM payment_intents") == 1


async def test_coins_are_spent_once(app: Application, client: httpx.AsyncClient) -> None:
    """Six tabs fill the cart anew and order with the same coins, which are enough for one order only."""
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=2000, stock=10)
    shopper = await make_shopper(app, client)
    await give_coins(app, shopper, 3_000)

    async def fill_and_order() -> httpx.Response:
        one = {"productId": str(product), "quantity": 1}
        await client.put("/api/cart/update", json=one, headers=shopper.headers)
        return await place(client, shopper, shopper.order("fs_coin"))

    answers = await asyncio.gather(*(fill_and_order() for _ in range(6)))

    assert codes(answers)["placed"] == 1
    balance = (await client.get("/api/users/rewards", headers=shopper.headers)).json()["balance"]
    order = next(answer.json()["order"] for answer in answers if answer.status_code == 201)
    assert balance == 3_000 - order["coinsUsed"]
    assert order["payment"]["amountDue"] == 0.0


async def test_a_daily_limit_holds_over_parallel_carts(app: Application, client: httpx.AsyncClient) -> None:
    await open_shop(app)
    ounces = await make_product(app.ports.db, price_cents=2000, net_weight_mg=28_000, stock=50)
    shopper = await make_shopper(app, client)

    async def fill_and_order() -> httpx.Response:
        await client.post(
            "/api/cart/add", json={"productId": str(ounces), "quantity": 1}, headers=shopper.headers
        )
        return await place(client, shopper, shopper.order("cash"))

    await asyncio.gather(*(fill_and_order() for _ in range(10)))

    bought = await app.ports.db.fetchval("SELECT coalesce(sum(quantity * net_weight_mg), 0) FROM order_items")
    assert bought <= 70_875


async def test_an_order_cancelled_many_times_gives_back_once(
    app: Application, client: httpx.AsyncClient
) -> None:
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=2000, stock=10)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product, 3)
    order = (await place(client, shopper, shopper.order())).json()["order"]

    answers = await asyncio.gather(
        *(client.post(f"/api/orders/{order['id']}/cancel", headers=shopper.headers) for _ in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert await stock_of(app, product) == 10
    assert await app.ports.db.fetchval("SELECT count(*) FROM refunds") == 1
