"""The webhook inbox as staff sees it: what was delivered, what of it waits, and working from a row once more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.errors import Absent, InvalidState
from faded_skies.platform.inbox import WebhookReceived
from faded_skies.platform.scrubbing import scrub

_COLUMNS = "id, source, external_id, kind, received_at, handled_at"
_WANTED = """
    ($1::text IS NULL OR source = $1) AND ($2::boolean IS NULL OR (handled_at IS NOT NULL) = $2)
"""
_LIST = f"""
SELECT {_COLUMNS}, NULL::jsonb AS payload FROM webhook_events WHERE {_WANTED}
ORDER BY received_at DESC, id DESC LIMIT $3 OFFSET $4
"""
_COUNT = f"SELECT count(*) FROM webhook_events WHERE {_WANTED}"
_FIND = f"SELECT {_COLUMNS}, payload FROM webhook_events WHERE id = $1"
_LOCK = f"{_FIND} FOR UPDATE"


class DeliveryNotFound(Absent):
    sentence = "There is no such delivery."


class DeliveryHandled(InvalidState):
    sentence = "This delivery was worked off already; doing so again would change nothing."


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified delivery. `payload` is scrubbed, and None in lists; `handled_at` None while it waits."""

    id: UUID
    source: str
    external_id: str
    kind: str
    received_at: datetime
    handled_at: datetime | None
    payload: Any


def _delivery(row: Row) -> Delivery:
    return Delivery(**{**row, "payload": scrub(row["payload"])})


async def list_deliveries(
    db: Database, *, source: str | None, handled: bool | None, limit: int, offset: int
) -> tuple[list[Delivery], int]:
    """Return a page of deliveries, the newest first, and how many there are."""
    rows = await db.fetch(_LIST, source, handled, limit, offset)
    return [_delivery(row) for row in rows], await db.fetchval(_COUNT, source, handled)


async def get_delivery(db: Database, delivery_id: UUID) -> Delivery:
    """Return a delivery with what was in it, scrubbed. Raises DeliveryNotFound."""
    row = await db.fetchrow(_FIND, delivery_id)
    if row is None:
        raise DeliveryNotFound
    return _delivery(row)


async def replay_delivery(tx: Tx, delivery_id: UUID, *, actor_id: UUID) -> Delivery:
    """Have a delivery that waits worked from its row again. Raises DeliveryNotFound, DeliveryHandled."""
    row = await tx.fetchrow(_LOCK, delivery_id)
    if row is None:
        raise DeliveryNotFound
    if row["handled_at"] is not None:
        raise DeliveryHandled
    tx.emit(WebhookReceived(webhook_id=delivery_id, source=row["source"]))
    tx.audit(
        "webhook.replayed",
        object_type="webhook",
        object_id=delivery_id,
        actor_id=actor_id,
        source=row["source"],
        external_id=row["external_id"],
    )
    return _delivery(row)
