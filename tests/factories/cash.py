"""Cash at the door: what drivers and staff say by HTTP, and what the books hold of a drawer."""

from typing import Any
from uuid import UUID

import httpx

from factories.delivery import id_check, make_order
from factories.identity import SignedInPerson
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders.service import Status
from faded_skies.platform.db import Database

DUE = 24.5
"""What the factory's orders cost, in dollars."""


async def say_shift(client: httpx.AsyncClient, driver: SignedInPerson, **body: Any) -> httpx.Response:
    return await client.post("/api/driver/shift", json=body, headers=driver.headers)


async def cash_order(app: Application, customer: SignedInPerson, driver: SignedInPerson) -> UUID:
    """Make an order on the road that is to be paid at the door."""
    return await make_order(
        app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id, tender="cash"
    )


async def hand_over(
    client: httpx.AsyncClient,
    driver: SignedInPerson,
    order_id: UUID,
    *,
    received: float | None = DUE,
    key: str | None = None,
) -> httpx.Response:
    """Hand an order over for cash of this many dollars, None for none."""
    return await client.post(
        f"/api/driver/orders/{order_id}/deliver",
        json={"idCheck": id_check()} | ({} if received is None else {"cashReceived": received}),
        headers=driver.headers | ({} if key is None else {"Idempotency-Key": key}),
    )


async def sign_off(
    client: httpx.AsyncClient,
    staff: SignedInPerson,
    drawer_id: UUID,
    received: object,
    *,
    key: str | None = None,
    **more: object,
) -> httpx.Response:
    return await client.post(
        f"/api/admin/drawers/{drawer_id}/sign-off",
        json={"receivedCash": received, **more},
        headers=staff.headers | ({} if key is None else {"Idempotency-Key": key}),
    )


async def drawer_of(db: Database, driver: SignedInPerson) -> dict[str, Any]:
    """Return the driver's latest drawer as its row."""
    row = await db.fetchrow(
        "SELECT * FROM cash_drawers WHERE driver_id = $1 ORDER BY opened_at DESC, id DESC LIMIT 1", driver.id
    )
    assert row is not None
    return dict(row)


async def posted(db: Database) -> list[tuple[str, str, str, int]]:
    """Return every movement of a drawer, as the books have it: fact, debit, credit, cents."""
    rows = await db.fetch(
        "SELECT kind, debit, credit, amount_cents FROM ledger_transfers "
        "WHERE kind IN ('float_given', 'cash_taken', 'drawer_emptied') ORDER BY posted_at, leg"
    )
    return [tuple(row) for row in rows]


async def stands(db: Database, account: Account, party_id: UUID | None = None) -> int:
    """Return what stands in an account on its debit side, of one person or of all."""
    cents: int = await db.fetchval(
        """
        SELECT coalesce(sum(CASE WHEN debit = $1 THEN amount_cents ELSE -amount_cents END), 0)::int
        FROM ledger_transfers WHERE (debit = $1 OR credit = $1) AND ($2::uuid IS NULL OR party_id = $2)
        """,
        account,
        party_id,
    )
    return cents


async def audited(db: Database) -> list[tuple[str, UUID | None, dict[str, Any]]]:
    """Return what the audit log has of drawers: action, who, details."""
    rows = await db.fetch(
        "SELECT action, actor_id, details FROM audit_log WHERE object_type = 'drawer' ORDER BY recorded_at, seq"
    )
    return [tuple(row) for row in rows]
