"""SQL of agents: how busy they are, whose turn it is, who is away and who is missed."""

from collections.abc import Collection
from uuid import UUID

from faded_skies.domains.support.errors import AgentNotFound
from faded_skies.domains.support.models import Load
from faded_skies.platform.db import Database, Tx

# One after another: whoever gives a ticket to an agent sees what all before have given.
_LOCK_DESK = "SELECT pg_advisory_xact_lock(hashtextextended('support.desk', 25))"
_LOADS = """
SELECT u.id, split_part(u.full_name, ' ', 1) AS name,
    (SELECT count(*) FROM support_tickets b WHERE b.agent_id = u.id AND b.chat_status = 'active') AS active,
    (SELECT max(assigned_at) FROM support_tickets l WHERE l.agent_id = u.id) AS served_at,
    EXISTS (SELECT FROM support_away w WHERE w.agent_id = u.id) AS is_away
FROM users u WHERE u.id = ANY ($1::uuid[]) AND u.role = 'agent' AND u.account_status = 'active'
"""
_LIST = f"SELECT id, name, active, is_away FROM ({_LOADS}) loads ORDER BY is_away, active, name, id"
_PICK = f"""
SELECT id FROM ({_LOADS}) loads WHERE NOT is_away AND active < $2 AND id <> ALL ($3::uuid[])
ORDER BY id IS NOT DISTINCT FROM $4::uuid DESC, active, served_at NULLS FIRST, id LIMIT 1
"""
_LOAD_OF = f"SELECT id, name, active, is_away FROM ({_LOADS}) loads"
_LEAVE = "INSERT INTO support_away (agent_id) VALUES ($1) ON CONFLICT DO NOTHING"
_COME_BACK = "DELETE FROM support_away WHERE agent_id = $1"
_MISS = """
WITH back AS (
    DELETE FROM support_absences s WHERE agent_id = ANY ($1::uuid[])
        OR NOT EXISTS (SELECT FROM support_tickets t WHERE t.agent_id = s.agent_id AND t.chat_status = 'active')
)
INSERT INTO support_absences (agent_id)
SELECT DISTINCT agent_id FROM support_tickets WHERE chat_status = 'active' AND agent_id <> ALL ($1::uuid[])
ON CONFLICT DO NOTHING
"""
_LEFT_BEHIND = """
SELECT t.id, t.agent_id FROM support_tickets t JOIN support_absences s ON s.agent_id = t.agent_id
WHERE t.chat_status = 'active' AND s.since <= now() - make_interval(secs => $1::float8)
ORDER BY t.assigned_at, t.id
"""


async def lock_desk(tx: Tx) -> None:
    """Let nobody else give a ticket to an agent, or go away, until the commit. Taken after the ticket's own row."""
    await tx.execute(_LOCK_DESK)


async def pick_agent(
    tx: Tx, present: Collection[UUID], *, capacity: int, not_these: Collection[UUID], rather: UUID | None
) -> UUID | None:
    """Return who of those present and not away has the fewest open chats, and of equals was served longest ago.

    `rather` goes first where they have room. None when nobody has. The desk must be locked.
    """
    found: UUID | None = await tx.fetchval(_PICK, list(present), capacity, list(not_these), rather)
    return found


async def get_load(tx: Tx, agent_id: UUID) -> Load:
    """Return how busy an agent is. Raises AgentNotFound for who is none."""
    row = await tx.fetchrow(_LOAD_OF, [agent_id])
    if row is None:
        raise AgentNotFound
    return Load(**row)


async def set_away(tx: Tx, agent_id: UUID, *, away: bool) -> bool:
    """Note that an agent is away or back; tell whether that is new. The desk must be locked."""
    return await tx.execute(_LEAVE if away else _COME_BACK, agent_id) == 1


async def list_loads(db: Database, present: Collection[UUID]) -> list[Load]:
    """Return the agents among those present, the least busy first and those away last."""
    return [Load(**row) for row in await db.fetch(_LIST, list(present))]


async def note_absences(tx: Tx, present: Collection[UUID]) -> None:
    """Note since when agents with open chats are missed, and forget those who are back."""
    await tx.execute(_MISS, list(present))


async def list_left_behind(db: Database, *, missed_for: float) -> list[tuple[UUID, UUID]]:
    """Return open chats, with their agents, who have been missed for so many seconds."""
    return [(row["id"], row["agent_id"]) for row in await db.fetch(_LEFT_BEHIND, missed_for)]
