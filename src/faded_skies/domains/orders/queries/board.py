"""SQL of the board: orders by what they are, wait for, and are known by. Composed of the conditions in use."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from faded_skies.domains.orders.models import BoardCounts, BoardFilter, Order
from faded_skies.domains.orders.queries.reading import COLUMNS, JOINS, order_of
from faded_skies.domains.orders.rules import NEEDS, Status
from faded_skies.platform.db import Database

_OPEN = "('pending', 'payment_failed', 'confirmed', 'preparing', 'out_for_delivery')"
_OVER = "('delivered', 'returned', 'cancelled')"

# What an order waits for. `o` is the order, {today} a parameter.
_WAITS: dict[str, str] = {
    "payment": "o.status IN ('pending', 'payment_failed')",
    "id": f"""o.status IN {_OPEN} AND EXISTS (
        SELECT FROM users w WHERE w.id = o.user_id
        AND (w.id_verification_status <> 'approved' OR w.id_expires_on < {{today}}::date)
    )""",
    "pack": "o.status IN ('confirmed', 'preparing') AND o.packed_at IS NULL",
    "assign": "o.status IN ('confirmed', 'preparing') AND o.driver_id IS NULL",
}
_LONGITUDE = "(o.delivery_address ->> 'longitude')::float8"
_LATITUDE = "(o.delivery_address ->> 'latitude')::float8"
# Field of the filter: its condition, in which {} is the next parameter.
_CONDITIONS = {
    "statuses": "o.status = ANY({}::text[])",
    "driver_id": "o.driver_id = {}",
    "order_number": "o.order_number = {}",
    "payment_statuses": "o.payment_status = ANY({}::text[])",
    "tender": "o.tender = {}",
    "since": "o.created_at >= {}",
    "until": "o.created_at < {}",
    "zip_code": "left(o.delivery_address ->> 'zipCode', 5) = {}",
    # Both ways are indexed; the planner takes neither when they are joined by OR.
    "words": """o.id IN (
        SELECT f.id FROM orders f WHERE lower(f.order_number) LIKE {0}
        UNION ALL
        SELECT f.id FROM orders f JOIN users p ON p.id = f.user_id
        WHERE person_search_text(p.full_name, p.email::text, p.phone) LIKE {0}
    )""",
    # Rings as PostgreSQL's own polygons (longitude first): within the first, and in no hole.
    "rings": f"""(
        point({_LONGITUDE}, {_LATITUDE}) <@ (({{0}}::text[])[1])::polygon
        AND NOT EXISTS (
            SELECT FROM unnest(({{0}}::text[])[2:]) AS h (ring)
            WHERE point({_LONGITUDE}, {_LATITUDE}) <@ h.ring::polygon
        )
    )""",
    # Latitude, longitude, metres: flat within some kilometres, where a degree of latitude is 111,195 m.
    "circle": f"""(
        (({_LATITUDE} - ({{0}}::float8[])[1]) * 111195) ^ 2
        + (({_LONGITUDE} - ({{0}}::float8[])[2]) * 111195 * cos(radians(({{0}}::float8[])[1]))) ^ 2
        <= ({{0}}::float8[])[3] ^ 2
    )""",
}


@lru_cache(maxsize=1024)
def _statements(given: tuple[str, ...], needs: tuple[str, ...]) -> tuple[str, str, str]:
    """Compose the statements of a page, of how many there are, and of the counts of the columns."""
    conditions = [_CONDITIONS[field].format(f"${number}") for number, field in enumerate(given, start=1)]
    after = len(given) + ("id" in needs)
    conditions += [f"({_WAITS[need].format(today=f'${after}')})" for need in needs]
    where = " AND ".join(conditions) or "true"
    page = f"""
        SELECT {COLUMNS} FROM (
            SELECT o.* FROM orders o WHERE {where}
            ORDER BY o.created_at DESC, o.id DESC LIMIT ${after + 1} OFFSET ${after + 2}
        ) AS o {JOINS} ORDER BY o.created_at DESC, o.id DESC
    """
    count = f"SELECT count(*) FROM orders o WHERE {where}"
    waits = {need: _WAITS[need].format(today=f"${after + 2}") for need in NEEDS}
    waiting = ", ".join(f"count(*) FILTER (WHERE {waits[need]}) AS {need}" for need in NEEDS)
    counts = f"""
        SELECT o.status, count(*) AS total, {waiting} FROM orders o
        WHERE o.status IN {_OPEN} AND {where} GROUP BY o.status
        UNION ALL
        SELECT o.status, count(*), {", ".join("0" for _ in NEEDS)} FROM orders o
        WHERE o.status IN {_OVER} AND o.created_at >= ${after + 1} AND {where} GROUP BY o.status
    """
    return page, count, counts


def _given(wanted: BoardFilter) -> tuple[tuple[str, ...], list[Any], tuple[str, ...]]:
    values = {field: value for field in _CONDITIONS if (value := getattr(wanted, field)) is not None}
    today = [wanted.today] if "id" in wanted.needs else []
    return tuple(values), [*values.values(), *today], tuple(sorted(wanted.needs))


async def list_board(
    db: Database, wanted: BoardFilter, *, limit: int, offset: int
) -> tuple[list[Order], int]:
    given, values, needs = _given(wanted)
    page, count, _ = _statements(given, needs)
    rows = await db.fetch(page, *values, limit, offset)
    total = await db.count(count, *values, rows=len(rows), limit=limit, offset=offset)
    return [order_of(row) for row in rows], total


async def count_board(db: Database, wanted: BoardFilter, *, over_since: datetime) -> BoardCounts:
    given, values, needs = _given(wanted)
    *_, statement = _statements(given, needs)
    rows: Sequence[Any] = await db.fetch(statement, *values, over_since, wanted.today)
    found = {row["status"]: row["total"] for row in rows}
    return BoardCounts(
        by_status={status: found.get(status.value, 0) for status in Status},
        by_need={need: sum(row[need] for row in rows) for need in NEEDS},
    )
