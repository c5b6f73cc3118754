"""Facts about conversations with support. None carries what was said: subscribers read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class ChatMoved(Event):
    """A ticket was opened, or its chat went to another state, another agent or another priority."""

    name: ClassVar[str] = "support.chat_moved"

    ticket_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessageWritten(Event):
    """Somebody wrote a message."""

    name: ClassVar[str] = "support.message_written"

    ticket_id: UUID
    message_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessagesRead(Event):
    """One side has read what the other (`sender_type`) wrote, up to and including one message, of the time `until`."""

    name: ClassVar[str] = "support.messages_read"
    open_texts: ClassVar[frozenset[str]] = frozenset({"sender_type"})

    ticket_id: UUID
    sender_type: str
    message_id: UUID
    until: datetime
    read_at: datetime


@dataclass(frozen=True, kw_only=True)
class TicketClosed(Event):
    """A conversation has ended; it may be reopened, and end once more."""

    name: ClassVar[str] = "support.ticket_closed"

    ticket_id: UUID
    closed_at: datetime
