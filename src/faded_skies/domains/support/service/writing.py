"""Writing: a new ticket, and messages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from faded_skies.domains.support.errors import TicketClosed, TicketOver
from faded_skies.domains.support.events import ChatMoved, MessageWritten
from faded_skies.domains.support.models import Message, Ticket
from faded_skies.domains.support.ports import Desk, Staffing
from faded_skies.domains.support.queries import messages, tickets
from faded_skies.domains.support.rules.moves import ChatStatus, Move, Party, may_resume
from faded_skies.domains.support.service.desk import give_to_least_busy
from faded_skies.domains.support.service.moving import move
from faded_skies.domains.support.service.pictures import attach
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.idempotency import Answer, Call, answer_once
from faded_skies.platform.ids import new_id


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What a customer wants: the first message, and what it is about."""

    subject: str
    category: str | None
    message: str
    order_id: UUID | None
    attachments: list[UUID]


async def open_ticket(tx: Tx, desk: Desk, actor: Actor, new: NewTicket, *, staffing: Staffing) -> Ticket:
    """Open a ticket and give it to the least busy agent who is there, else it waits.

    Raises Absent for an order that is not the person's own, Refused for pictures that are not.
    """
    if new.order_id is not None:
        await desk.check_own_order(tx, actor, new.order_id)
    ticket_id = new_id()
    await tickets.insert_ticket(
        tx,
        ticket_id,
        user_id=actor.id,
        order_id=new.order_id,
        subject=new.subject,
        category=new.category,
    )
    tx.audit(
        "support_ticket.opened",
        object_type="support_ticket",
        object_id=ticket_id,
        actor_id=actor.id,
    )
    tx.emit(ChatMoved(ticket_id=ticket_id))
    await _insert(tx, actor, ticket_id, Party.USER, text=new.message, attachments=new.attachments)
    return await give_to_least_busy(tx, await tickets.get_ticket(tx, ticket_id), staffing)


async def write(
    tx: Tx,
    desk: Desk,
    actor: Actor,
    ticket_id: UUID,
    *,
    text: str,
    attachments: list[UUID],
    staffing: Staffing,
    now: datetime,
) -> Message:
    """Write a message. A customer's opens a ticket again that was closed lately; its agent of then goes first.

    Raises TicketNotFound, TicketClosed, TicketOver, and Refused for pictures that are not the person's own.
    """
    ticket = await tickets.lock_ticket_for(tx, actor, ticket_id)
    party = ticket.party_of(actor.id)
    if ticket.chat_status is ChatStatus.ENDED and ticket.closed_at is not None:
        if party is Party.AGENT:
            raise TicketClosed
        if not may_resume(ticket.closed_at, now=now, within=desk.reopens_for):
            raise TicketOver
        before = ticket.agent_id
        waiting = await move(tx, ticket, Move.RESUME, agent_id=None, actor_id=actor.id)
        await give_to_least_busy(tx, waiting, staffing, rather=before)
    return await _insert(tx, actor, ticket_id, party, text=text, attachments=attachments)


async def write_once(
    desk: Desk,
    actor: Actor,
    ticket_id: UUID,
    *,
    text: str,
    attachments: list[UUID],
    key: str | None,
    present: Callable[[Message], object],
    now: datetime,
) -> Answer:
    """Write a message as HTTP and sockets do it: within the person's limit, and once for a key whichever way it comes.

    Raises RateLimited, and what `write` does.
    """
    await desk.messages.enter(str(actor.id))
    staffing = await desk.staffing()

    async def work(tx: Tx) -> Answer:
        message = await write(
            tx, desk, actor, ticket_id, text=text, attachments=attachments, staffing=staffing, now=now
        )
        return Answer(HTTPStatus.CREATED, {"message": present(message)})

    body = {"message": text, "attachments": [str(upload_id) for upload_id in attachments]}
    call = Call.of(actor.id, key, what=f"write into {ticket_id}", body=body)
    return await answer_once(desk.db, call, work)


async def _insert(
    tx: Tx, actor: Actor, ticket_id: UUID, party: Party, *, text: str, attachments: list[UUID]
) -> Message:
    message_id = new_id()
    written_at = await messages.insert_message(
        tx,
        message_id,
        ticket_id=ticket_id,
        sender_type=party,
        sender_id=actor.id,
        message=text,
        attachments=attachments,
    )
    await attach(tx, attachments, user_id=actor.id, message_id=message_id)
    await tickets.stamp_message(tx, ticket_id, written_at)
    tx.emit(MessageWritten(ticket_id=ticket_id, message_id=message_id))
    return await messages.get_message(tx, ticket_id, message_id)
