"""Reading conversations, marking what was read, and the staff's notes."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.support.events import MessagesRead
from faded_skies.domains.support.models import Listed, Load, Message, Note, Ticket, TicketFilter
from faded_skies.domains.support.queries import agents, messages, tickets
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

MOST_CAUGHT_UP = 200
"""How many missed messages a joining client gets at once."""
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class State:
    """A conversation as a joining client finds it; `has_more` when it missed more messages than come at once."""

    ticket: Ticket
    messages: list[Message]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """A conversation as staff finds it: with what was said, and what staff noted, the oldest first."""

    ticket: Ticket
    messages: list[Message]
    notes: list[Note]


async def get_ticket_for(db: Database | Tx, actor: Actor, ticket_id: UUID) -> Ticket:
    """Return a ticket of the person's own, any to agents. Raises TicketNotFound for all others."""
    return await tickets.get_ticket_for(db, actor, ticket_id)


async def get_whole(db: Database, actor: Actor, ticket_id: UUID) -> Whole:
    """Return a customer's ticket to staff. Raises TicketNotFound for all others, and for one's own."""
    ticket = await tickets.get_ticket_for_staff(db, actor, ticket_id)
    return Whole(
        ticket, await messages.list_messages(db, ticket_id), await messages.list_notes(db, ticket_id)
    )


async def list_own(db: Database, user_id: UUID, *, limit: int, offset: int) -> tuple[list[Ticket], int]:
    """Return a person's tickets, the newest first, and how many there are."""
    return await tickets.list_own(db, user_id, limit=limit, offset=offset)


async def list_for_staff(
    db: Database, reader_id: UUID, wanted: TicketFilter, *, limit: int, offset: int
) -> tuple[list[Listed], int]:
    """Return tickets as staff sees them, none of the reader's own: those that wait the longest, or the last moved."""
    return await tickets.list_for_staff(db, reader_id, wanted, limit=limit, offset=offset)


async def list_loads(db: Database, present: Collection[UUID]) -> list[Load]:
    """Return the agents among those present, the least busy first and those away last."""
    return await agents.list_loads(db, present)


async def list_messages(db: Database, actor: Actor, ticket_id: UUID) -> list[Message]:
    """Return all messages of a ticket, the oldest first. Raises TicketNotFound."""
    await tickets.get_ticket_for(db, actor, ticket_id)
    return await messages.list_messages(db, ticket_id)


async def read_state(db: Database, actor: Actor, ticket_id: UUID, *, since: UUID | None) -> State:
    """Return a ticket with what came after the message `since`, or without it with its last messages.

    Raises TicketNotFound, and MessageNotFound when the ticket has no message `since`.
    """
    ticket = await tickets.get_ticket_for(db, actor, ticket_id)
    if since is None:
        return State(ticket, await messages.list_newest(db, ticket_id, limit=_NEWEST), has_more=False)
    await messages.get_message(db, ticket_id, since)
    missed = await messages.list_since(db, ticket_id, since, limit=MOST_CAUGHT_UP + 1)
    return State(ticket, missed[:MOST_CAUGHT_UP], has_more=len(missed) > MOST_CAUGHT_UP)


async def mark_read(tx: Tx, actor: Actor, ticket_id: UUID, *, until: UUID) -> int:
    """Note that the person has read the other side's messages up to one, and return how many were new to them.

    Raises TicketNotFound, MessageNotFound.
    """
    ticket = await tickets.lock_ticket_for(tx, actor, ticket_id)
    last = await messages.get_message(tx, ticket_id, until)
    written_by = ticket.party_of(actor.id).other
    count, read_at = await messages.mark_read(tx, ticket_id, written_by=written_by, until=last.created_at)
    if read_at is not None:
        tx.emit(
            MessagesRead(
                ticket_id=ticket_id,
                sender_type=written_by,
                message_id=last.id,
                until=last.created_at,
                read_at=read_at,
            )
        )
    return count


async def add_note(tx: Tx, actor: Actor, ticket_id: UUID, *, note: str) -> Note:
    """Note something for colleagues. Raises TicketNotFound."""
    ticket = await tickets.lock_ticket_for_staff(tx, actor, ticket_id)
    note_id = new_id()
    tx.audit(
        "support_ticket.noted",
        object_type="support_ticket",
        object_id=ticket.id,
        actor_id=actor.id,
        noteId=str(note_id),
    )
    return await messages.insert_note(tx, note_id, ticket_id=ticket.id, author_id=actor.id, note=note)
