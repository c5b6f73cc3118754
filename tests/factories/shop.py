"""A small open shop, with people who can order, drive and manage."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx

from factories.identity import signed_in
from factories.payments import card_gateway
from faded_skies.bootstrap import Application
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import AddressFields, Circle, Position, ServiceArea, Shop
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.ids import new_id


@dataclass(frozen=True)
class Shopper:
    """A customer who can order: their id, headers, address and payment methods."""

    id: UUID
    email: str
    headers: dict[str, str]
    address_id: UUID
    methods: dict[str, UUID]

    def order(self, tender: str = "card", **fields: Any) -> dict[str, Any]:
        """Return the body of an order paid this way."""
        return {
            "deliveryAddressId": str(self.address_id),
            "paymentMethodId": str(self.methods[tender]),
            **fields,
        }


async def open_shop(app: Application, **area: Any) -> None:
    """Open the shop, delivering in 25 miles round Austin for $5 from $10 on, at any hour."""
    async with app.ports.db.transaction() as tx:
        await places.open_shop(
            tx,
            Shop(
                name="Faded Skies",
                license_number="TX-1",
                license_type="Retail",
                license_issuer="Texas",
                license_issued_on=date(2024, 1, 1),
                license_expires_on=date(2034, 1, 1),
                latitude=30.2672,
                longitude=-97.7431,
            ),
        )
        fields = {
            "id": new_id(),
            "name": "Austin",
            "shape": Circle(30.2672, -97.7431, 40_000),
            "fee_cents": 500,
            "minimum_cents": 1_000,
            "opens_minute": 0,
            "closes_minute": 1440,
            **area,
        }
        await places.add_area(tx, ServiceArea(**fields))


async def make_shopper(
    app: Application,
    client: httpx.AsyncClient,
    *,
    cards: tuple[str, ...] = (),
    city: str = "Austin",
    **person: Any,
) -> Shopper:
    """Make a verified customer with an address downtown, a good card, cash and coins, and further test `cards`."""
    user = await signed_in(app, **person)
    gateway = card_gateway(app)
    at_gateway = await payments.get_customer(app.ports.db, gateway, user.id)
    kept = {name: await gateway.attach(at_gateway, name) for name in ("pm_card_visa", *cards)}
    methods: dict[str, UUID] = {}
    async with app.ports.db.transaction() as tx:
        for name, details in kept.items():
            method = await payments.add_card(
                tx, user_id=user.id, tender=Tender.CARD, provider=gateway.name, details=details
            )
            methods["card" if name == "pm_card_visa" else name] = method.id
        for tender in (Tender.CASH, Tender.FS_COIN):
            methods[tender.value] = (await payments.add_shop_method(tx, user_id=user.id, tender=tender)).id
        address = await places.add_address(
            tx,
            user_id=user.id,
            fields=AddressFields(
                name="Home",
                address_line1="1 Main St",
                city=city,
                state="TX",
                zip_code="78701",
                address_type="home",
            ),
            position=Position(30.2672, -97.7431, "pin", f"1 Main St, {city}, TX 78701"),
        )
    return Shopper(user.id, user.email, user.headers, address.id, methods)


async def give_coins(app: Application, shopper: Shopper, coins: int) -> None:
    async with app.ports.db.transaction() as tx:
        await rewards.grant(tx, user_id=shopper.id, coins=coins, description="For the test")


async def put_in_cart(
    client: httpx.AsyncClient, shopper: Shopper, product_id: UUID, quantity: int = 1
) -> None:
    answer = await client.post(
        "/api/cart/add", json={"productId": str(product_id), "quantity": quantity}, headers=shopper.headers
    )
    assert answer.status_code == 200, answer.text


async def stock_of(app: Application, product_id: UUID) -> int:
    quantity: int = await app.ports.db.fetchval(
        "SELECT quantity FROM stock_levels WHERE product_id = $1", product_id
    )
    return quantity
