"""SQL of tickets: reading, holding, and moving them. Whoever may not see one finds none."""

from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.support.errors import TicketNotFound
from faded_skies.domains.support.models import Listed, Ticket, TicketFilter
from faded_skies.domains.support.rules.moves import ChatStatus, Priority
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database, Row, Tx

STAFF = frozenset({Role.AGENT, Role.ADMIN})
"""Who sees customers' tickets beside their customers. Only agents speak in them."""

_COLUMNS = """
    t.id, t.user_id, c.full_name AS customer_name, t.order_id, t.agent_id,
    split_part(a.full_name, ' ', 1) AS agent_name, t.subject, t.category, t.priority, t.chat_status, t.assigned_at,
    t.given_back_by, t.closed_at, t.last_message_at, t.created_at, t.updated_at
"""
_FROM = "support_tickets t JOIN users c ON c.id = t.user_id LEFT JOIN users a ON a.id = t.agent_id"
_FIND = f"SELECT {_COLUMNS} FROM {_FROM} WHERE t.id = $1"
_FIND_FOR = f"{_FIND} AND (t.user_id = $2 OR $3)"
# Who of the staff is a customer is one like any other: nothing that only staff may see or do, in a ticket of one's own.
_FIND_FOR_STAFF = f"{_FIND} AND t.user_id <> $2 AND $3"
_LOCK = f"{_FIND} FOR NO KEY UPDATE OF t"
_LOCK_FOR = f"{_FIND_FOR} FOR NO KEY UPDATE OF t"
_LOCK_FOR_STAFF = f"{_FIND_FOR_STAFF} FOR NO KEY UPDATE OF t"
_LOCK_NEXT_WAITING = f"""
SELECT {_COLUMNS} FROM {_FROM} WHERE t.chat_status = 'waiting' AND t.id <> ALL ($1::uuid[])
ORDER BY array_position(ARRAY['urgent', 'high', 'medium', 'low'], t.priority), t.created_at, t.id
LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
"""
_INSERT = """
INSERT INTO support_tickets (id, user_id, order_id, subject, category, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp())
"""
# Later than what it was by at least the smallest step, so that of two states of a ticket the newer one is known.
_NOW = "greatest(clock_timestamp(), updated_at + interval '1 microsecond')"
_MOVE = f"""
UPDATE support_tickets SET
    chat_status = $2::text, status = CASE $2::text WHEN 'ended' THEN 'closed' ELSE 'open' END,
    agent_id = $3::uuid, assigned_at = CASE $2::text WHEN 'active' THEN clock_timestamp() ELSE assigned_at END,
    given_back_by = $4::uuid, closed_at = CASE $2::text WHEN 'ended' THEN clock_timestamp() END, updated_at = {_NOW}
WHERE id = $1
"""
_PRIORITIZE = f"UPDATE support_tickets SET priority = $2, updated_at = {_NOW} WHERE id = $1"
_STAMP_MESSAGE = """
UPDATE support_tickets SET last_message_at = $2, updated_at = greatest($2, updated_at + interval '1 microsecond')
WHERE id = $1
"""
_OWN = f"""
SELECT {_COLUMNS}, count(*) OVER () AS total FROM {_FROM} WHERE t.user_id = $1
ORDER BY t.created_at DESC, t.id DESC LIMIT $2 OFFSET $3
"""
_COUNT_OWN = "SELECT count(*) FROM support_tickets WHERE user_id = $1"
_STAFFS_CONDITIONS = """
    ($1::uuid IS NULL OR t.agent_id = $1) AND ($2::text IS NULL OR t.chat_status = $2)
    AND ($3::text IS NULL OR t.category = $3) AND ($4::text IS NULL OR t.priority = $4)
    AND ($5::uuid IS NULL OR t.user_id = $5)
    AND ($6::text IS NULL OR t.id IN (
        SELECT f.id FROM support_tickets f WHERE lower(f.subject) LIKE $6
        UNION ALL
        SELECT f.id FROM support_tickets f JOIN users p ON p.id = f.user_id
        WHERE person_search_text(p.full_name, p.email::text, p.phone) LIKE $6
    ))
    AND t.user_id <> $7
"""
_UNREAD = """
    (SELECT count(*) FROM support_messages m WHERE m.ticket_id = t.id AND m.sender_type = 'user' AND m.read_at IS NULL)
"""
_URGENT_FIRST = "array_position(ARRAY['urgent', 'high', 'medium', 'low'], t.priority), t.created_at, t.id"
_LAST_MOVED_FIRST = "(t.chat_status = 'ended'), t.updated_at DESC, t.id DESC"
_LIST_FOR_STAFF = {
    is_queue: f"""
    SELECT {_COLUMNS}, {_UNREAD} AS unread FROM (
        SELECT t.* FROM support_tickets t WHERE {_STAFFS_CONDITIONS} ORDER BY {order} LIMIT $8 OFFSET $9
    ) AS t JOIN users c ON c.id = t.user_id LEFT JOIN users a ON a.id = t.agent_id ORDER BY {order}
    """
    for is_queue, order in {True: _URGENT_FIRST, False: _LAST_MOVED_FIRST}.items()
}
_COUNT_FOR_STAFF = f"SELECT count(*) FROM support_tickets t WHERE {_STAFFS_CONDITIONS}"


def _ticket(row: Row) -> Ticket:
    values: dict[str, Any] = {name: row[name] for name in Ticket.__dataclass_fields__}
    values |= {"priority": Priority(row["priority"]), "chat_status": ChatStatus(row["chat_status"])}
    return Ticket(**values)


def _found(row: Row | None) -> Ticket:
    if row is None:
        raise TicketNotFound
    return _ticket(row)


async def get_ticket_for(db: Database | Tx, actor: Actor, ticket_id: UUID) -> Ticket:
    """Return a ticket of the person's own, any to agents. Raises TicketNotFound for all others."""
    return _found(await db.fetchrow(_FIND_FOR, ticket_id, actor.id, actor.role is Role.AGENT))


async def lock_ticket_for(tx: Tx, actor: Actor, ticket_id: UUID) -> Ticket:
    """Hold a ticket of the person's own, any for agents. Raises TicketNotFound for all others."""
    return _found(await tx.fetchrow(_LOCK_FOR, ticket_id, actor.id, actor.role is Role.AGENT))


async def get_ticket_for_staff(db: Database | Tx, actor: Actor, ticket_id: UUID) -> Ticket:
    """Return a customer's ticket to staff. Raises TicketNotFound for all others, and for one's own."""
    return _found(await db.fetchrow(_FIND_FOR_STAFF, ticket_id, actor.id, actor.role in STAFF))


async def lock_ticket_for_staff(tx: Tx, actor: Actor, ticket_id: UUID) -> Ticket:
    """Hold a customer's ticket for staff. Raises TicketNotFound for all others, and for one's own."""
    return _found(await tx.fetchrow(_LOCK_FOR_STAFF, ticket_id, actor.id, actor.role in STAFF))


async def find_ticket(db: Database | Tx, ticket_id: UUID) -> Ticket | None:
    row = await db.fetchrow(_FIND, ticket_id)
    return None if row is None else _ticket(row)


async def get_ticket(tx: Tx, ticket_id: UUID) -> Ticket:
    """Return a ticket, for the system itself. Raises TicketNotFound."""
    return _found(await tx.fetchrow(_FIND, ticket_id))


async def find_and_lock_ticket(tx: Tx, ticket_id: UUID) -> Ticket | None:
    """Hold a ticket, for the system itself; None when it is gone."""
    row = await tx.fetchrow(_LOCK, ticket_id)
    return None if row is None else _ticket(row)


async def lock_next_waiting(tx: Tx, *, passed_over: list[UUID]) -> Ticket | None:
    """Hold whoever has waited longest of the most urgent and is held by nobody; None when nobody waits."""
    row = await tx.fetchrow(_LOCK_NEXT_WAITING, passed_over)
    return None if row is None else _ticket(row)


async def insert_ticket(
    tx: Tx, ticket_id: UUID, *, user_id: UUID, order_id: UUID | None, subject: str, category: str | None
) -> None:
    await tx.execute(_INSERT, ticket_id, user_id, order_id, subject, category)


async def update_chat(
    tx: Tx, ticket_id: UUID, *, status: ChatStatus, agent_id: UUID | None, given_back_by: UUID | None
) -> None:
    """Bring a held ticket to another state and agent."""
    await tx.execute(_MOVE, ticket_id, status, agent_id, given_back_by)


async def update_priority(tx: Tx, ticket_id: UUID, priority: Priority) -> None:
    await tx.execute(_PRIORITIZE, ticket_id, priority)


async def stamp_message(tx: Tx, ticket_id: UUID, written_at: datetime) -> None:
    await tx.execute(_STAMP_MESSAGE, ticket_id, written_at)


async def list_own(db: Database, user_id: UUID, *, limit: int, offset: int) -> tuple[list[Ticket], int]:
    """Return a person's tickets, the newest first, and how many there are."""
    rows = await db.fetch(_OWN, user_id, limit, offset)
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT_OWN, user_id)
    return [_ticket(row) for row in rows], total


async def list_for_staff(
    db: Database, reader_id: UUID, wanted: TicketFilter, *, limit: int, offset: int
) -> tuple[list[Listed], int]:
    """Return tickets as staff sees them, none of the reader's own: those that wait the longest, or the last moved."""
    conditions = (
        wanted.agent_id,
        wanted.chat_status,
        wanted.category,
        wanted.priority,
        wanted.user_id,
        wanted.words,
        reader_id,
    )
    is_queue = wanted.chat_status is ChatStatus.WAITING
    rows = await db.fetch(_LIST_FOR_STAFF[is_queue], *conditions, limit, offset)
    total = await db.count(_COUNT_FOR_STAFF, *conditions, rows=len(rows), limit=limit, offset=offset)
    return [Listed(_ticket(row), row["unread"]) for row in rows], total
