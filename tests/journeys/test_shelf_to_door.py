"""An order from the shelf to the door, by the doors that customers, staff and drivers use."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from factories.catalog import make_product
from factories.identity import BORN, SignedInPerson, mails_to, signed_in
from factories.shop import Shopper, give_coins, make_shopper, open_shop, put_in_cart, stock_of
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role

Drain = Callable[[], Awaitable[None]]


async def test_a_card_order_from_the_cart_to_the_handover(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await open_shop(app)
    haze = await make_product(app.ports.db, "Barton Haze 3.5 g", price_cents=3500, stock=5)
    shopper = await make_shopper(app, client)
    driver = await signed_in(app, role=Role.DRIVER, full_name="Sam Rivera")
    admin = await signed_in(app, role=Role.ADMIN)
    await give_coins(app, shopper, 300)
    await put_in_cart(client, shopper, haze, 2)

    quote = await client.post(
        "/api/orders/quote", json=shopper.order(tip=4, useCoins=True), headers=shopper.headers
    )
    assert quote.status_code == 200
    # 70.00 + 6.25 % (4.38) + 15 % (10.50) + 2 % (1.40) + fee 5.00 + tip 4.00 = 95.28, less 3.00 in coins.
    priced = quote.json()
    assert priced["problems"] == []
    assert (priced["subtotal"], priced["taxAmount"], priced["deliveryFee"]) == (70.0, 16.28, 5.0)
    assert (priced["totalAmount"], priced["coinDiscount"], priced["amountDue"]) == (95.28, 3.0, 92.28)
    assert {kind: priced["taxes"][kind] for kind in ("state", "cannabis", "local")} == {
        "state": 4.38,
        "cannabis": 10.5,
        "local": 1.4,
    }

    placed = await client.post(
        "/api/orders", json=shopper.order(tip=4, useCoins=True), headers=shopper.headers
    )
    assert placed.status_code == 201, placed.text
    order = placed.json()["order"]
    assert placed.json()["payment"] == {"status": "succeeded"}
    assert order["status"] == "confirmed"
    assert order["payment"] == {
        "status": "paid",
        "amountDue": 92.28,
        "amountPaid": 92.28,
        "refundedAmount": 0.0,
    }
    assert order["items"] == [
        {
            "productId": str(haze),
            "name": "Barton Haze 3.5 g",
            "quantity": 2,
            "unitPrice": 35.0,
            "totalPrice": 70.0,
        }
    ]
    assert await stock_of(app, haze) == 3
    cart = await client.get("/api/cart", headers=shopper.headers)
    assert cart.json()["items"] == []

    await deliver(client, order, driver=driver, admin=admin, shopper=shopper)
    await drain()

    url = f"/api/orders/{order['id']}"
    ended = (await client.get(url, headers=shopper.headers)).json()["order"]
    assert ended["status"] == "delivered"
    assert ended["estimatedDeliveryTime"] is None
    tracking = (await client.get(f"{url}/tracking", headers=shopper.headers)).json()
    assert tracking["driver"] is None
    assert [line["status"] for line in tracking["tracking"]] == [
        "pending",
        "confirmed",
        "preparing",
        "out_for_delivery",
        "delivered",
    ]
    rewards = (await client.get("/api/users/rewards", headers=shopper.headers)).json()
    assert rewards["balance"] == 88  # whole dollars of 92.28 less the tip of 4.00
    assert [entry["type"] for entry in rewards["transactions"]] == ["earned", "redeemed", "granted"]
    subjects = [mail.subject for mail in mails_to(app, shopper.email)]
    assert len(subjects) == 4
    assert all(order["orderNumber"] in subject for subject in subjects)


async def deliver(
    client: httpx.AsyncClient,
    order: dict[str, Any],
    *,
    driver: SignedInPerson,
    admin: SignedInPerson,
    shopper: Shopper,
) -> None:
    """Pack, assign, pick up, be seen on the way, check the ID, hand over."""
    moved = await client.patch(
        f"/api/admin/orders/{order['id']}/status", json={"status": "preparing"}, headers=admin.headers
    )
    assert moved.json()["order"]["status"] == "preparing"
    assigned = await client.post(
        f"/api/admin/orders/{order['id']}/assign", json={"driverId": str(driver.id)}, headers=admin.headers
    )
    assert assigned.json()["order"]["driver"] == {"firstName": "Sam"}

    listed = await client.get("/api/driver/orders", headers=driver.headers)
    assert [stop["id"] for stop in listed.json()["orders"]] == [order["id"]]
    picked = await client.post(f"/api/driver/orders/{order['id']}/pickup", headers=driver.headers)
    assert picked.status_code == 200, picked.text
    position = {"orderId": order["id"], "lat": 30.28, "lng": -97.75, "heading": 180, "speed": 9.5}
    located = await client.post("/api/driver/location", json=position, headers=driver.headers)
    assert located.status_code == 200, located.text
    tracked = await client.get(f"/api/orders/{order['id']}/tracking", headers=shopper.headers)
    assert tracked.json()["driver"]["lat"] == 30.28
    assert tracked.json()["order"]["status"] == "out_for_delivery"

    check = {
        "method": "visual",
        "documentType": "drivers_license",
        "dateOfBirth": BORN.isoformat(),
        "expiresAt": "2099-01-01",
        "nameMatches": True,
    }
    handed = await client.post(
        f"/api/driver/orders/{order['id']}/deliver", json={"idCheck": check}, headers=driver.headers
    )
    assert handed.status_code == 200, handed.text
