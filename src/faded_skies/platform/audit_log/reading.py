"""Rows of the log as values: listed for staff, paged for long readings, written as JSON."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from faded_skies.platform.audit.encoding import Content, LogRow, moment_text
from faded_skies.platform.audit_log import queries
from faded_skies.platform.db import Database

PAGE = 500
"""How many rows a long reading holds at once. Between pages nothing is held: no connection, no snapshot."""

_BEFORE_ALL = -(2**63)  # a forger may number rows below zero


@dataclass(frozen=True)
class Filter:
    """Which rows; None is any. `since` is included, `until` is not."""

    action: str | None = None
    object_type: str | None = None
    object_id: UUID | None = None
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def values(self) -> tuple[object, ...]:
        return (self.action, self.object_type, self.object_id, self.actor_id, self.since, self.until)


class _Row(Protocol):
    def __getitem__(self, name: str, /) -> Any: ...


def row_of(row: _Row) -> LogRow:
    """Return a row as the statements of `queries` give it."""
    return LogRow(
        seq=row["seq"],
        content=Content(
            id=row["id"],
            recorded_us=row["recorded_us"],
            actor_id=row["actor_id"],
            action=row["action"],
            object_type=row["object_type"],
            object_id=row["object_id"],
            details=row["details"],
            reason=row["reason"],
            address=row["address"],
            user_agent=row["user_agent"],
            request_id=row["request_id"],
        ),
        chain=row["chain"],
        position=row["position"],
        link=row["link"],
        mac=row["mac"],
    )


def as_json(row: LogRow) -> Mapping[str, object]:
    """Return the row for orjson: camelCase, details to the digit as they are, link and mac in hex."""
    content = row.content
    return {
        "seq": row.seq,
        "id": content.id,
        "recordedAt": moment_text(content.recorded_us),
        "actorId": content.actor_id,
        "action": content.action,
        "objectType": content.object_type,
        "objectId": content.object_id,
        "details": orjson.Fragment(content.details),
        "reason": content.reason,
        "address": content.address,
        "userAgent": content.user_agent,
        "requestId": content.request_id,
        "chain": row.chain,
        "position": row.position,
        "link": row.link.hex() if row.link is not None else None,
        "mac": row.mac.hex() if row.mac is not None else None,
    }


async def list_newest(db: Database, wanted: Filter, *, limit: int, offset: int) -> tuple[list[LogRow], int]:
    """Return a page of rows, the newest first, and how many there are."""
    rows = await db.fetch(queries.NEWEST, *wanted.values, limit, offset)
    total = await db.count(queries.COUNT, *wanted.values, rows=len(rows), limit=limit, offset=offset)
    return [row_of(row) for row in rows], total


async def read_in_order(db: Database, wanted: Filter) -> AsyncIterator[LogRow]:
    """Yield the rows that stand there now, in the order of their numbers; what comes meanwhile is left out."""
    after, last = _BEFORE_ALL, await db.fetchval(queries.LAST_SEQ)
    while rows := await db.fetch(queries.EXPORT_PAGE, *wanted.values, after, last, PAGE):
        for row in rows:
            yield row_of(row)
        after = rows[-1]["seq"]


async def read_chain(db: Database, chain: int, *, after: int, until: int) -> AsyncIterator[LogRow]:
    """Yield a chain's rows behind one position and up to another, in order."""
    while rows := await db.fetch(queries.CHAIN_PAGE, chain, after, until, PAGE):
        for row in rows:
            yield row_of(row)
        after = rows[-1]["position"]


async def read_without_place(db: Database) -> AsyncIterator[LogRow]:
    """Yield the rows that stand in no chain, in the order of their numbers."""
    after = _BEFORE_ALL
    while rows := await db.fetch(queries.PAGE_WITHOUT_PLACE, after, PAGE):
        for row in rows:
            yield row_of(row)
        after = rows[-1]["seq"]
