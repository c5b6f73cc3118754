"""HTTP of one's own tickets, and of the messages in them."""

from typing import Annotated

from fastapi import APIRouter, Request

from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk
from faded_skies.domains.support.schemas import (
    MessageAnswer,
    MessagesAnswer,
    OpenTicket,
    ReadAnswer,
    ReadMessages,
    TicketAnswer,
    TicketsAnswer,
    WriteMessage,
    present_message,
    present_ticket,
)
from faded_skies.domains.support.service import NewTicket
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page
from faded_skies.platform.ratelimit import Gate

MOST_TICKETS = 10
"""How many tickets a person may open in an hour."""

router = APIRouter(prefix="/api/support/tickets", tags=["support"], dependencies=needs_token)

Wired = Annotated[Desk, provided(Desk)]


@router.post(
    "",
    status_code=201,
    response_model=TicketAnswer,
    responses={404: {"model": ErrorShape, "description": "NOT_FOUND: no such order of one's own."}},
)
async def open_ticket(
    body: OpenTicket, request: Request, actor: SignedIn, desk: Wired, key: KeyHeader = None
) -> Json:
    """Write to support. The least busy agent who is there gets the ticket; else it waits in the queue."""
    await Gate(
        ports_of(request).valkey,
        "support-tickets",
        limit=MOST_TICKETS,
        window=3600,
        refusal="You opened several tickets within the hour. Write into one of them, or wait a little.",
    ).enter(str(actor.id))
    staffing = await desk.staffing()
    new = NewTicket(body.subject, body.category, body.message, body.order_id, body.attachments)

    async def work(tx: Tx) -> Answer:
        ticket = await service.open_ticket(tx, desk, actor, new, staffing=staffing)
        return Answer(201, {"ticket": present_ticket(ticket)})

    call = Call.of(actor.id, key, what="open ticket", body=body.model_dump(mode="json"))
    return await once(desk.db, call, work)


@router.get("", response_model=TicketsAnswer)
async def list_tickets(actor: SignedIn, db: Db, limit: Limit = DEFAULT_ROWS, offset: Offset = 0) -> Json:
    """One's own tickets, the newest first."""
    found, total = await service.list_own(db, actor.id, limit=limit, offset=offset)
    return Json(page("tickets", [present_ticket(ticket) for ticket in found], total=total, offset=offset))


@router.get("/{ticket_id}/messages", response_model=MessagesAnswer)
async def list_messages(ticket_id: Id, actor: SignedIn, db: Db) -> Json:
    """All messages of a ticket, the oldest first: of one's own, of any for agents; others read as absent."""
    found = await service.list_messages(db, actor, ticket_id)
    return Json({"messages": [present_message(message) for message in found]})


@router.post(
    "/{ticket_id}/messages",
    status_code=201,
    response_model=MessageAnswer,
    responses={409: {"model": ErrorShape, "description": "INVALID_STATE: closed."}},
)
async def write_message(
    ticket_id: Id, body: WriteMessage, actor: SignedIn, desk: Wired, key: KeyHeader = None
) -> Json:
    """Write into a ticket. A customer's message opens one again that was closed lately.

    409 INVALID_STATE for an agent when it is closed, for its customer when that was long ago.
    """
    answer = await service.write_once(
        desk,
        actor,
        ticket_id,
        text=body.message,
        attachments=body.attachments,
        key=key,
        present=present_message,
        now=clock.now(),
    )
    return answer.response()


@router.post("/{ticket_id}/read", response_model=ReadAnswer)
async def mark_read(ticket_id: Id, body: ReadMessages, actor: SignedIn, db: Db) -> Json:
    """Tell that one has read the other side's messages up to this one; the chat hears `messages-read`."""
    async with db.transaction() as tx:
        count = await service.mark_read(tx, actor, ticket_id, until=body.message_id)
    return Json({"read": count})
