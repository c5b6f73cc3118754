"""Minimal things to sell, through the services; past orders by SQL, as only their end matters here."""

from typing import Any
from uuid import UUID

from faded_skies.domains.catalog import service
from faded_skies.domains.inventory import service as inventory
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


async def make_category(db: Database, name: str = "Flower", **fields: Any) -> UUID:
    new = service.NewCategory(
        **{"id": new_id(), "name": name, "slug": name.lower().replace(" ", "-"), **fields}
    )
    async with db.transaction() as tx:
        await service.create_categories(tx, [new])
    return new.id


async def make_product(
    db: Database,
    name: str = "Barton Haze 3.5 g",
    *,
    category_id: UUID | None = None,
    stock: int = 10,
    **fields: Any,
) -> UUID:
    """Make a product with stock; without `category_id` in a category of its own."""
    category_id = category_id or await make_category(db, f"Category {new_id().hex}")
    new = service.NewProduct(
        **{
            "id": new_id(),
            "category_id": category_id,
            "name": name,
            "price_cents": 3500,
            "product_class": "flower",
            "net_weight_mg": 3500,
            "thc_mg": 700,
            **fields,
        }
    )
    async with db.transaction() as tx:
        await service.create_products(tx, [new])
        await inventory.open_stock(tx, {new.id: stock})
    return new.id


async def set_stock(db: Database, product_id: UUID, quantity: int) -> None:
    await db.fetch("UPDATE stock_levels SET quantity = $2 WHERE product_id = $1", product_id, quantity)


async def had_delivered(db: Database, user_id: UUID, product_id: UUID, *, status: str = "delivered") -> None:
    """Write an order of one product that has reached `status`; the person drove it to themselves."""
    address_id, method_id, order_id = new_id(), new_id(), new_id()
    async with db.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO delivery_addresses (id, user_id, name, address_line1, city, state, zip_code,
                address_type, latitude, longitude, precision, formatted_address)
            VALUES ($1, $2, 'Home', '1 Main St', 'Austin', 'TX', '78701', 'home', 30.27, -97.74, 'zip', '')
            """,
            address_id,
            user_id,
        )
        await tx.execute(
            """
            INSERT INTO payment_methods (id, user_id, type, provider, external_id)
            VALUES ($1, $2, 'card', 'sandbox', 'pm_' || $2::uuid || $1::uuid)
            """,
            method_id,
            user_id,
        )
        await tx.execute(
            """
            INSERT INTO orders (id, order_number, user_id, cart_id, delivery_address_id, delivery_address,
                payment_method_id, tender, status, subtotal_cents, tax_cents, taxes, delivery_fee_cents,
                tip_cents, total_cents, coins_used, amount_due_cents, paid_cents, payment_status, rules_hash,
                driver_id, delivered_at)
            VALUES ($1, 'A' || $1::uuid, $2, $1, $3, '{}', $4, 'card', $5, 3500, 0, '{}', 0,
                0, 3500, 0, 3500, 3500, 'paid', '',
                $2, CASE WHEN $5 = 'delivered' THEN now() END)
            """,
            order_id,
            user_id,
            address_id,
            method_id,
            status,
        )
        await tx.execute(
            """
            INSERT INTO order_items (order_id, line, product_id, name, product_class, quantity,
                unit_price_cents, total_price_cents, net_weight_mg, thc_mg)
            VALUES ($1, 1, $2, 'Barton Haze 3.5 g', 'flower', 1, 3500, 3500, 3500, 700)
            """,
            order_id,
            product_id,
        )
