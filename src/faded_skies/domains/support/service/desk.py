"""Whose a ticket is: given to the least busy, taken, transferred, closed, reopened.

A ticket's own row is held first, then the desk: so no two transactions count an agent's chats at the same time, and no
agent ever holds more than their number, whichever way tickets come. To their customer a ticket is not an agent's: it
reads as absent here.
"""

from collections.abc import Collection
from uuid import UUID

from faded_skies.domains.support.errors import AgentAway, AgentBusy, OwnTicket
from faded_skies.domains.support.events import TicketClosed
from faded_skies.domains.support.models import Ticket
from faded_skies.domains.support.ports import Staffing
from faded_skies.domains.support.queries import agents, tickets
from faded_skies.domains.support.rules.moves import ChatStatus, Move
from faded_skies.domains.support.service.moving import move
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx


async def give_to_least_busy(
    tx: Tx,
    ticket: Ticket,
    staffing: Staffing,
    *,
    rather: UUID | None = None,
    not_these: Collection[UUID] = (),
) -> Ticket:
    """Give a held ticket that waits to an agent who has not given it back; it waits on when none is there or has room.

    `rather` is whom it goes to if they can, however busy others are.
    """
    if not staffing.present:
        return ticket
    await agents.lock_desk(tx)
    chosen = await agents.pick_agent(
        tx,
        staffing.present,
        capacity=staffing.capacity,
        not_these={*not_these, *ticket.never_by_itself},
        rather=rather,
    )
    if chosen is None:
        return ticket
    return await move(tx, ticket, Move.ASSIGN, agent_id=chosen, actor_id=None)


async def give_back(
    tx: Tx,
    ticket: Ticket,
    staffing: Staffing,
    *,
    actor_id: UUID | None,
    reason: str | None,
    for_others: bool = False,
) -> Ticket:
    """Take a held ticket from its agent and give it to the least busy of the others; else it waits.

    `for_others`: it comes to that agent again only when they take it. Raises TicketClosed.
    """
    before = ticket.agent_id
    if ticket.chat_status is not ChatStatus.WAITING:
        ticket = await move(
            tx,
            ticket,
            Move.REQUEUE,
            agent_id=None,
            actor_id=actor_id,
            reason=reason,
            given_back_by=before if for_others else None,
        )
    return await give_to_least_busy(tx, ticket, staffing, not_these=[] if before is None else [before])


async def take(tx: Tx, actor: Actor, ticket_id: UUID, *, staffing: Staffing) -> Ticket:
    """Take a ticket that waits; one's own again changes nothing.

    Raises TicketNotFound, TicketTaken, TicketClosed, AgentBusy.
    """
    ticket = await tickets.lock_ticket_for_staff(tx, actor, ticket_id)
    if ticket.chat_status is ChatStatus.ACTIVE and ticket.agent_id == actor.id:
        return ticket
    return await _give(tx, ticket, Move.TAKE, staffing, to=actor.id, actor_id=actor.id)


async def transfer(
    tx: Tx, actor: Actor, ticket_id: UUID, *, to: UUID | None, reason: str | None, staffing: Staffing
) -> Ticket:
    """Give an open ticket to another agent who is there and not away; to None: back to the queue, for somebody else.

    Raises TicketNotFound, AgentNotFound, AgentAway, OwnTicket, TicketClosed, AgentBusy.
    """
    ticket = await tickets.lock_ticket_for_staff(tx, actor, ticket_id)
    if to is None:
        return await give_back(tx, ticket, staffing, actor_id=actor.id, reason=reason, for_others=True)
    if ticket.chat_status is ChatStatus.ACTIVE and ticket.agent_id == to:
        return ticket
    await agents.lock_desk(tx)  # so that they do not go away meanwhile
    if (await agents.get_load(tx, to)).is_away or to not in staffing.present:
        raise AgentAway
    return await _give(tx, ticket, Move.TRANSFER, staffing, to=to, actor_id=actor.id, reason=reason)


async def close(tx: Tx, actor: Actor, ticket_id: UUID, *, reason: str | None) -> Ticket:
    """End a conversation; its customer gets the transcript. Raises TicketNotFound, TicketClosed."""
    ticket = await tickets.lock_ticket_for_staff(tx, actor, ticket_id)
    handled_by = ticket.agent_id or actor.id
    closed = await move(tx, ticket, Move.CLOSE, agent_id=handled_by, actor_id=actor.id, reason=reason)
    if closed.closed_at is not None:
        tx.emit(TicketClosed(ticket_id=ticket.id, closed_at=closed.closed_at))
    return closed


async def reopen(tx: Tx, actor: Actor, ticket_id: UUID, *, reason: str | None, staffing: Staffing) -> Ticket:
    """Go on with a closed conversation, as its agent. Raises TicketNotFound, TicketOpen, AgentBusy."""
    ticket = await tickets.lock_ticket_for_staff(tx, actor, ticket_id)
    return await _give(tx, ticket, Move.REOPEN, staffing, to=actor.id, actor_id=actor.id, reason=reason)


async def _give(
    tx: Tx,
    ticket: Ticket,
    what: Move,
    staffing: Staffing,
    *,
    to: UUID,
    actor_id: UUID,
    reason: str | None = None,
) -> Ticket:
    if to == ticket.user_id:
        raise OwnTicket
    await agents.lock_desk(tx)
    moved = await move(tx, ticket, what, agent_id=to, actor_id=actor_id, reason=reason)
    if (await agents.get_load(tx, to)).active > staffing.capacity:
        raise AgentBusy  # which undoes the move
    return moved
