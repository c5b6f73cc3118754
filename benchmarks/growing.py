"""Lets a shop grow: rows are copied from real ones by PostgreSQL itself, under ids in the order of time, as ours are.

A product of the menu; an order that came by the door, with its lines, its story, its stop, what it took from the stock
and what the audit log says of it; a ticket. Foreign keys and triggers rest meanwhile, so a million orders take minutes.
"""

import time
from collections.abc import Callable
from uuid import UUID

import asyncpg

from benchmarks.shop import BenchShop

BATCH = 50_000
OPEN_ORDERS = 200  # as many of the newest are not over, in a shop of any age
ORDERS_A_TICKET = 10
DRIVERS = 40

_COLUMNS = """
SELECT attname::text AS name FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
ORDER BY attnum
"""
_FILL = """
INSERT INTO {table} ({columns})
SELECT {values} FROM generate_series($4::bigint, $5::bigint) n JOIN model_{table} t ON {which}
WHERE $1::bigint >= 0 AND $2::uuid[] IS NOT NULL AND $3::bigint > 0
"""


def _id(number: str) -> str:
    return f"(lpad(to_hex({number}), 12, '0') || '70008000000000000000')::uuid"


# What each copy has of its own; the rest is as in the row that is copied. n counts the copies, t.place the rows that
# are copied. $1 is how many orders there will be, $2 people and (the last ones) drivers, $3 how many products.
_PRODUCTS = {
    "products": {
        "id": _id("n"),
        "name": "left(t.name, 200) || ' ' || n",
        "price_cents": "500 + n % 9000",
        "original_price_cents": "NULL",
        "created_at": "now() - n * interval '1 minute'",
    },
    "product_images": {"id": _id("n"), "product_id": _id("n")},
    "stock_levels": {"product_id": _id("n"), "quantity": "n % 1000"},
}
_MOMENT = "now() - ($1::bigint - n)::float8 * (interval '3 years' / $1::bigint::float8)"
_IS_OPEN = f"n > $1::bigint - {OPEN_ORDERS}"
_STATUS = f"CASE WHEN {_IS_OPEN} THEN 'confirmed' WHEN n % 20 = 0 THEN 'cancelled' ELSE 'delivered' END"
_PERSON = f"($2::uuid[])[(n % (cardinality($2::uuid[]) - {DRIVERS}) + 1)::int]"
_DRIVER = f"($2::uuid[])[(cardinality($2::uuid[]) - n % {DRIVERS})::int]"
_PRODUCT = _id("((n * 7 + t.place) % $3::bigint)")
_ORDERS = {
    "orders": {
        "id": _id("n"),
        "order_number": "'G-' || n",
        "user_id": _PERSON,
        "cart_id": _id("n"),
        "delivery_address": (
            "t.delivery_address || jsonb_build_object('addressLine1', "
            "n % cardinality($2::uuid[]) || ' Main St')"
        ),
        "status": _STATUS,
        "driver_id": _DRIVER,
        "paid_cents": "t.amount_due_cents",
        "payment_status": "'paid'",
        "hold_expires_at": "NULL",
        "delivered_at": f"CASE WHEN {_STATUS} = 'delivered' THEN {_MOMENT} + interval '1 hour' END",
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "order_items": {"order_id": _id("n"), "product_id": _PRODUCT},
    "order_tracking": {"id": _id("n * 16 + t.place"), "order_id": _id("n"), "created_at": _MOMENT},
    "stops": {"order_id": _id("n"), "driver_id": _DRIVER, "assigned_at": _MOMENT},
    "stock_movements": {
        "id": _id("n * 16 + t.place"),
        "order_id": _id("n"),
        "product_id": _PRODUCT,
        "created_at": _MOMENT,
    },
    "audit_log": {
        "id": _id("n * 16 + t.place"),
        "recorded_at": _MOMENT,
        "actor_id": _PERSON,
        "object_id": _id("n"),
        "position": "1000 + n * 16 + t.place",
    },
}
_TICKETS = {
    "support_tickets": {
        "id": _id("n"),
        "user_id": _PERSON,
        "agent_id": _DRIVER,  # somebody else
        "chat_status": f"CASE WHEN n > $1::bigint - {OPEN_ORDERS} THEN 'waiting' ELSE 'ended' END",
        "status": f"CASE WHEN n > $1::bigint - {OPEN_ORDERS} THEN 'open' ELSE 'closed' END",
        "closed_at": f"CASE WHEN n > $1::bigint - {OPEN_ORDERS} THEN NULL ELSE {_MOMENT} END",
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    }
}
_PEOPLE = {"users": {"id": _id("n"), "email": "'person-' || n || '@bench.example'"}}
# The rows to be copied, as they are when the filler comes.
_MODELS = {
    "users": "SELECT * FROM users WHERE role = 'customer' ORDER BY id LIMIT 1",
    "products": "SELECT * FROM products ORDER BY id",
    "product_images": "SELECT * FROM product_images ORDER BY product_id",
    "stock_levels": "SELECT * FROM stock_levels ORDER BY product_id",
    "orders": "SELECT * FROM orders",
    "order_items": "SELECT * FROM order_items ORDER BY line",
    "order_tracking": "SELECT * FROM order_tracking ORDER BY id",
    "stops": "SELECT * FROM stops",
    "stock_movements": "SELECT * FROM stock_movements WHERE reason = 'ordered' ORDER BY id LIMIT 1",
    "audit_log": "SELECT * FROM audit_log WHERE object_type = 'order' ORDER BY seq LIMIT 1",
    "support_tickets": "SELECT * FROM support_tickets",
}


class Filler:
    """Copies rows of a real shop until there are enough."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", people: list[UUID]) -> None:
        self._connection = connection
        self._people = people
        self._products = self._orders = 0
        self.an_order = UUID(int=0)
        self.a_product = UUID(int=0)

    @classmethod
    async def open(cls, url: str, shop: BenchShop, people: int, drivers: list[UUID]) -> "Filler":
        """Look at a shop with one order, which has a stop, and one ticket; `people` are copied at once."""
        connection = await asyncpg.connect(url)
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for table, models in _MODELS.items():
            await connection.execute(
                f"CREATE TEMP TABLE model_{table} AS "
                f"SELECT *, (row_number() OVER () - 1)::int AS place FROM ({models}) r"
            )
        filler = cls(connection, [])
        await filler._copy(_PEOPLE, 1, people)
        rows = await connection.fetch("SELECT id FROM users WHERE role = 'customer' ORDER BY id DESC")
        filler._people = [row["id"] for row in rows] + drivers
        filler.a_product = shop.goods[0]
        return filler

    async def close(self) -> None:
        await self._connection.close()

    async def grow(self, products: int, orders: int, progress: Callable[[str], None]) -> None:
        """Copy up to so many of each, and let PostgreSQL count what is there."""
        began = time.monotonic()
        models = await self._connection.fetchval("SELECT count(*) FROM model_products")
        for first in range(self._products, products, BATCH):
            last = min(first + BATCH, products) - 1
            # Triggers note products' words, by which they are found.
            await self._connection.execute("SET session_replication_role = origin")
            await self._copy(_PRODUCTS, first, last, which=f"t.place = n % {models}")
            await self._connection.execute("SET session_replication_role = replica")
            progress(f"{last + 1:,} products after {time.monotonic() - began:.0f} s")
        for first in range(self._orders, orders, BATCH):
            last = min(first + BATCH, orders) - 1
            await self._copy(_ORDERS, first, last, orders=orders, products=products)
            progress(f"{last + 1:,} orders after {time.monotonic() - began:.0f} s")
        tickets = [number // ORDERS_A_TICKET for number in (self._orders, orders)]
        await self._copy(_TICKETS, tickets[0], tickets[1] - 1, orders=tickets[1])
        self._products, self._orders = max(self._products, products), max(self._orders, orders)
        ((self.an_order, self.a_product),) = await self._connection.fetch(
            "SELECT o.id, i.product_id FROM orders o JOIN order_items i ON i.order_id = o.id "
            "WHERE o.order_number = 'G-' || $1::text ORDER BY i.line LIMIT 1",
            str(orders // 2),
        )
        await self._connection.execute("VACUUM ANALYZE", timeout=600)

    async def _copy(
        self,
        tables: dict[str, dict[str, str]],
        first: int,
        last: int,
        *,
        which: str = "true",
        orders: int = 0,
        products: int = 1,
    ) -> None:
        for table, own in tables.items():
            columns = [row["name"] for row in await self._connection.fetch(_COLUMNS, table)]
            statement = _FILL.format(
                table=table,
                columns=", ".join(columns),
                values=", ".join(own.get(column, f"t.{column}") for column in columns),
                which=which,
            )
            await self._connection.execute(
                statement, orders, self._people, products, first, last, timeout=600
            )
