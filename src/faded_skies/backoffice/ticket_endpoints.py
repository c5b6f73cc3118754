"""HTTP for agents: the queue, their tickets, and the order beside a ticket (contract §6).

Whoever calls one of these counts as there for a while, and so gets tickets.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from faded_skies.backoffice.ticket_schemas import (
    CloseTicket,
    ColleaguesAnswer,
    NoteAnswer,
    ReopenTicket,
    StaffTicketAnswer,
    StaffTicketsAnswer,
    TransferTicket,
    View,
    WholeTicketAnswer,
    WriteNote,
    present_colleague,
    present_for_staff,
    present_note,
)
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import present_order
from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk, Staffing
from faded_skies.domains.support.schemas import present_message
from faded_skies.domains.support.service import ChatStatus, Priority, Ticket
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

Wired = Annotated[Desk, provided(Desk)]


async def _at_work(actor: SignedIn, desk: Wired) -> Actor:
    """Return the agent who calls, counted as there from now on; nobody counts who may not call."""
    await desk.presence.touch(actor.id)
    return actor


Agent = Annotated[Actor, Depends(_at_work)]

router = APIRouter(prefix="/api/agent", tags=["staff"], dependencies=needs_token, responses=needs_role)

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorShape, "description": "INVALID_STATE: taken, closed, not closed, or no room."}
}


@router.get("/tickets", response_model=StaffTicketsAnswer)
async def list_tickets(
    actor: Agent,
    desk: Wired,
    view: Annotated[
        View, Query(description="queue: those that wait; own: one's open ones; all: everybody's.")
    ] = "queue",
    chat_status: Annotated[
        ChatStatus | None, Query(alias="chatStatus", description="Of own and all, those in this state.")
    ] = None,
    category: Annotated[str | None, Query(max_length=100, description="Only of this category.")] = None,
    priority: Annotated[Priority | None, Query(description="Only of this priority.")] = None,
    user_id: Annotated[Id | None, Query(alias="userId", description="Only this customer's tickets.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Customers' tickets: in the queue the most urgent and longest waiting first, else open and last moved ones."""
    wanted = {"queue": ChatStatus.WAITING, "own": chat_status or ChatStatus.ACTIVE, "all": chat_status}
    found, total = await service.list_for_staff(
        desk.db,
        actor.id,
        agent_id=actor.id if view == "own" else None,
        chat_status=wanted[view],
        category=category,
        priority=priority,
        user_id=user_id,
        limit=limit,
        offset=offset,
    )
    return Json(
        page(
            "tickets",
            [{**present_for_staff(one.ticket), "unread": one.unread} for one in found],
            total=total,
            offset=offset,
        )
    )


@router.get("/colleagues", response_model=ColleaguesAnswer)
async def list_colleagues(_: Agent, desk: Wired) -> Json:
    """The agents who are there, the least busy first: to whom a ticket can be transferred."""
    staffing = await desk.staffing()
    found = await service.list_loads(desk.db, staffing.present)
    return Json({"agents": [present_colleague(one, capacity=staffing.capacity) for one in found]})


@router.get("/tickets/{ticket_id}", response_model=WholeTicketAnswer)
async def get_ticket(ticket_id: Id, actor: Agent, desk: Wired) -> Json:
    """One ticket with its messages, the staff's notes, and its order; 404 for an agent's own, here and below."""
    db = desk.db
    ticket = await service.get_ticket_for_staff(db, actor, ticket_id)
    told = None
    if ticket.order_id is not None:
        order = await orders.get_order_for(db, actor, ticket.order_id)
        items = await orders.list_items(db, [order.id])
        told = present_order(order, items[order.id], now=clock.now())
    messages = await service.list_messages(db, actor, ticket_id)
    notes = await service.list_notes(db, ticket_id)
    return Json(
        {
            "ticket": present_for_staff(ticket),
            "messages": [present_message(message) for message in messages],
            "notes": [present_note(note) for note in notes],
            "order": told,
        }
    )


@router.post("/tickets/{ticket_id}/take", response_model=StaffTicketAnswer, responses=_CONFLICT)
async def take(ticket_id: Id, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """Take a ticket that waits; one that is one's own already stays so."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.take(tx, actor, ticket_id, staffing=staffing)

    return await _moved(desk, Call.of(actor.id, key, what=f"take ticket {ticket_id}"), work)


@router.post("/tickets/{ticket_id}/transfer", response_model=StaffTicketAnswer, responses=_CONFLICT)
async def transfer(
    ticket_id: Id, body: TransferTicket, actor: Agent, desk: Wired, key: KeyHeader = None
) -> Json:
    """Give a ticket to an agent who is there, also somebody else's; without one, back to the queue."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.transfer(
            tx, actor, ticket_id, to=body.agent_id, reason=body.reason, staffing=staffing
        )

    call = Call.of(actor.id, key, what=f"transfer ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await _moved(desk, call, work)


@router.post("/tickets/{ticket_id}/close", response_model=StaffTicketAnswer, responses=_CONFLICT)
async def close(ticket_id: Id, body: CloseTicket, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """End a conversation; its customer gets the transcript by mail."""

    async def work(tx: Tx, _: Staffing) -> Ticket:
        return await service.close(tx, actor, ticket_id, reason=body.reason)

    call = Call.of(actor.id, key, what=f"close ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await _moved(desk, call, work)


@router.post("/tickets/{ticket_id}/reopen", response_model=StaffTicketAnswer, responses=_CONFLICT)
async def reopen(ticket_id: Id, body: ReopenTicket, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """Go on with a closed conversation, as its agent."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.reopen(tx, actor, ticket_id, reason=body.reason, staffing=staffing)

    call = Call.of(actor.id, key, what=f"reopen ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await _moved(desk, call, work)


@router.post("/tickets/{ticket_id}/notes", status_code=201, response_model=NoteAnswer)
async def add_note(ticket_id: Id, body: WriteNote, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """Note something for colleagues; the customer never sees it."""

    async def work(tx: Tx) -> Answer:
        note = await service.add_note(tx, actor, ticket_id, note=body.note)
        return Answer(201, {"note": present_note(note)})

    call = Call.of(actor.id, key, what=f"note on {ticket_id}", body=body.model_dump(mode="json"))
    return await once(desk.db, call, work)


async def _moved(desk: Desk, call: Call | None, move: Callable[[Tx, Staffing], Awaitable[Ticket]]) -> Json:
    staffing = await desk.staffing()

    async def work(tx: Tx) -> Answer:
        return Answer(200, {"ticket": present_for_staff(await move(tx, staffing))})

    return await once(desk.db, call, work)
