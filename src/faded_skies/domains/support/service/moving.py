"""Moving a chat: the one way in which its state changes."""

from uuid import UUID

from faded_skies.domains.support.events import ChatMoved
from faded_skies.domains.support.models import Ticket
from faded_skies.domains.support.queries import tickets
from faded_skies.domains.support.rules.moves import Move, check_move
from faded_skies.platform.db import Tx


async def move(
    tx: Tx,
    ticket: Ticket,
    what: Move,
    *,
    agent_id: UUID | None,
    actor_id: UUID | None,
    reason: str | None = None,
    given_back_by: UUID | None = None,
) -> Ticket:
    """Move a held ticket, and return it as it is now; `agent_id` is whose it is then.

    Raises TicketTaken, TicketClosed or TicketOpen where the table of moves says no.
    """
    status = check_move(ticket.chat_status, what)
    await tickets.update_chat(tx, ticket.id, status=status, agent_id=agent_id, given_back_by=given_back_by)
    tx.audit(
        f"support_ticket.{what}",
        object_type="support_ticket",
        object_id=ticket.id,
        actor_id=actor_id,
        reason=reason,
        agentId=None if agent_id is None else str(agent_id),
    )
    tx.emit(ChatMoved(ticket_id=ticket.id))
    return await tickets.get_ticket(tx, ticket.id)
