"""SQL of the comparison with the system, and of differences."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from faded_skies.domains.traceability.models import (
    Difference,
)
from faded_skies.domains.traceability.ports import Package
from faded_skies.domains.traceability.rules import UNIT
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_OPEN_TAGS = """
SELECT DISTINCT g.tag
FROM trace_reports r, jsonb_path_query(r.payload, '$.**.tag') AS j, LATERAL (SELECT j #>> '{}' AS tag) g
WHERE r.state IN ('waiting', 'sending', 'rejected') AND g.tag IS NOT NULL
"""
# What a lot holds is in the shop, or packed for orders that are not handed over.
_OUR_PACKAGES = """
SELECT l.tag, l.quantity + coalesce((
    SELECT sum(k.quantity - k.returned) FROM order_packages k JOIN orders o ON o.id = k.order_id
    WHERE k.lot_id = l.id AND o.status <> 'delivered'), 0)::int AS units
FROM lots l
"""
# As it was told last. What changed since then is left out, and so is what is void.
_OUR_SALES = """
SELECT s.external_number, coalesce(c.payload, s.payload) AS payload
FROM trace_reports s
LEFT JOIN LATERAL (
    SELECT step, payload, sent_at FROM trace_reports c
    WHERE c.lane = s.lane AND c.order_id = s.order_id AND c.state = 'sent' AND c.step IN (
        'receipt_update', 'receipt_void', 'delivery_update', 'delivery_void')
    ORDER BY c.sequence DESC LIMIT 1
) c ON true
WHERE s.state = 'sent' AND s.step IN ('receipt', 'ledger_sale', 'delivery_create')
  AND coalesce(c.sent_at, s.sent_at) >= $1 AND coalesce(c.sent_at, s.sent_at) < $2
  AND coalesce(c.step, '') NOT IN ('receipt_void', 'delivery_void')
"""
_KNOWN_NUMBERS = "SELECT external_number FROM trace_reports WHERE external_number = ANY($1::text[])"
_SEE = """
INSERT INTO trace_differences (id, kind, subject, ours, theirs, seen_on, last_seen_on)
SELECT id, kind, subject, ours, theirs, $6, $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS n (id, kind, subject, ours, theirs)
ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
DO UPDATE SET ours = EXCLUDED.ours, theirs = EXCLUDED.theirs, last_seen_on = EXCLUDED.last_seen_on
"""
_RESOLVE = """
UPDATE trace_differences SET resolved_at = $1
WHERE resolved_at IS NULL AND kind = ANY($2::text[])
  AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[]) AS s (kind, subject)
                  WHERE s.kind = trace_differences.kind AND s.subject = trace_differences.subject)
"""
_DIFFERENCES = """
SELECT id, kind, subject, ours, theirs, seen_on, last_seen_on, resolved_at, count(*) OVER ()::int AS total
FROM trace_differences WHERE $1::boolean IS NULL OR (resolved_at IS NULL) = $1
ORDER BY seen_on DESC, id DESC LIMIT $2 OFFSET $3
"""
_COUNT_DIFFERENCES = """
SELECT count(*) FROM trace_differences WHERE $1::boolean IS NULL OR (resolved_at IS NULL) = $1
"""


async def list_open_tags(db: Database) -> set[str]:
    """Return the packages of which something is still to tell."""
    return {row["tag"] for row in await db.fetch(_OPEN_TAGS)}


async def list_held(db: Database) -> dict[str, Package]:
    """Return what we hold of every package, by its tag."""
    return {
        row["tag"]: Package(row["tag"], Decimal(row["units"]), UNIT) for row in await db.fetch(_OUR_PACKAGES)
    }


async def list_our_sales(db: Database, since: datetime, until: datetime) -> list[Row]:
    return await db.fetch(_OUR_SALES, since, until)


async def known_numbers(db: Database, numbers: Sequence[str]) -> set[str]:
    return {row["external_number"] for row in await db.fetch(_KNOWN_NUMBERS, list(numbers))}


async def see_differences(
    tx: Tx, found: Sequence[tuple[str, str, str | None, str | None]], *, on: date
) -> None:
    """Keep differences (kind, subject, ours, theirs); one that is open already is only seen again."""
    columns = list(zip(*found, strict=True)) or [(), (), (), ()]
    await tx.execute(_SEE, [new_id() for _ in found], *map(list, columns), on)


async def resolve_others(
    tx: Tx, found: Sequence[tuple[str, str, str | None, str | None]], *, kinds: Sequence[str], at: datetime
) -> int:
    """Close open differences of these kinds that were not found again."""
    return await tx.execute(_RESOLVE, at, list(kinds), [one[0] for one in found], [one[1] for one in found])


async def list_differences(
    db: Database, *, is_open: bool | None, limit: int, offset: int
) -> tuple[list[Difference], int]:
    rows = await db.fetch(_DIFFERENCES, is_open, limit, offset)
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT_DIFFERENCES, is_open)
    return [Difference(*tuple(row)[:-1]) for row in rows], total
