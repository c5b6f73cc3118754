"""SQL of reports, of the line to the system, and of differences."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from faded_skies.domains.traceability.models import (
    Claimed,
    Difference,
    NewReport,
    Report,
    Status,
    StopFacts,
    TripFacts,
)
from faded_skies.domains.traceability.ports import Package
from faded_skies.domains.traceability.rules import UNIT, State, Step
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

STALE_AFTER = timedelta(minutes=3)
"""A report that is being sent for so long lost its sender."""

_REPORT = (
    "id, lane, sequence, trip_id, order_id, lot_id, step, external_number, payload, state, happened_at, due_at, "
    "warned_at, overdue_at, attempts, unsure, next_try_at, last_error, metrc_id, sent_at, history, created_at"
)
_R = ", ".join(f"r.{name}" for name in _REPORT.split(", "))
_LOCK_LANE = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 21))"
_LANE = f"SELECT {_REPORT} FROM trace_reports WHERE lane = $1 ORDER BY sequence"
# The caller holds the lane, so the next place in it is free.
_ADD = """
INSERT INTO trace_reports (
    id, lane, sequence, trip_id, order_id, lot_id, step, external_number, payload, happened_at, warn_at, due_at, state,
    last_error, history, alone
)
SELECT $1, $2, coalesce((SELECT max(sequence) FROM trace_reports WHERE lane = $2), 0) + 1, $3, $4, $5, $6, $7, $8, $9,
       $10, $11, CASE WHEN $12::text IS NULL THEN 'waiting' ELSE 'rejected' END, $12,
       CASE WHEN $12::text IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
           jsonb_build_object('at', $13::timestamptz, 'what', 'rejected', 'detail', $12::text)) END, $14
ON CONFLICT (external_number) DO NOTHING
RETURNING id
"""
_TRIP = "SELECT id, driver_id, vehicle_id, departed_at, ended_at FROM trips WHERE id = $1"
_STOPS = """
SELECT s.order_id, s.place, s.outcome, s.ended_at,
       (SELECT l.code FROM stop_log l WHERE l.trip_id = s.trip_id AND l.order_id = s.order_id AND l.kind = 'returned'
        ORDER BY l.at DESC LIMIT 1) AS code
FROM trip_stops s WHERE s.trip_id = $1 ORDER BY s.place
"""
_VEHICLE_OF = "SELECT vehicle_id FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL"
_LINES = """
SELECT i.order_id, i.product_id, i.name, i.product_class, i.quantity, i.unit_price_cents,
       o.delivery_address ->> 'city' AS city, o.delivery_address ->> 'state' AS state,
       o.delivery_address ->> 'zipCode' AS zip
FROM order_items i JOIN orders o ON o.id = i.order_id
WHERE i.order_id = ANY($1::uuid[]) ORDER BY i.order_id, i.line
"""
# A delivery became a sale where its end says that goods were taken; an order may have been on several trips.
_SALE = f"""
SELECT {_REPORT} FROM trace_reports r
WHERE order_id = $1 AND (step IN ('receipt', 'ledger_sale') OR step = 'delivery_create' AND EXISTS (
    SELECT FROM trace_reports c
    WHERE c.order_id = $1 AND c.lane = r.lane AND c.step = 'delivery_complete' AND c.payload -> 'goods' <> '[]'))
ORDER BY created_at DESC, id DESC LIMIT 1
"""
_TRIP_OF_SALE = "SELECT trip_id FROM trip_stops WHERE order_id = $1 AND outcome = 'delivered'"
_BACK = """
SELECT i.product_id, i.refunded_quantity, coalesce(sum(m.change), 0)::int AS units
FROM order_items i
LEFT JOIN stock_movements m ON m.order_id = i.order_id AND m.product_id = i.product_id AND m.reason = 'restocked'
WHERE i.order_id = $1 GROUP BY i.product_id, i.refunded_quantity
"""
_WITHDRAW = """
UPDATE trace_reports SET state = 'cancelled', history = history || jsonb_build_array(jsonb_build_object(
    'at', $2::timestamptz, 'what', 'withdrawn', 'detail', 'The trip left without it.'))
WHERE id = $1 AND state IN ('waiting', 'rejected') AND NOT unsure
"""
_DELIVERED_AT = "SELECT delivered_at FROM orders WHERE id = $1"

# A report may go when it waits or its sender is gone, and nothing before it in its lane is open. All of one step
# that can go together are taken at once; one of a batch that was refused as a whole goes alone.
_MAY_GO = """
    (r.state = 'waiting' AND r.next_try_at <= $1 OR r.state = 'sending' AND r.claimed_at <= $2)
"""
_CLAIM = f"""
WITH ready AS MATERIALIZED (
    SELECT r.id, r.step, r.alone, r.due_at FROM trace_reports r
    WHERE r.state IN ('waiting', 'sending') AND {_MAY_GO} AND NOT EXISTS (
        SELECT FROM trace_reports b
        WHERE b.lane = r.lane AND b.sequence < r.sequence AND b.state IN ('waiting', 'sending', 'rejected'))
    ORDER BY r.due_at, r.id LIMIT $4
), first AS (
    SELECT step, alone, id FROM ready ORDER BY due_at, id LIMIT 1
), taken AS (
    SELECT r.id, r.unsure OR r.state = 'sending' AS unsure FROM trace_reports r
    WHERE r.id = ANY(ARRAY(
        SELECT y.id FROM ready y, first f
        WHERE y.step = f.step AND CASE WHEN f.alone THEN y.id = f.id ELSE NOT y.alone END))
      AND r.state IN ('waiting', 'sending') AND {_MAY_GO}
    ORDER BY r.due_at, r.id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE trace_reports r SET state = 'sending', claimed_at = $1, attempts = r.attempts + 1, unsure = t.unsure
FROM taken t WHERE r.id = t.id
RETURNING r.id
"""
_CLAIMED = f"""
SELECT {_R}, p.metrc_id AS parent_id, o.delivery_address AS address, t.driver_id, d.full_name AS driver_name,
       d.employee_no, f.license_wrapped, v.make, v.model, v.plate
FROM trace_reports r
LEFT JOIN trips t ON t.id = r.trip_id
LEFT JOIN users d ON d.id = t.driver_id
LEFT JOIN driver_profiles f ON f.driver_id = t.driver_id
LEFT JOIN vehicles v ON v.id = (r.payload ->> 'vehicle_id')::uuid
LEFT JOIN orders o ON o.id = r.order_id
LEFT JOIN LATERAL (
    SELECT metrc_id FROM trace_reports p
    WHERE p.lane = r.lane AND p.state = 'sent' AND p.sequence < r.sequence AND (
        p.step = 'ledger_open' AND r.step LIKE 'ledger\\_%' OR
        p.step = 'receipt' AND r.step LIKE 'receipt\\_%' OR
        p.step IN ('delivery_create', 'ledger_sale') AND r.step LIKE 'delivery\\_%' AND p.order_id = r.order_id)
    ORDER BY p.sequence DESC LIMIT 1
) p ON true
WHERE r.id = ANY($1::uuid[]) ORDER BY r.due_at, r.id
"""
_HELD = "SELECT id FROM trace_reports WHERE id = ANY($1::uuid[]) AND state = 'sending' AND claimed_at = $2"
_ENTRY = "jsonb_build_array(jsonb_build_object('at', $3::timestamptz, 'what', $4::text, 'detail', $5::text))"
_SENT = f"""
UPDATE trace_reports SET state = 'sent', claimed_at = NULL, sent_at = $3, metrc_id = $6, unsure = false,
       last_error = NULL, history = history || {_ENTRY}
WHERE id = $1 AND state = 'sending' AND claimed_at = $2
"""
_REJECTED = f"""
UPDATE trace_reports SET state = 'rejected', claimed_at = NULL, unsure = false, last_error = $5,
       history = history || {_ENTRY}
WHERE id = $1 AND state = 'sending' AND claimed_at = $2
"""
# Only what is new is written into its history: an outage of two days is one line.
_PUT_BACK = f"""
UPDATE trace_reports SET state = 'waiting', claimed_at = NULL, unsure = $6, alone = alone OR $7, next_try_at = $8,
       last_error = $5,
       history = CASE WHEN last_error IS NOT DISTINCT FROM $5 THEN history ELSE history || {_ENTRY} END
WHERE id = $1 AND state = 'sending' AND claimed_at = $2
"""
_READ_LINE = "SELECT failures, paused_until, licence_refused FROM trace_line"
_LINE_GOOD = """
INSERT INTO trace_line (last_success_at) VALUES ($1)
ON CONFLICT (id) DO UPDATE
SET failures = 0, paused_until = NULL, down_since = NULL, last_error = NULL, last_success_at = EXCLUDED.last_success_at
"""
_LINE_BAD = """
INSERT INTO trace_line AS l (failures, down_since, paused_until, last_error) VALUES (1, $1, $2, $3)
ON CONFLICT (id) DO UPDATE
SET failures = least(l.failures + 1, 1000), paused_until = EXCLUDED.paused_until, last_error = EXCLUDED.last_error,
    down_since = coalesce(l.down_since, EXCLUDED.down_since)
RETURNING failures
"""
_LINE_LICENCE = """
INSERT INTO trace_line (licence_checked_at, licence_refused, licence_warning) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE
SET licence_checked_at = EXCLUDED.licence_checked_at, licence_refused = EXCLUDED.licence_refused,
    licence_warning = EXCLUDED.licence_warning
"""
_LINE_COMPARED = """
INSERT INTO trace_line (compared_at) VALUES ($1)
ON CONFLICT (id) DO UPDATE SET compared_at = EXCLUDED.compared_at
"""

_FIND = f"SELECT {_REPORT} FROM trace_reports WHERE id = $1"
_LOCK = f"SELECT {_REPORT} FROM trace_reports WHERE id = $1 FOR NO KEY UPDATE"
_LIST = f"""
SELECT {_REPORT}, count(*) OVER ()::int AS total FROM trace_reports
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR trip_id = $2)
ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4
"""
_COUNT = """
SELECT count(*)::int FROM trace_reports WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR trip_id = $2)
"""
_CHANGE = """
UPDATE trace_reports SET state = $2, payload = $4, alone = true, last_error = $6,
       next_try_at = CASE WHEN $2 = 'waiting' THEN $3 ELSE next_try_at END,
       history = history || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
           'at', $3::timestamptz, 'what', $5::text, 'detail', $7::text, 'by', $8::uuid)))
WHERE id = $1
"""
_STATUS = """
SELECT (SELECT coalesce(jsonb_object_agg(state, n), '{}'::jsonb)
        FROM (SELECT state, count(*)::int AS n FROM trace_reports GROUP BY state) c) AS counts,
       (SELECT min(created_at) FROM trace_reports WHERE state IN ('waiting', 'sending')) AS oldest_waiting_at,
       (SELECT min(due_at) FROM trace_reports WHERE state IN ('waiting', 'sending', 'rejected')) AS next_due_at,
       (SELECT count(*)::int FROM trace_reports
        WHERE state IN ('waiting', 'sending', 'rejected') AND due_at <= $1) AS overdue,
       l.last_success_at, l.down_since, l.last_error, l.compared_at, l.licence_checked_at, l.licence_refused,
       l.licence_warning,
       (SELECT count(*)::int FROM trace_differences WHERE resolved_at IS NULL) AS open_differences
FROM (SELECT) one LEFT JOIN trace_line l ON true
"""
_FLAG = """
WITH hit AS (
    UPDATE trace_reports SET warned_at = coalesce(warned_at, $1),
           overdue_at = CASE WHEN due_at <= $1 THEN $1 END
    WHERE state IN ('waiting', 'sending', 'rejected') AND overdue_at IS NULL AND warn_at <= $1
      AND (warned_at IS NULL OR due_at <= $1)
    RETURNING id, due_at, overdue_at IS NOT NULL AS missed
)
SELECT missed, count(*)::int AS count, min(due_at) AS due_at, (array_agg(id ORDER BY due_at, id))[1] AS id
FROM hit GROUP BY missed ORDER BY missed
"""
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


def _report(row: Row) -> Report:
    values = dict(row)
    return Report(
        **{name: values[name] for name in _REPORT.split(", ")}
        | {"step": Step(values["step"]), "state": State(values["state"])}
    )


# What is to be told


async def lock_lane(tx: Tx, lane: UUID) -> list[Report]:
    """Hold the right to queue in a lane for this transaction; returns what is in it."""
    await tx.execute(_LOCK_LANE, str(lane))
    return [_report(row) for row in await tx.fetch(_LANE, lane)]


async def add_report(tx: Tx, new: NewReport, *, now: datetime) -> UUID | None:
    """Queue a report at the end of its lane; None when the same fact was queued before."""
    made: UUID | None = await tx.fetchval(
        _ADD,
        new_id(),
        new.lane,
        new.trip_id,
        new.order_id,
        new.lot_id,
        new.step,
        new.external_number,
        new.payload,
        new.happened_at,
        new.warn_at,
        new.due_at,
        new.error,
        now,
        new.alone,
    )
    return made


async def find_trip(source: Database | Tx, trip_id: UUID) -> TripFacts | None:
    row = await source.fetchrow(_TRIP, trip_id)
    return None if row is None else TripFacts(*row)


async def list_stops(tx: Tx, trip_id: UUID) -> list[StopFacts]:
    return [StopFacts(*row) for row in await tx.fetch(_STOPS, trip_id)]


async def find_vehicle_of_shift(tx: Tx, driver_id: UUID) -> UUID | None:
    found: UUID | None = await tx.fetchval(_VEHICLE_OF, driver_id)
    return found


async def list_lines(tx: Tx, order_ids: Sequence[UUID]) -> list[Row]:
    """Return the lines of orders as they were sold, with where they go."""
    return await tx.fetch(_LINES, list(order_ids))


async def get_delivered_at(tx: Tx, order_id: UUID) -> datetime | None:
    found: datetime | None = await tx.fetchval(_DELIVERED_AT, order_id)
    return found


async def find_sale(tx: Tx, order_id: UUID) -> Report | None:
    """Return the report by which an order's sale was told."""
    row = await tx.fetchrow(_SALE, order_id)
    return None if row is None else _report(row)


async def find_trip_of_sale(tx: Tx, order_id: UUID) -> UUID | None:
    found: UUID | None = await tx.fetchval(_TRIP_OF_SALE, order_id)
    return found


async def list_back(tx: Tx, order_id: UUID) -> list[Row]:
    """Return of each product how many units were refunded, and how many are in the shop again."""
    return await tx.fetch(_BACK, order_id)


async def withdraw(tx: Tx, report_id: UUID, *, at: datetime) -> bool:
    """Cancel a report that nobody was told; False where it was told, or may have been."""
    return await tx.execute(_WITHDRAW, report_id, at) == 1


# Sending


async def claim(tx: Tx, *, now: datetime, stale_before: datetime, most: int, looks_at: int) -> list[Claimed]:
    """Take what may go now, up to `most` of one step; none of it is sent by anybody else meanwhile."""
    ids = [row["id"] for row in await tx.fetch(_CLAIM, now, stale_before, most, looks_at)]
    if not ids:
        return []
    return [
        Claimed(
            report=_report(row),
            token=now,
            **{
                name: row[name]
                for name in (
                    "parent_id",
                    "address",
                    "driver_id",
                    "driver_name",
                    "employee_no",
                    "license_wrapped",
                    "make",
                    "model",
                    "plate",
                )
            },
        )
        for row in await tx.fetch(_CLAIMED, ids)
    ]


async def list_still_ours(db: Database, claimed: Sequence[Claimed]) -> set[UUID]:
    """Return which of them nobody took over meanwhile; all were claimed together."""
    rows = await db.fetch(_HELD, [one.report.id for one in claimed], claimed[0].token)
    return {row["id"] for row in rows}


async def set_sent(tx: Tx, claimed: Claimed, *, at: datetime, what: str, metrc_id: int | None) -> bool:
    return await tx.execute(_SENT, claimed.report.id, claimed.token, at, what, None, metrc_id) == 1


async def set_rejected(tx: Tx, claimed: Claimed, *, at: datetime, error: str) -> bool:
    return await tx.execute(_REJECTED, claimed.report.id, claimed.token, at, "rejected", error) == 1


async def put_back(
    tx: Tx, claimed: Claimed, *, at: datetime, error: str, unsure: bool, alone: bool, next_try_at: datetime
) -> bool:
    done = await tx.execute(
        _PUT_BACK, claimed.report.id, claimed.token, at, "put back", error, unsure, alone, next_try_at
    )
    return done == 1


async def may_ask(db: Database, now: datetime) -> bool:
    """Return whether the system may be asked: it is not left alone, and nothing is wrong with our licence."""
    row = await db.fetchrow(_READ_LINE)
    if row is None:
        return True
    return row["licence_refused"] is None and (row["paused_until"] is None or row["paused_until"] <= now)


async def note_answer(tx: Tx, at: datetime) -> None:
    await tx.execute(_LINE_GOOD, at)


async def count_failures(db: Database) -> int:
    row = await db.fetchrow(_READ_LINE)
    return 0 if row is None else row["failures"]


async def note_failure(tx: Tx, at: datetime, *, until: datetime, error: str) -> int:
    """Leave the system alone until then; returns how many failures there were in a row."""
    failures: int = await tx.fetchval(_LINE_BAD, at, until, error)
    return failures


async def note_licence(tx: Tx, at: datetime, *, refused: str | None, warning: str | None) -> None:
    await tx.execute(_LINE_LICENCE, at, refused, warning)


async def note_compared(tx: Tx, at: datetime) -> None:
    await tx.execute(_LINE_COMPARED, at)


# Staff


async def find_report(source: Database | Tx, report_id: UUID) -> Report | None:
    row = await source.fetchrow(_FIND, report_id)
    return None if row is None else _report(row)


async def lock_report(tx: Tx, report_id: UUID) -> Report | None:
    row = await tx.fetchrow(_LOCK, report_id)
    return None if row is None else _report(row)


async def list_reports(
    db: Database, *, state: State | None, trip_id: UUID | None, limit: int, offset: int
) -> tuple[list[Report], int]:
    rows = await db.fetch(_LIST, state, trip_id, limit, offset)
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT, state, trip_id)
    return [_report(row) for row in rows], total


async def change(
    tx: Tx,
    report_id: UUID,
    *,
    state: State,
    payload: Mapping[str, Any],
    at: datetime,
    what: str,
    error: str | None,
    detail: str | None,
    actor_id: UUID | None,
) -> None:
    await tx.execute(_CHANGE, report_id, state, at, payload, what, error, detail, actor_id)


async def get_status(db: Database, now: datetime) -> Status:
    row = cast("Row", await db.fetchrow(_STATUS, now))
    return Status(**dict(row))


async def flag_due(tx: Tx, now: datetime) -> list[Row]:
    """Mark what comes near its deadline or passed it; returns what is new of either, and how much."""
    return await tx.fetch(_FLAG, now)


# Comparing


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
