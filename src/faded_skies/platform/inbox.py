"""The webhook inbox: a verified delivery is stored once, answered, and worked from the stored row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.db import Row, Tx
from faded_skies.platform.events import Event
from faded_skies.platform.ids import lowest_id, new_id
from faded_skies.platform.retention import BATCH

KEEP = timedelta(days=90)
"""Longer than any vendor delivers again, by itself or when asked to."""

_STORE = """
INSERT INTO webhook_events (id, source, external_id, kind, payload) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (source, external_id) DO NOTHING
RETURNING id
"""
_LOCK = "SELECT id, source, kind, payload, handled_at FROM webhook_events WHERE id = $1 FOR UPDATE"
# By the primary key, which is in the order of time; what was never handled stays until somebody has looked.
_FORGET = """
DELETE FROM webhook_events WHERE id IN (
    SELECT id FROM webhook_events WHERE id < $1 AND handled_at IS NOT NULL ORDER BY id LIMIT $2
)
"""
_HANDLED = "UPDATE webhook_events SET handled_at = now() WHERE id = $1"


@dataclass(frozen=True, kw_only=True)
class WebhookReceived(Event):
    """A delivery was stored; whoever knows the source works from the row."""

    name: ClassVar[str] = "inbox.webhook_received"
    open_texts: ClassVar[frozenset[str]] = frozenset({"source"})
    webhook_id: UUID
    source: str


async def store(tx: Tx, *, source: str, external_id: str, kind: str, payload: object) -> bool:
    """Keep a verified delivery. Returns False when this (source, external id) was stored before."""
    webhook_id = await tx.fetchval(_STORE, new_id(), source, external_id, kind, payload)
    if webhook_id is None:
        return False
    tx.emit(WebhookReceived(webhook_id=webhook_id, source=source))
    return True


async def lock(tx: Tx, webhook_id: UUID) -> Row | None:
    """Hold the delivery for this transaction; None when it was handled already."""
    row = await tx.fetchrow(_LOCK, webhook_id)
    return row if row is not None and row["handled_at"] is None else None


async def mark_handled(tx: Tx, webhook_id: UUID) -> None:
    await tx.execute(_HANDLED, webhook_id)


async def forget(tx: Tx, *, now: datetime) -> int:
    """Delete up to BATCH deliveries that were handled and came long ago; returns how many."""
    return await tx.execute(_FORGET, lowest_id(now - KEEP), BATCH)
