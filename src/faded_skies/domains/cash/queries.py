"""SQL of drawers."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from faded_skies.domains.cash.models import Drawer
from faded_skies.domains.cash.rules import DrawerStatus
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.money import Cents

_SELECT = """
SELECT c.id, c.driver_id, split_part(d.full_name, ' ', 1) AS driver_first_name, c.status, c.float_cents,
       c.collected_cents, c.counted_cents, c.received_cents, c.opened_at, c.counted_at, c.counted_by,
       split_part(n.full_name, ' ', 1) AS counted_by_first_name, c.signed_off_by,
       split_part(s.full_name, ' ', 1) AS signed_off_by_first_name, c.signed_off_at, c.note
FROM cash_drawers c
JOIN users d ON d.id = c.driver_id
LEFT JOIN users n ON n.id = c.counted_by
LEFT JOIN users s ON s.id = c.signed_off_by
"""
_LOCK = f"{_SELECT} WHERE c.id = $1 FOR NO KEY UPDATE OF c"
_LOCK_OF_SHIFT = f"{_SELECT} WHERE c.shift_id = $1 FOR NO KEY UPDATE OF c"
# Refused by what there is: this shift's drawer, or one of this driver's that is open.
_INSERT = """
INSERT INTO cash_drawers (id, shift_id, driver_id, status, float_cents) VALUES ($1, $2, $3, 'open', $4)
ON CONFLICT DO NOTHING
"""
_TAKE = """
UPDATE cash_drawers SET collected_cents = collected_cents + $2 WHERE driver_id = $1 AND status = 'open'
"""
_COUNT = """
UPDATE cash_drawers SET status = 'counted', counted_cents = $2, counted_by = $3, counted_at = now() WHERE id = $1
"""
_SIGN_OFF = """
UPDATE cash_drawers
SET status = 'signed_off', received_cents = $2, note = $3, signed_off_by = $4, signed_off_at = now()
WHERE id = $1
"""
_FILTER = "WHERE ($1::text IS NULL OR c.status = $1) AND ($2::uuid IS NULL OR c.driver_id = $2)"
_LIST = f"{_SELECT} {_FILTER} ORDER BY c.opened_at DESC, c.id DESC LIMIT $3 OFFSET $4"
_COUNT_ALL = f"SELECT count(*) FROM cash_drawers c {_FILTER}"
# What should be in a drawer is nothing its driver may read before staff has counted it too.
_HELD = """
SELECT id, status, opened_at AS "openedAt", counted_at AS "countedAt", signed_off_at AS "signedOffAt",
       (float_cents / 100.0)::float8 AS "openingCash", (counted_cents / 100.0)::float8 AS "closingCash",
       CASE WHEN status = 'signed_off' THEN (collected_cents / 100.0)::float8 END AS collected,
       (received_cents / 100.0)::float8 AS received, note
FROM cash_drawers WHERE driver_id = $1 ORDER BY opened_at, id
"""


def _drawer(row: Row) -> Drawer:
    values: dict[str, Any] = dict(row)
    return Drawer(**values | {"status": DrawerStatus(row["status"])})


async def insert_drawer(
    tx: Tx, *, drawer_id: UUID, shift_id: UUID, driver_id: UUID, float_cents: Cents
) -> bool:
    """Tell whether the drawer is new: not when the shift has one, or the driver an open one."""
    return await tx.execute(_INSERT, drawer_id, shift_id, driver_id, float_cents) == 1


async def lock_drawer(tx: Tx, drawer_id: UUID) -> Drawer | None:
    row = await tx.fetchrow(_LOCK, drawer_id)
    return _drawer(row) if row else None


async def lock_drawer_of_shift(tx: Tx, shift_id: UUID) -> Drawer | None:
    row = await tx.fetchrow(_LOCK_OF_SHIFT, shift_id)
    return _drawer(row) if row else None


async def add_cash(tx: Tx, driver_id: UUID, amount_cents: Cents) -> bool:
    """Tell whether the driver has an open drawer that took it."""
    return await tx.execute(_TAKE, driver_id, amount_cents) == 1


async def set_counted(tx: Tx, drawer_id: UUID, counted_cents: Cents, *, counted_by: UUID | None) -> None:
    await tx.execute(_COUNT, drawer_id, counted_cents, counted_by)


async def set_signed_off(
    tx: Tx, drawer_id: UUID, *, received_cents: Cents, note: str | None, signed_off_by: UUID
) -> None:
    await tx.execute(_SIGN_OFF, drawer_id, received_cents, note, signed_off_by)


async def list_drawers(
    db: Database, *, status: DrawerStatus | None, driver_id: UUID | None, limit: int, offset: int
) -> tuple[list[Drawer], int]:
    rows = await db.fetch(_LIST, status, driver_id, limit, offset)
    return [_drawer(row) for row in rows], await db.fetchval(_COUNT_ALL, status, driver_id)


def stream_drawers_of(tx: Tx, driver_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, driver_id)
