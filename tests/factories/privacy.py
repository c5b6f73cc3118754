"""A person about whom something is held everywhere, and looking for what is left of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import httpx

from factories.catalog import make_product
from factories.delivery import id_check
from factories.identity import PASSWORD, SignedInPerson, signed_in
from factories.shop import Shopper, give_coins, make_shopper, open_shop, put_in_cart
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

STREET = "1 Main St"
PHONE = "(512) 555-0134"
DEVICE = "device-token-of-rosalind"
SAID = "Written by Rosalind to support."
NOTE = "Ring at the neighbours."


@dataclass(frozen=True)
class Life:
    """A customer with two orders (one cancelled), coins, a review, a ticket, a cart, a card, a device and mails."""

    shopper: Shopper
    driver: SignedInPerson
    product_id: UUID
    delivered: str
    cancelled: str


async def close(
    client: httpx.AsyncClient, headers: dict[str, str], password: str | None = PASSWORD
) -> httpx.Response:
    body = {} if password is None else {"password": password}
    return await client.request("DELETE", "/api/users/me", json=body, headers=headers)


async def live(app: Application, client: httpx.AsyncClient, drain: Callable[[], Awaitable[None]]) -> Life:
    await open_shop(app)
    product = await make_product(app.ports.db, price_cents=4000, stock=50)
    shopper = await make_shopper(app, client, full_name="Rosalind Achterberg")
    admin = await signed_in(app, Role.ADMIN)
    driver = await signed_in(app, Role.DRIVER, full_name="Dara Voss")
    await give_coins(app, shopper, 250)

    async def place() -> str:
        await put_in_cart(client, shopper, product)
        body = shopper.order("card", specialInstructions=NOTE, tip=2)
        answer = await client.post("/api/orders", json=body, headers=shopper.headers)
        assert answer.status_code == 201, answer.text
        order_id: str = answer.json()["order"]["id"]
        return order_id

    async def call(method: str, path: str, who: dict[str, str], body: object = None) -> None:
        answer = await client.request(method, path, json=body, headers=who)
        assert answer.status_code < 300, (path, answer.text)

    delivered = await place()
    await call("PATCH", f"/api/admin/orders/{delivered}/status", admin.headers, {"status": "preparing"})
    to = {"driverId": str(driver.id)}
    await call("POST", f"/api/admin/orders/{delivered}/assign", admin.headers, to)
    await call("POST", "/api/driver/shift", driver.headers, {"online": True})
    await call("POST", f"/api/driver/orders/{delivered}/pickup", driver.headers)
    handover = {"idCheck": id_check()}
    await call("POST", f"/api/driver/orders/{delivered}/deliver", driver.headers, handover)
    await call("POST", "/api/driver/shift", driver.headers, {"online": False})
    cancelled = await place()
    await call("POST", f"/api/orders/{cancelled}/cancel", shopper.headers)
    review = {"rating": 4, "title": "Soft evening", "body": "Written by Rosalind herself."}
    await call("POST", f"/api/products/{product}/reviews", shopper.headers, review)
    question = {"subject": "Written by me", "message": SAID, "orderId": delivered}
    await call("POST", "/api/support/tickets", shopper.headers, question)
    await call("POST", "/api/notifications/register-token", shopper.headers, {"token": DEVICE})
    await call("POST", "/api/auth/forgot-password", {}, {"email": shopper.email})
    await drain()
    await put_in_cart(client, shopper, product, 2)
    return Life(shopper, driver, product, delivered, cancelled)


async def tables_with(db: Database, words: str) -> set[str]:
    """Return the tables in which some row says these words, whatever the column."""
    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {
        name
        for (name,) in tables
        if await db.fetchval(
            f'SELECT EXISTS (SELECT FROM "{name}" t WHERE position(lower($1) IN lower(t::text)) > 0)', words
        )
    }
