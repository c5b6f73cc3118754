"""What was sold, by the day on which it was ordered, from the days summed up. Amounts in cents.

Orders change for weeks: of a past day the reports say what became of its orders until now. (The books say what moved
on a day, which never changes: `closing.py`.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from faded_skies.platform.db import Database, Row
from faded_skies.reports.days import Span
from faded_skies.reports.summing import refresh

_COUNTS = (
    *("placed", "delivered", "returned", "cancelled", "first_orders", "on_time", "units", "goods_cents"),
    *("tax_state_cents", "tax_cannabis_cents", "tax_local_cents", "fee_cents", "tip_cents", "total_cents"),
    *("coins_cents", "refunded_cents"),
)
_RANGE = "zone = $1 AND day BETWEEN $2 AND $3"
# The place of percentile_disc(0.5) and (0.9) in a sorted list.
_DAYS = f"""
SELECT day, {", ".join(_COUNTS)}, baskets[(cardinality(baskets) + 1) / 2] AS median_basket,
       minutes[(cardinality(minutes) + 1) / 2] AS median_minutes,
       minutes[(cardinality(minutes) * 9 + 9) / 10] AS p90_minutes
FROM report_days WHERE {_RANGE} ORDER BY day
"""
_TOTAL = f"""
SELECT {", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in _COUNTS)},
       (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY one)
        FROM report_days, unnest(baskets) AS one WHERE {_RANGE}) AS median_basket,
       (SELECT percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY one)
        FROM report_days, unnest(minutes) AS one WHERE {_RANGE}) AS minutes
FROM report_days WHERE {_RANGE}
"""
_PRODUCTS = f"""
SELECT s.product_id, p.name, sum(s.units)::int AS units, sum(s.goods_cents)::bigint AS goods_cents
FROM report_products s JOIN products p ON p.id = s.product_id WHERE {_RANGE}
GROUP BY s.product_id, p.name ORDER BY units DESC, goods_cents DESC, s.product_id LIMIT $4
"""
_PEOPLE = """
SELECT count(*)::int AS total, count(*) FILTER (WHERE created_at >= $1 AND created_at < $2)::int AS new,
       count(*) FILTER (WHERE last_login_at >= $1 AND last_login_at < $2)::int AS active
FROM users WHERE account_status <> 'closed'
"""
_LOW_STOCK = """
SELECT p.id, p.name, coalesce(s.quantity, 0) AS quantity
FROM products p LEFT JOIN stock_levels s ON s.product_id = p.id
WHERE p.is_active AND coalesce(s.quantity, 0) < $1 ORDER BY quantity, p.name, p.id LIMIT $2
"""

LOW_STOCK = 10
"""Fewer units than this are few (the guide's number)."""

MOST_LISTED = 100
TOP = 10


@dataclass(frozen=True, slots=True)
class Sales:
    """Orders of a day, or of some days: how many, what became of them, and the sums of those that were delivered.

    `first_orders` are those of people who had never ordered before. A median is that of an order that there was, None
    without one; minutes are those from placing to the door.
    """

    placed: int
    delivered: int
    returned: int
    cancelled: int
    first_orders: int
    on_time: int
    units: int
    goods_cents: int
    tax_state_cents: int
    tax_cannabis_cents: int
    tax_local_cents: int
    fee_cents: int
    tip_cents: int
    total_cents: int
    coins_cents: int
    refunded_cents: int
    median_basket: int | None
    median_minutes: int | None
    p90_minutes: int | None

    @property
    def average_basket(self) -> int | None:
        """Goods for each order, to the next cent."""
        if not self.delivered:
            return None
        return (2 * self.goods_cents + self.delivered) // (2 * self.delivered)

    @property
    def repeat_orders(self) -> int:
        """Delivered orders of people who had ordered before."""
        return self.delivered - self.first_orders


@dataclass(frozen=True, slots=True)
class ProductSales:
    """How often a product was sold, and for how much, before refunds and without tax."""

    product_id: UUID
    name: str
    units: int
    goods_cents: int


@dataclass(frozen=True, slots=True)
class People:
    """Accounts that are open; those made in some days; those whose last sign-in was in them."""

    total: int
    new: int
    active: int


@dataclass(frozen=True, slots=True)
class LowStock:
    id: UUID
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The guide's report."""

    people: People
    sales: Sales
    top: list[ProductSales]
    low: list[LowStock]


async def sales_by_day(db: Database, days: Span) -> tuple[list[tuple[date, Sales]], Sales]:
    """Return each day on which something was ordered, and all of them together, as of now."""
    await refresh(db, days.zone)
    async with db.snapshot() as tx:
        rows = await tx.fetch(_DAYS, *_bounds(days))
        total = await tx.fetchrow(_TOTAL, *_bounds(days))
    return [(row["day"], _day(row)) for row in rows], _total(total)


async def products(db: Database, days: Span, *, most: int) -> list[ProductSales]:
    """Return what sold best, the most units first."""
    await refresh(db, days.zone)
    return _products(await db.fetch(_PRODUCTS, *_bounds(days), most))


async def overview(db: Database, days: Span) -> Overview:
    """Return the guide's report: people, orders, what sells best, and what runs out."""
    await refresh(db, days.zone)
    async with db.snapshot() as tx:
        people = await tx.fetchrow(_PEOPLE, days.begins, days.ends)
        total = await tx.fetchrow(_TOTAL, *_bounds(days))
        top = await tx.fetch(_PRODUCTS, *_bounds(days), TOP)
        low = await tx.fetch(_LOW_STOCK, LOW_STOCK, MOST_LISTED)
    return Overview(
        People(**dict(people or {})), _total(total), _products(top), [LowStock(**dict(row)) for row in low]
    )


def _bounds(days: Span) -> tuple[Any, ...]:
    return days.zone.key, days.first, days.last


def _day(row: Row) -> Sales:
    return Sales(**{name: value for name, value in row.items() if name != "day"})


def _total(row: Row | None) -> Sales:
    values = dict(row or {})
    median, p90 = values.pop("minutes") or (None, None)
    return Sales(**values, median_minutes=median, p90_minutes=p90)


def _products(rows: Sequence[Row]) -> list[ProductSales]:
    return [ProductSales(**dict(row)) for row in rows]
