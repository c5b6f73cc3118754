"""How urgent a ticket is: for staff to say, never for its customer."""

from uuid import UUID

from faded_skies.domains.support.errors import TicketClosed
from faded_skies.domains.support.events import ChatMoved
from faded_skies.domains.support.models import Ticket
from faded_skies.domains.support.queries import tickets
from faded_skies.domains.support.rules.moves import ChatStatus, Priority
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx


async def set_priority(tx: Tx, actor: Actor, ticket_id: UUID, *, priority: Priority) -> Ticket:
    """Give a ticket its place in the queue; the one it has already changes nothing.

    Raises TicketNotFound, TicketClosed.
    """
    ticket = await tickets.lock_ticket_for_staff(tx, actor, ticket_id)
    if ticket.chat_status is ChatStatus.ENDED:
        raise TicketClosed
    if ticket.priority is priority:
        return ticket
    await tickets.update_priority(tx, ticket.id, priority)
    tx.audit(
        "support_ticket.prioritized",
        object_type="support_ticket",
        object_id=ticket.id,
        actor_id=actor.id,
        was=ticket.priority,
        priority=priority,
    )
    tx.emit(ChatMoved(ticket_id=ticket.id))
    return await tickets.get_ticket(tx, ticket.id)
