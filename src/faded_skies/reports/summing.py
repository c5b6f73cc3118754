"""Days of orders, summed up (docs/adr/0032): each change of an order marks its day, and marked days are summed again.

A day has the orders that were placed on it, as they are now, so that a refund weeks later is a refund of that day.
Whoever sums takes the marks away first and reads the orders after it, in one transaction and one at a time: a change
that it does not see has a mark that it has not taken. It works on the marks that are there when it begins: those of
later changes are for the next, so it ends while orders change.
"""

from datetime import date
from zoneinfo import ZoneInfo

from faded_skies.domains.orders.service import FIRST_ESTIMATE
from faded_skies.platform.db import Database, Tx
from faded_skies.reports.days import Span

DAYS_AT_ONCE = 31

_LOCK = "SELECT pg_advisory_xact_lock(7262032001)"
_ZONE = "SELECT zone FROM report_zone"
_SET_ZONE = """
INSERT INTO report_zone (zone) VALUES ($1) ON CONFLICT (singleton) DO UPDATE SET zone = EXCLUDED.zone
"""
# Nothing before the first order of a day's first minute and after its last belongs to another local day than one of
# these two, whatever the zone.
_MARK_ALL = """
INSERT INTO report_marks (placed_at)
SELECT unnest(ARRAY[min(created_at), max(created_at)]) FROM orders GROUP BY date_trunc('hour', created_at)
"""
_LAST_MARK = "SELECT coalesce(max(id), 0) FROM report_marks"
_MARKED = """
SELECT DISTINCT (placed_at AT TIME ZONE $1)::date AS day FROM report_marks WHERE id <= $2 ORDER BY day LIMIT $3
"""
_UNMARK = "DELETE FROM report_marks WHERE (placed_at AT TIME ZONE $1)::date = ANY($2::date[]) AND id <= $3"
_FORGET_DAYS = "DELETE FROM report_days WHERE zone = $1 AND day = ANY($2::date[])"
_FORGET_PRODUCTS = "DELETE FROM report_products WHERE zone = $1 AND day = ANY($2::date[])"
_FORGET_ALL = ("DELETE FROM report_days", "DELETE FROM report_products")

SUM = """
WITH placed AS (
    SELECT o.id, o.status, o.subtotal_cents, o.delivery_fee_cents, o.tip_cents, o.total_cents, o.coins_used,
           o.refunded_cents, floor(extract(epoch FROM o.delivered_at - o.created_at) / 60)::int AS minutes,
           o.delivered_at <= coalesce(o.eta_told_at, o.created_at + $5) AS is_on_time,
           o.status = 'delivered' AND NOT EXISTS (
               SELECT FROM orders e WHERE e.user_id = o.user_id AND (e.created_at, e.id) < (o.created_at, o.id)
           ) AS is_first
    FROM orders o WHERE o.created_at >= $3 AND o.created_at < $4
), lines AS (
    SELECT coalesce(sum(i.quantity), 0) AS units, coalesce(sum(i.tax_state_cents), 0) AS state,
           coalesce(sum(i.tax_cannabis_cents), 0) AS cannabis, coalesce(sum(i.tax_local_cents), 0) AS local
    FROM placed p JOIN order_items i ON i.order_id = p.id WHERE p.status = 'delivered'
)
SELECT $1::text AS zone, $2::date AS day, count(*)::int AS placed,
       count(*) FILTER (WHERE status = 'delivered')::int AS delivered,
       count(*) FILTER (WHERE status = 'returned')::int AS returned,
       count(*) FILTER (WHERE status = 'cancelled')::int AS cancelled,
       count(*) FILTER (WHERE is_first)::int AS first_orders,
       count(*) FILTER (WHERE is_on_time)::int AS on_time,
       min(lines.units)::int AS units,
       coalesce(sum(subtotal_cents) FILTER (WHERE status = 'delivered'), 0)::bigint AS goods_cents,
       min(lines.state)::bigint AS tax_state_cents,
       min(lines.cannabis)::bigint AS tax_cannabis_cents,
       min(lines.local)::bigint AS tax_local_cents,
       coalesce(sum(delivery_fee_cents) FILTER (WHERE status = 'delivered'), 0)::bigint AS fee_cents,
       coalesce(sum(tip_cents) FILTER (WHERE status = 'delivered'), 0)::bigint AS tip_cents,
       coalesce(sum(total_cents) FILTER (WHERE status = 'delivered'), 0)::bigint AS total_cents,
       coalesce(sum(coins_used) FILTER (WHERE status = 'delivered'), 0)::bigint AS coins_cents,
       coalesce(sum(refunded_cents) FILTER (WHERE status = 'delivered'), 0)::bigint AS refunded_cents,
       coalesce(array_agg(subtotal_cents ORDER BY subtotal_cents) FILTER (WHERE status = 'delivered'), '{}') AS baskets,
       coalesce(array_agg(minutes ORDER BY minutes) FILTER (WHERE status = 'delivered'), '{}') AS minutes
FROM placed, lines HAVING count(*) > 0
"""
"""One day, straight from the orders: zone, day, when it begins and ends, and how soon an order is promised at first."""

_SUM_PRODUCTS = """
INSERT INTO report_products (zone, day, product_id, units, goods_cents)
SELECT $1, $2, i.product_id, sum(i.quantity), sum(i.total_price_cents)
FROM orders o JOIN order_items i ON i.order_id = o.id
WHERE o.created_at >= $3 AND o.created_at < $4 AND o.status = 'delivered' GROUP BY i.product_id
"""


async def refresh(db: Database, zone: ZoneInfo) -> int:
    """Sum all days again that have changed until now; returns how many. Two at once come one after the other."""
    summed, last = 0, None
    while True:
        async with db.transaction() as tx:
            days, last = await _refresh_some(tx, zone, last)
        if not days:
            return summed
        summed += days


async def _refresh_some(tx: Tx, zone: ZoneInfo, last: int | None) -> tuple[int, int]:
    """Sum some days with marks up to the last one, None: the last that is there. Returns how many, and that mark."""
    await tx.execute(_LOCK)
    if await tx.fetchval(_ZONE) != zone.key:
        for statement in _FORGET_ALL:
            await tx.execute(statement)
        await tx.execute(_MARK_ALL)
        await tx.execute(_SET_ZONE, zone.key)
        last = None
    if last is None:
        last = int(await tx.fetchval(_LAST_MARK))
    days = [row["day"] for row in await tx.fetch(_MARKED, zone.key, last, DAYS_AT_ONCE)]
    await tx.execute(_UNMARK, zone.key, days, last)
    for statement in (_FORGET_DAYS, _FORGET_PRODUCTS):
        await tx.execute(statement, zone.key, days)
    for day in days:
        await _sum(tx, day, zone)
    return len(days), last


async def _sum(tx: Tx, day: date, zone: ZoneInfo) -> None:
    span = Span(day, day, zone)
    bounds = (zone.key, day, span.begins, span.ends)
    await tx.execute(f"INSERT INTO report_days {SUM}", *bounds, FIRST_ESTIMATE)
    await tx.execute(_SUM_PRODUCTS, *bounds)
