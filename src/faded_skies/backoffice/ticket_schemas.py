"""What staff sends about tickets, and gets."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.orders.schemas import OrderShape
from faded_skies.domains.support.schemas import (
    ChatMessageShape,
    TicketShape,
    present_ticket,
)
from faded_skies.domains.support.service import Load, Note, Priority, Ticket
from faded_skies.platform.http.fields import Body, Id, Line, Shape

View = Literal["queue", "own", "all"]
Presence = Literal["present", "away"]
Reason = Annotated[Line, Field(max_length=500)]


class TransferTicket(
    Body, json_schema_extra={"examples": [{"agentId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}]}
):
    """Without an agent the ticket goes back to the queue, for somebody else."""

    agent_id: Id | None = None
    reason: Reason | None = None


class Prioritize(Body, json_schema_extra={"examples": [{"priority": "urgent"}]}):
    priority: Priority


class SetPresence(Body, json_schema_extra={"examples": [{"status": "away"}]}):
    status: Presence


class CloseTicket(Body, json_schema_extra={"examples": [{"reason": "A new jar is on its way."}]}):
    """The reason is for the audit log."""

    reason: Reason | None = None


class ReopenTicket(Body, json_schema_extra={"examples": [{"reason": "The jar did not come."}]}):
    """The reason is for the audit log."""

    reason: Reason | None = None


class WriteNote(Body, json_schema_extra={"examples": [{"note": "Called twice about the same jar."}]}):
    note: Annotated[Line, Field(max_length=4000)]


class StaffTicketShape(TicketShape):
    """A ticket as staff sees it."""

    user_id: UUID
    customer_name: str
    agent_id: UUID | None
    assigned_at: datetime | None
    closed_at: datetime | None
    last_message_at: datetime | None


class ListedTicketShape(StaffTicketShape):
    """`unread`: messages of the customer that nobody has read."""

    unread: int


class StaffTicketAnswer(Shape):
    ticket: StaffTicketShape


class StaffTicketsAnswer(Shape):
    tickets: list[ListedTicketShape]
    total: int
    has_more: bool


class NoteShape(Shape):
    """For staff only."""

    id: UUID
    ticket_id: UUID
    author_id: UUID
    author_name: str
    note: str
    created_at: datetime


class NoteAnswer(Shape):
    note: NoteShape


class WholeTicketAnswer(Shape):
    """A ticket with everything that staff needs beside it."""

    ticket: StaffTicketShape
    messages: list[ChatMessageShape]
    notes: list[NoteShape]
    order: OrderShape | None


class ColleagueShape(Shape):
    """An agent, and how many of so many chats they hold; who is `away` is given no more."""

    id: UUID
    name: str
    status: Presence
    active_chats: int
    capacity: int


class ColleagueAnswer(Shape):
    agent: ColleagueShape


class ColleaguesAnswer(Shape):
    agents: list[ColleagueShape]


def present_for_staff(ticket: Ticket) -> dict[str, object]:
    return {
        **present_ticket(ticket),
        "userId": ticket.user_id,
        "customerName": ticket.customer_name,
        "agentId": ticket.agent_id,
        "assignedAt": ticket.assigned_at,
        "closedAt": ticket.closed_at,
        "lastMessageAt": ticket.last_message_at,
    }


def present_note(note: Note) -> dict[str, object]:
    return {
        "id": note.id,
        "ticketId": note.ticket_id,
        "authorId": note.author_id,
        "authorName": note.author_name,
        "note": note.note,
        "createdAt": note.created_at,
    }


def present_colleague(load: Load, *, capacity: int) -> dict[str, object]:
    return {
        "id": load.id,
        "name": load.name,
        "status": "away" if load.is_away else "present",
        "activeChats": load.active,
        "capacity": capacity,
    }
