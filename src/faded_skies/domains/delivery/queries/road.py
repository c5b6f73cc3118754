"""SQL of shifts, stops and handovers, and of what is held on a person."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import asyncpg

from faded_skies.domains.delivery.errors import VehicleInUse
from faded_skies.domains.delivery.models.road import Handover, Shift, Stop
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_OPEN_SHIFT = """
INSERT INTO driver_shifts (id, driver_id, vehicle_id, planned_end_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (driver_id) WHERE ended_at IS NULL
DO UPDATE SET vehicle_id = coalesce(EXCLUDED.vehicle_id, driver_shifts.vehicle_id),
    planned_end_at = coalesce(EXCLUDED.planned_end_at, driver_shifts.planned_end_at)
RETURNING id, vehicle_id, started_at, ended_at, planned_end_at
"""
_END_SHIFT = """
UPDATE driver_shifts SET ended_at = now() WHERE driver_id = $1 AND ended_at IS NULL
RETURNING id, vehicle_id, started_at, ended_at, planned_end_at
"""
_LAST_SHIFT = """
SELECT id, vehicle_id, started_at, ended_at, planned_end_at FROM driver_shifts
WHERE driver_id = $1 ORDER BY started_at DESC, id DESC LIMIT 1
"""
_LOCK_SHIFT_TO_END = "SELECT FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL FOR UPDATE"
_HAS_DRIVEN = """
SELECT EXISTS (SELECT FROM users WHERE id = $1 AND role = 'driver')
    OR EXISTS (SELECT FROM driver_shifts WHERE driver_id = $1)
"""
_LIST_ON_BOARD = """
SELECT order_number FROM orders WHERE driver_id = $1 AND status = 'out_for_delivery' ORDER BY order_number
"""
_HAS_CASH_ORDER_OUT = """
SELECT EXISTS (
    SELECT FROM orders
    WHERE driver_id = $1 AND status = 'out_for_delivery' AND tender = 'cash' AND amount_due_cents > paid_cents
)
"""
_LOCK_DRIVER = """
SELECT true FROM users WHERE id = $1 AND role = 'driver' AND account_status = 'active' FOR SHARE
"""
_STOPS = """
SELECT o.id AS order_id, o.order_number, o.status, o.delivery_address, o.special_instructions,
       split_part(c.full_name, ' ', 1) AS customer_first_name, c.phone AS customer_phone,
       CASE WHEN o.tender = 'cash' THEN o.amount_due_cents - o.paid_cents ELSE 0 END AS cash_due_cents,
       (SELECT jsonb_agg(jsonb_build_object('productId', i.product_id, 'name', i.name, 'quantity', i.quantity)
                         ORDER BY i.line)
        FROM order_items i WHERE i.order_id = o.id) AS items,
       s.assigned_at, s.accepted_at, s.expected_at, s.arrived_at,
       coalesce((SELECT automatic_dispatch FROM shop), false) AS is_dispatched
FROM orders o
JOIN stops s ON s.order_id = o.id
JOIN users c ON c.id = o.user_id
WHERE o.driver_id = $1 AND o.status IN ('confirmed', 'preparing', 'out_for_delivery')
ORDER BY s.expected_at NULLS LAST, s.assigned_at, o.id
"""
_PUT_STOP = """
INSERT INTO stops (order_id, driver_id, assigned_by) VALUES ($1, $2, $3)
ON CONFLICT (order_id) DO UPDATE
SET driver_id = EXCLUDED.driver_id, assigned_by = EXCLUDED.assigned_by, assigned_at = now(),
    accepted_at = NULL, arrived_at = NULL, expected_at = NULL
"""
_ARRIVED_AT = "SELECT arrived_at FROM stops WHERE order_id = $1"
_ARRIVE = "UPDATE stops SET arrived_at = now() WHERE order_id = $1 AND arrived_at IS NULL"
_INSERT_HANDOVER = """
INSERT INTO handovers (
    order_id, driver_id, method, document_type, document_expires_on, of_age, name_matches, signature,
    cash_received_cents
) VALUES ($1, $2, $7, $3, $4, true, true, $5, $6)
"""


async def open_shift(
    tx: Tx, *, driver_id: UUID, vehicle_id: UUID | None, planned_end_at: datetime | None
) -> tuple[Shift, bool]:
    """Return the driver's open shift and whether it is new. Raises VehicleInUse."""
    shift_id = new_id()
    try:
        row = await tx.fetchrow(_OPEN_SHIFT, shift_id, driver_id, vehicle_id, planned_end_at)
    except asyncpg.UniqueViolationError:
        raise VehicleInUse from None
    assert row is not None  # noqa: S101 - the statement inserts or updates one row
    return Shift(*row), row["id"] == shift_id


async def end_shift(tx: Tx, driver_id: UUID) -> Shift | None:
    """Return the shift that ended; None when none was open."""
    return _shift(await tx.fetchrow(_END_SHIFT, driver_id))


async def find_last_shift(tx: Tx, driver_id: UUID) -> Shift | None:
    return _shift(await tx.fetchrow(_LAST_SHIFT, driver_id))


async def lock_shift_to_end(tx: Tx, driver_id: UUID) -> None:
    """Hold the driver's open shift against departures until the commit."""
    await tx.execute(_LOCK_SHIFT_TO_END, driver_id)


async def has_driven(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether this person drives for us, suspended or not, or did so."""
    found: bool = await tx.fetchval(_HAS_DRIVEN, driver_id)
    return found


async def list_on_board(tx: Tx, driver_id: UUID) -> list[str]:
    """Return the numbers of the orders that the driver has on the road."""
    return [row["order_number"] for row in await tx.fetch(_LIST_ON_BOARD, driver_id)]


async def has_cash_order_out(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether the driver has an order on the road whose cash is due."""
    found: bool = await tx.fetchval(_HAS_CASH_ORDER_OUT, driver_id)
    return found


def _shift(row: Row | None) -> Shift | None:
    return None if row is None else Shift(*row)


async def lock_driver(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether this person drives for us and their account is active; both stay so until the commit."""
    return bool(await tx.fetchval(_LOCK_DRIVER, driver_id))


async def list_stops(db: Database, driver_id: UUID) -> list[Stop]:
    return [Stop(*row) for row in await db.fetch(_STOPS, driver_id)]


async def put_stop(tx: Tx, *, order_id: UUID, driver_id: UUID, assigned_by: UUID | None) -> None:
    """Put the order at the end of the driver's list, taking it off another's; nobody assigned what dispatch did."""
    await tx.execute(_PUT_STOP, order_id, driver_id, assigned_by)


async def find_arrival(tx: Tx, order_id: UUID) -> datetime | None:
    """Return when the order's driver said that they are at the door."""
    at: datetime | None = await tx.fetchval(_ARRIVED_AT, order_id)
    return at


async def mark_arrived(tx: Tx, order_id: UUID) -> bool:
    """Tell whether this is the first arrival."""
    return await tx.execute(_ARRIVE, order_id) == 1


async def insert_handover(tx: Tx, handover: Handover) -> None:
    await tx.execute(
        _INSERT_HANDOVER,
        handover.order_id,
        handover.driver_id,
        handover.document_type,
        handover.document_expires_on,
        handover.signature,
        handover.cash_received_cents,
        handover.method,
    )


_HELD = {
    "handovers": """
SELECT h.order_id AS "orderId", h.method, h.document_type AS "documentType",
       h.document_expires_on AS "documentExpiresOn", h.of_age AS "ofAge", h.name_matches AS "nameMatches",
       h.signature, (h.cash_received_cents / 100.0)::float8 AS "cashReceived", h.handed_over_at AS "handedOverAt"
FROM handovers h JOIN orders o ON o.id = h.order_id WHERE o.user_id = $1 ORDER BY h.handed_over_at
""",
    "driverShifts": """
SELECT s.id, v.plate, s.started_at AS "startedAt", s.planned_end_at AS "plannedEndAt", s.ended_at AS "endedAt"
FROM driver_shifts s LEFT JOIN vehicles v ON v.id = s.vehicle_id WHERE s.driver_id = $1 ORDER BY s.started_at, s.id
""",
    "driverStops": """
SELECT s.order_id AS "orderId", s.assigned_at AS "assignedAt", s.accepted_at AS "acceptedAt",
       s.expected_at AS "expectedAt", s.arrived_at AS "arrivedAt",
       h.handed_over_at AS "handedOverAt"
FROM stops s LEFT JOIN handovers h ON h.order_id = s.order_id WHERE s.driver_id = $1 ORDER BY s.assigned_at
""",
    "driverRefusals": """
SELECT order_id AS "orderId", kind, reason, at FROM assignment_refusals WHERE driver_id = $1 ORDER BY at, order_id
""",
    "driverDispatches": """
SELECT order_id AS "orderId", why, plan_id AS "planId", stop, expected_at AS "expectedAt", decided_at AS "decidedAt"
FROM dispatch_decisions
WHERE driver_id = $1 ORDER BY decided_at, id
""",
    "driverTrips": """
SELECT t.id, v.plate, t.people, t.created_at AS "createdAt", t.departed_at AS "departedAt", t.ended_at AS "endedAt"
FROM trips t LEFT JOIN vehicles v ON v.id = t.vehicle_id WHERE t.driver_id = $1 ORDER BY t.created_at, t.id
""",
    "driverLog": """
SELECT kind, order_id AS "orderId", code, note, latitude, longitude, at FROM stop_log
WHERE driver_id = $1 ORDER BY at, id
""",
    "driverPapers": """
SELECT kind, expires_on AS "expiresOn" FROM driver_papers WHERE driver_id = $1 ORDER BY kind
""",
    "driverProfile": """
SELECT u.employee_no AS "employeeNo", p.license_wrapped IS NOT NULL AS "hasLicenseNumber"
FROM users u LEFT JOIN driver_profiles p ON p.driver_id = u.id WHERE u.id = $1 AND u.role <> 'customer'
""",
    "driverPositions": """
SELECT recorded_at AS "recordedAt", order_id AS "orderId", latitude, longitude, heading::float8 AS heading,
       speed::float8 AS speed, suspect
FROM driver_locations WHERE driver_id = $1 ORDER BY recorded_at
""",
}
_HAS_OPEN_SHIFT = "SELECT EXISTS (SELECT FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL)"
_HAS_STOPS = """
SELECT EXISTS (
    SELECT FROM orders WHERE driver_id = $1 AND status IN ('confirmed', 'preparing', 'out_for_delivery')
)
"""


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def is_on_duty(tx: Tx, driver_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS_OPEN_SHIFT, driver_id)) or await has_orders(tx, driver_id)


async def has_orders(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether the driver has orders to bring."""
    return bool(await tx.fetchval(_HAS_STOPS, driver_id))
