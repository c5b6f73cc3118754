"""What the owner's reports cost as orders grow, beside counting the same orders and beside asking them each time.

Orders are made by set-based SQL in a database of their own: a year of them, two products each, ninety in a hundred
delivered. Their tables are as the shop's, with indexes and constraints; triggers and foreign keys rest meanwhile.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import uvloop

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.measuring import free_port, server_environment
from benchmarks.shop import fill
from faded_skies import bootstrap
from faded_skies.domains.orders.service import FIRST_ESTIMATE
from faded_skies.platform import logging
from faded_skies.platform.db import Database
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings
from faded_skies.reports import sales
from faded_skies.reports.days import Span
from faded_skies.reports.refusals import refusals
from faded_skies.reports.summing import SUM, refresh

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 5
PRODUCTS = 200
_PATIENCE_SECONDS = 600

ZONE = ZoneInfo("America/Chicago")
YEAR = Span(date(2025, 7, 1), date(2026, 6, 30), ZONE)

_MARK = (
    "UPDATE orders SET updated_at = now() WHERE id = (SELECT id FROM orders ORDER BY created_at DESC LIMIT 1)"
)
_COUNT = "SELECT count(*) FROM orders WHERE created_at >= $1 AND created_at < $2"
# One customer for each twenty orders, made from the shop's first one.
_PEOPLE = """
INSERT INTO users SELECT (jsonb_populate_record(NULL::users, to_jsonb(u) || jsonb_build_object(
    'id', gen_random_uuid(), 'email', 'reports-' || n || '@bench.example'))).*
FROM (SELECT * FROM users WHERE role = 'customer' LIMIT 1) u, generate_series(1, $1::int) n
"""
_ORDERS = """
WITH people AS (SELECT array_agg(id) AS ids FROM users WHERE email LIKE 'reports-%'),
     address AS (SELECT id FROM delivery_addresses LIMIT 1), method AS (SELECT id FROM payment_methods LIMIT 1)
INSERT INTO orders (id, order_number, user_id, cart_id, delivery_address_id, delivery_address, payment_method_id,
    tender, status, subtotal_cents, tax_cents, taxes, delivery_fee_cents, tip_cents, total_cents, coins_used,
    amount_due_cents, paid_cents, payment_status, rules_hash, driver_id, delivered_at, created_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 'B-' || n,
    people.ids[1 + n % array_length(people.ids, 1)],
    (lpad(to_hex(n), 12, '0') || '70008000000000000001')::uuid, address.id,
    '{"name": "Home", "addressLine1": "1 Main St", "city": "Austin", "state": "TX", "zipCode": "78701"}', method.id,
    'cash', CASE WHEN n % 10 < 9 THEN 'delivered' ELSE 'cancelled' END, goods, goods / 10,
    '{"state": 1, "cannabis": 2, "local": 0, "breakdown": []}', 500, 0, goods + goods / 10 + 500, 0,
    goods + goods / 10 + 500, CASE WHEN n % 10 < 9 THEN goods + goods / 10 + 500 ELSE 0 END,
    CASE WHEN n % 10 < 9 THEN 'paid' ELSE 'cancelled' END, 'none',
    CASE WHEN n % 10 < 9 THEN people.ids[1] END,
    CASE WHEN n % 10 < 9 THEN at + make_interval(mins => 20 + (n * 7919 % 80)::int) END, at
FROM (
    SELECT n, 1000 + (n * 7907 % 19000)::int AS goods,
           $1::timestamptz + ($2::timestamptz - $1) * (n::float8 / ($3::bigint + 1)) AS at
    FROM generate_series(1, $3::bigint) n
) made, people, address, method
"""
_LINES = """
WITH goods AS (SELECT array_agg(id) AS ids FROM products)
INSERT INTO order_items (order_id, line, product_id, name, product_class, quantity, unit_price_cents, total_price_cents,
    net_weight_mg, thc_mg, tax_state_cents)
SELECT o.id, line, goods.ids[1 + (o.subtotal_cents * line) % array_length(goods.ids, 1)], 'Haze', 'flower', 1, price,
    price, 3500, 700, tax
FROM orders o CROSS JOIN goods
CROSS JOIN LATERAL (VALUES (1, o.subtotal_cents - 400, o.tax_cents), (2, 400, 0)) AS l (line, price, tax)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Reported:
    """Medians in seconds, at one number of orders in a year. `first` is summing all days up, `floor` a bare count."""

    orders: int
    first: float
    floor: float
    by_report: dict[str, float]


def measure_reports(
    *, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, progress: Callable[[str], None]
) -> list[Reported]:
    """Measure each size in a database of its own, PostgreSQL on one core and the questions on the other."""
    return [_at(size, rounds, progress) for size in sizes]


def _at(size: int, rounds: int, progress: Callable[[str], None]) -> Reported:
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines, on_core(SERVER_CORE):
            return uvloop.run(
                _measure(server_environment(folder, engines, free_port()), size, rounds, progress)
            )


async def _measure(
    environment: dict[str, str], size: int, rounds: int, progress: Callable[[str], None]
) -> Reported:
    await migrate(environment["DATABASE_URL"])
    settings = Settings.model_validate(environment)
    logging.configure(settings.log_level, process="benchmark")
    async with bootstrap.application(settings) as application:
        await fill(application, products=PRODUCTS, customers=1)
        db = application.ports.db
        began = time.perf_counter()
        await _make_orders(db, size)
        progress(f"{size:,} orders made in {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        await refresh(db, ZONE)
        first = time.perf_counter() - began

        async def raw() -> None:
            values = (ZONE.key, YEAR.first, YEAR.begins, YEAR.ends, FIRST_ESTIMATE)
            async with db.snapshot() as tx:
                await tx.connection.fetch(SUM, *values, timeout=_PATIENCE_SECONDS)

        async def after_a_change() -> None:
            await db.fetch(_MARK)
            await sales.sales_by_day(db, YEAR)

        reports: dict[str, Callable[[], Awaitable[Any]]] = {
            "sales by day": lambda: sales.sales_by_day(db, YEAR),
            "sales by day, when an order has just changed": after_a_change,
            "best sellers": lambda: sales.products(db, YEAR, most=100),
            "the guide's report": lambda: sales.overview(db, YEAR),
            "refusals": lambda: refusals(db, YEAR),
        }
        floor = await _timed(rounds, lambda: db.fetchval(_COUNT, YEAR.begins, YEAR.ends))
        found: dict[str, float] = {}
        for name, report in reports.items():
            found[name] = await _timed(rounds, report)
            progress(f"{size:,} orders: {name}, {found[name] / floor:.1f} floors")
        found["the sums of the year straight from the orders"] = await _timed(1, raw)
    return Reported(size, first, floor, found)


async def _timed(rounds: int, work: Callable[[], Awaitable[Any]]) -> float:
    await work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return median(took)


async def _make_orders(db: Database, size: int) -> None:
    async with db.pool.acquire() as connection:
        await connection.execute("SET session_replication_role = replica", timeout=10)
        await connection.execute(_PEOPLE, max(1, size // 20), timeout=_PATIENCE_SECONDS)
        await connection.execute(_ORDERS, YEAR.begins, YEAR.ends, size, timeout=_PATIENCE_SECONDS)
        await connection.execute(_LINES, timeout=_PATIENCE_SECONDS)
        await connection.execute("RESET session_replication_role", timeout=10)
        await connection.execute("VACUUM ANALYZE", timeout=_PATIENCE_SECONDS)
