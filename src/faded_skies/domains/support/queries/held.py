"""SQL of what conversations hold on a person, and of what goes when they leave. Never a note of the staff."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

_HELD = {
    "supportTickets": """
SELECT t.id, t.order_id AS "orderId", t.subject, t.category, t.priority, t.status, t.created_at AS "createdAt",
       t.closed_at AS "closedAt", t.updated_at AS "updatedAt",
       coalesce((
           SELECT jsonb_agg(jsonb_build_object(
               'id', m.id, 'senderType', m.sender_type, 'message', m.message, 'attachments', m.attachments,
               'createdAt', m.created_at, 'readAt', m.read_at
           ) ORDER BY m.created_at, m.id)
           FROM support_messages m WHERE m.ticket_id = t.id
       ), '[]') AS messages
FROM support_tickets t WHERE t.user_id = $1 ORDER BY t.created_at, t.id
""",
    "supportUploads": """
SELECT id, created_at AS "createdAt", deleted_at AS "deletedAt" FROM support_uploads
WHERE user_id = $1 ORDER BY created_at, id
""",
}
# First the tickets, as everybody who writes into one holds it first; what they hold goes with them. An agent's
# pictures in a customer's ticket go with that customer.
_ERASE = (
    "SELECT FROM support_tickets WHERE user_id = $1 ORDER BY id FOR UPDATE",
    """
UPDATE support_uploads u SET wrapped_key = NULL, deleted_at = now()
WHERE u.deleted_at IS NULL AND (
    (u.user_id = $1 AND u.message_id IS NULL)
    OR u.message_id IN (
        SELECT m.id FROM support_messages m JOIN support_tickets t ON t.id = m.ticket_id WHERE t.user_id = $1
    )
)
""",
    "DELETE FROM support_tickets WHERE user_id = $1",
    "DELETE FROM support_absences WHERE agent_id = $1",
    "DELETE FROM support_away WHERE agent_id = $1",
)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def erase(tx: Tx, user_id: UUID) -> None:
    for statement in _ERASE:
        await tx.execute(statement, user_id)
