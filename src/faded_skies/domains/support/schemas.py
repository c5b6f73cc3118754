"""Conversations with support on the wire (contract §5, §7)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.support.models import Message, Ticket
from faded_skies.domains.support.rules.moves import ChatStatus, Party, Priority
from faded_skies.domains.support.service import State
from faded_skies.platform.http.fields import Body, Id, Line, Shape

MOST_ATTACHMENTS = 5
_AN_ID = "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("twice", "Name each picture once.")
    return ids


Words = Annotated[Line, Field(max_length=4000)]
Attachments = Annotated[list[Id], Field(max_length=MOST_ATTACHMENTS), AfterValidator(_each_once)]


class OpenTicket(
    Body,
    json_schema_extra={
        "examples": [
            {"subject": "A jar is missing", "category": "orders", "message": "Only one of two came."}
        ]
    },
):
    """`attachments` are ids from `POST /api/support/uploads`; `orderId` is an order of one's own."""

    subject: Annotated[Line, Field(max_length=255)]
    category: Annotated[Line, Field(max_length=100)] | None = None
    message: Words
    order_id: Id | None = None
    attachments: Attachments = Field(default_factory=list)


class WriteMessage(Body, json_schema_extra={"examples": [{"message": "Only one of two jars came."}]}):
    """`attachments` are ids from `POST /api/support/uploads`."""

    message: Words
    attachments: Attachments = Field(default_factory=list)


class ReadMessages(Body, json_schema_extra={"examples": [{"messageId": _AN_ID}]}):
    """The last message that was seen: it and those before it count as read."""

    message_id: Id


class JoinChat(Body):
    """`sinceMessageId` is the last message that the client has: the answer holds what came after it."""

    ticket_id: Id
    since_message_id: Id | None = None


class SendMessage(Body):
    """The same `idempotencyKey` and message again is answered with the first message, here and by HTTP."""

    ticket_id: Id
    message: Words
    attachments: Attachments = Field(default_factory=list)
    idempotency_key: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")] | None = (
        None
    )


class Typing(Body):
    ticket_id: Id


class MarkRead(Body):
    ticket_id: Id
    message_id: Id


class TicketShape(Shape):
    """A conversation, as its customer and everybody in it may know it."""

    id: UUID
    subject: str
    category: str | None
    priority: Priority
    status: str = Field(examples=["open"], description="open or closed.")
    chat_status: ChatStatus
    agent_name: str | None
    order_id: UUID | None
    created_at: datetime
    updated_at: datetime


class TicketAnswer(Shape):
    """A conversation as it stands."""

    ticket: TicketShape


class TicketsAnswer(Shape):
    tickets: list[TicketShape]
    total: int
    has_more: bool


class ChatMessageShape(Shape):
    """`senderType` is user or agent; `attachments` are ids for `GET /api/support/uploads/{id}`."""

    id: UUID
    ticket_id: UUID
    sender_type: Party
    sender_id: UUID
    sender_name: str
    message: str
    attachments: list[UUID]
    created_at: datetime
    read_at: datetime | None


class MessageAnswer(Shape):
    message: ChatMessageShape


class MessagesAnswer(Shape):
    messages: list[ChatMessageShape]


class ChatStateShape(Shape):
    """A conversation as it stands, and its messages since the one named; `hasMore`: ask again since the last."""

    ticket: TicketShape
    messages: list[ChatMessageShape]
    has_more: bool


class MessagesReadShape(Shape):
    """Everything that `senderType` wrote up to this message was read; the earliest `readAt` of a message counts."""

    ticket_id: UUID
    sender_type: Party
    message_id: UUID
    until: datetime
    read_at: datetime


class CustomerJoinedShape(Shape):
    """The customer has opened the conversation."""

    ticket_id: UUID
    user_id: UUID


class UserTypingShape(Shape):
    """Somebody else in the conversation is writing; of staff the first name."""

    ticket_id: UUID
    user_id: UUID
    user_name: str


class ReadAnswer(Shape):
    read: int = Field(description="How many messages were not read before.")


class UploadShape(Shape):
    id: UUID
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class UploadAnswer(Shape):
    upload: UploadShape


def present_ticket(ticket: Ticket) -> dict[str, object]:
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "category": ticket.category,
        "priority": ticket.priority,
        "status": "closed" if ticket.chat_status is ChatStatus.ENDED else "open",
        "chatStatus": ticket.chat_status,
        "agentName": ticket.agent_name,
        "orderId": ticket.order_id,
        "createdAt": ticket.created_at,
        "updatedAt": ticket.updated_at,
    }


def present_message(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "ticketId": message.ticket_id,
        "senderType": message.sender_type,
        "senderId": message.sender_id,
        "senderName": message.sender_name,
        "message": message.message,
        "attachments": message.attachments,
        "createdAt": message.created_at,
        "readAt": message.read_at,
    }


def present_state(state: State) -> dict[str, object]:
    return {
        "ticket": present_ticket(state.ticket),
        "messages": [present_message(message) for message in state.messages],
        "hasMore": state.has_more,
    }
