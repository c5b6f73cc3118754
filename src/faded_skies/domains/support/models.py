"""Typed rows of conversations with support."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from faded_skies.domains.support.rules.moves import ChatStatus, Party, Priority


@dataclass(frozen=True, slots=True)
class Ticket:
    """A conversation. Of the agent the first name, as everybody may know; of the customer the name, for staff.

    `given_back_by`: whose it was, while it waits for somebody else.
    `updated_at` is later with each change of the row, so the newest of two states is known.
    """

    id: UUID
    user_id: UUID
    customer_name: str
    order_id: UUID | None
    agent_id: UUID | None
    agent_name: str | None
    subject: str
    category: str | None
    priority: Priority
    chat_status: ChatStatus
    assigned_at: datetime | None
    given_back_by: UUID | None
    closed_at: datetime | None
    last_message_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def never_by_itself(self) -> set[UUID]:
        """Who is not given this ticket unasked: its customer, and whose it was."""
        return {self.user_id} if self.given_back_by is None else {self.user_id, self.given_back_by}

    def party_of(self, user_id: UUID) -> Party:
        """Return on which side a person stands in this conversation."""
        return Party.USER if user_id == self.user_id else Party.AGENT


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote. `read_at`: when the other side had it before its eyes. Times differ within a ticket."""

    id: UUID
    ticket_id: UUID
    sender_type: Party
    sender_id: UUID
    sender_name: str
    message: str
    attachments: list[UUID]
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote for staff. It is never shown to the customer."""

    id: UUID
    ticket_id: UUID
    author_id: UUID
    author_name: str
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """An agent, and how many open chats they hold; who is away keeps these and is given no more."""

    id: UUID
    name: str
    active: int
    is_away: bool


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets staff wants; what is None does not matter. `words` is a pattern of LIKE, in lower case."""

    agent_id: UUID | None = None
    chat_status: ChatStatus | None = None
    category: str | None = None
    priority: Priority | None = None
    user_id: UUID | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A ticket in the staff's list, and how many of the customer's messages nobody has read."""

    ticket: Ticket
    unread: int
