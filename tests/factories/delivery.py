"""Orders on their way, through the real services, and what drivers send."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx

from factories.catalog import make_product
from factories.identity import BORN, SignedInPerson
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.delivery.service import Leaving
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Item, NewOrder, Status
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.ids import new_id

DOOR = (30.2672, -97.7431)
"""Where the factory's orders go."""


async def make_order(
    app: Application,
    customer_id: UUID,
    *,
    status: Status = Status.CONFIRMED,
    driver_id: UUID | None = None,
    tender: str = "card",
) -> UUID:
    """Make an order of $24.50 that stands at `status`, given to the driver by themselves.

    By card it is paid; by cash it is due.
    """
    db = app.ports.db
    product_id = await make_product(db, "Barton Haze 3.5 g", price_cents=1225)
    order_id = new_id()
    async with db.transaction() as tx:
        address_id, method_id = await _address(tx, customer_id), await _method(tx, customer_id, tender)
        await orders.place(
            tx,
            NewOrder(
                id=order_id,
                user_id=customer_id,
                cart_id=new_id(),
                delivery_address_id=address_id,
                delivery_address={
                    "id": str(address_id),
                    "name": "Home",
                    "addressLine1": "1 Main St",
                    "city": "Austin",
                    "state": "TX",
                    "zipCode": "78701",
                    "deliveryInstructions": "Ring twice.",
                    "latitude": DOOR[0],
                    "longitude": DOOR[1],
                },
                payment_method_id=method_id,
                tender=tender,
                items=[Item(product_id, "Barton Haze 3.5 g", "flower", 2, 1225, 2450, 3500, 700, 0, 0, 0)],
                subtotal_cents=2450,
                tax_cents=0,
                taxes={"state": 0, "cannabis": 0, "local": 0, "breakdown": []},
                delivery_fee_cents=0,
                tip_cents=0,
                coins_used=0,
                special_instructions="The blue door.",
                rules_hash="none",
            ),
            settled=tender == "cash",
            now=clock.now(),
        )
        order = await orders.lock_order(tx, order_id)
        if tender != "cash":
            order = await orders.move(
                tx,
                order,
                to=Status.CONFIRMED,
                actor_id=customer_id,
                paid_cents=2450,
                payment_status="paid",
            )
        if driver_id is not None:
            await delivery.assign(
                tx, order_id=order_id, driver_id=driver_id, actor_id=driver_id, leaving=leaving_of(app)
            )
        for step in (Status.PREPARING, Status.OUT_FOR_DELIVERY):
            if order.status is status:
                break
            order = await orders.move(tx, order, to=step, actor_id=driver_id)
    assert order.status is status
    return order_id


def leaving_of(app: Application) -> Leaving:
    return Leaving(app.ports.get(Law), app.ports.keyring, clock.now())


async def start_shift(app: Application, driver_id: UUID, *, float_cents: int = 0) -> UUID:
    """Start a driver's shift, which cash at the door needs; returns its drawer."""
    async with app.ports.db.transaction() as tx:
        _, drawer = await delivery.start_shift(
            tx, driver_id=driver_id, vehicle_id=None, opening_cents=float_cents
        )
    return drawer.id


async def make_vehicle(app: Application, *, actor_id: UUID) -> UUID:
    """Put a vehicle into use and return its id."""
    async with app.ports.db.transaction() as tx:
        vehicle = await delivery.add_vehicle(tx, make="Kia", model="Niro", plate="FS-1042", actor_id=actor_id)
    return vehicle.id


async def make_trip(
    app: Application, client: httpx.AsyncClient, customer_id: UUID, driver: SignedInPerson
) -> UUID:
    """Have the driver pick up an order, which makes a trip under way; returns the trip's id."""
    order_id = await make_order(app, customer_id, status=Status.PREPARING, driver_id=driver.id)
    picked = await client.post(f"/api/driver/orders/{order_id}/pickup", headers=driver.headers)
    assert picked.status_code == 200, picked.text
    trip_id: UUID = await app.ports.db.fetchval(
        "SELECT trip_id FROM trip_stops WHERE order_id = $1", order_id
    )
    return trip_id


async def make_counted_drawer(app: Application, driver_id: UUID, *, cents: int) -> UUID:
    """Make a drawer whose driver got this float, met nobody and counted it rightly."""
    drawer_id = await start_shift(app, driver_id, float_cents=cents)
    async with app.ports.db.transaction() as tx:
        await delivery.end_shift(tx, driver_id=driver_id, closing_cents=cents)
    return drawer_id


async def _address(tx: Tx, customer_id: UUID) -> UUID:
    address_id = new_id()
    await tx.execute(
        """
        INSERT INTO delivery_addresses (id, user_id, name, address_line1, city, state, zip_code, address_type,
            latitude, longitude, precision, formatted_address)
        VALUES ($1, $2, 'Home', '1 Main St', 'Austin', 'TX', '78701', 'home', $3, $4, 'rooftop', '')
        """,
        address_id,
        customer_id,
        *DOOR,
    )
    return address_id


async def _method(tx: Tx, customer_id: UUID, tender: str) -> UUID:
    found: UUID | None = await tx.fetchval(
        "SELECT id FROM payment_methods WHERE user_id = $1 AND type = $2", customer_id, tender
    )
    if found is not None:
        return found
    method_id = new_id()
    await tx.execute(
        """
        INSERT INTO payment_methods (id, user_id, type, provider, external_id)
        VALUES ($1, $2, $3, $4, $5)
        """,
        method_id,
        customer_id,
        tender,
        "shop" if tender == "cash" else "sandbox",
        None if tender == "cash" else f"pm_{method_id}",
    )
    return method_id


def id_check(*, born: date = BORN, **changes: Any) -> dict[str, object]:
    """Return the `idCheck` of a driver who saw a valid ID of the factory's customer."""
    return {
        "method": "visual",
        "documentType": "drivers_license",
        "dateOfBirth": born.isoformat(),
        "expiresAt": (clock.now() + timedelta(days=365)).date().isoformat(),
        "nameMatches": True,
    } | changes


def position(order_id: UUID | None = None, **changes: object) -> dict[str, object]:
    """Return a position of a driver one mile or so from the door."""
    named = {} if order_id is None else {"orderId": str(order_id)}
    return {"lat": 30.28, "lng": -97.75, "heading": 90.5, "speed": 11.2} | named | changes
