"""HTTP for agents: the queue, their tickets, and the order beside a ticket (contract §6).

Whoever calls one of these counts as there for a while, and so gets tickets.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from faded_skies.backoffice.searching import Search, like
from faded_skies.backoffice.ticket_answers import (
    CONFLICT,
    Wired,
    listed,
    moved,
    noted,
    prioritized,
    who_is_there,
    whole,
)
from faded_skies.backoffice.ticket_schemas import (
    CloseTicket,
    ColleagueAnswer,
    ColleaguesAnswer,
    NoteAnswer,
    Prioritize,
    ReopenTicket,
    SetPresence,
    StaffTicketAnswer,
    StaffTicketsAnswer,
    TransferTicket,
    View,
    WholeTicketAnswer,
    WriteNote,
    present_colleague,
)
from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Staffing
from faded_skies.domains.support.service import ChatStatus, Priority, Ticket, TicketFilter
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.idempotency import Call, KeyHeader
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset


async def _at_work(actor: SignedIn, desk: Wired) -> Actor:
    """Return the agent who calls, counted as there from now on; nobody counts who may not call."""
    await desk.presence.touch(actor.id)
    return actor


Agent = Annotated[Actor, Depends(_at_work)]

router = APIRouter(prefix="/api/agent", tags=["staff"], dependencies=needs_token, responses=needs_role)


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
    search: Search = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Customers' tickets: in the queue the most urgent and longest waiting first, else open and last moved ones."""
    wanted = {"queue": ChatStatus.WAITING, "own": chat_status or ChatStatus.ACTIVE, "all": chat_status}
    return await listed(
        desk,
        actor,
        TicketFilter(
            agent_id=actor.id if view == "own" else None,
            chat_status=wanted[view],
            category=category,
            priority=priority,
            user_id=user_id,
            words=like(search),
        ),
        limit=limit,
        offset=offset,
    )


@router.get("/colleagues", response_model=ColleaguesAnswer)
async def list_colleagues(_: Agent, desk: Wired) -> Json:
    """The agents who are there, oneself too, the least busy first; a ticket can be transferred to who is present."""
    return await who_is_there(desk)


@router.put("/presence", response_model=ColleagueAnswer)
async def set_presence(body: SetPresence, actor: Agent, desk: Wired) -> Json:
    """Be given no more tickets and keep those one has, or be given tickets again; the same again changes nothing."""
    async with desk.db.transaction() as tx:
        load = await service.set_away(tx, actor.id, away=body.status == "away")
    return Json({"agent": present_colleague(load, capacity=desk.capacity)})


@router.get("/tickets/{ticket_id}", response_model=WholeTicketAnswer)
async def get_ticket(ticket_id: Id, actor: Agent, desk: Wired) -> Json:
    """One ticket with its messages, the staff's notes, and its order; 404 for an agent's own, here and below."""
    return await whole(desk, actor, ticket_id)


@router.patch("/tickets/{ticket_id}", response_model=StaffTicketAnswer, responses=CONFLICT)
async def prioritize(ticket_id: Id, body: Prioritize, actor: Agent, desk: Wired) -> Json:
    """Give a ticket another place in the queue; 409 INVALID_STATE once it is closed."""
    return await prioritized(desk, actor, ticket_id, priority=body.priority)


@router.post("/tickets/{ticket_id}/take", response_model=StaffTicketAnswer, responses=CONFLICT)
async def take(ticket_id: Id, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """Take a ticket that waits; one that is one's own already stays so."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.take(tx, actor, ticket_id, staffing=staffing)

    return await moved(desk, Call.of(actor.id, key, what=f"take ticket {ticket_id}"), work)


@router.post("/tickets/{ticket_id}/transfer", response_model=StaffTicketAnswer, responses=CONFLICT)
async def transfer(
    ticket_id: Id, body: TransferTicket, actor: Agent, desk: Wired, key: KeyHeader = None
) -> Json:
    """Give a ticket to an agent who is there, also somebody else's; without one, back to the queue."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.transfer(
            tx, actor, ticket_id, to=body.agent_id, reason=body.reason, staffing=staffing
        )

    call = Call.of(actor.id, key, what=f"transfer ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await moved(desk, call, work)


@router.post("/tickets/{ticket_id}/close", response_model=StaffTicketAnswer, responses=CONFLICT)
async def close(ticket_id: Id, body: CloseTicket, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """End a conversation; its customer gets the transcript by mail."""

    async def work(tx: Tx, _: Staffing) -> Ticket:
        return await service.close(tx, actor, ticket_id, reason=body.reason)

    call = Call.of(actor.id, key, what=f"close ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await moved(desk, call, work)


@router.post("/tickets/{ticket_id}/reopen", response_model=StaffTicketAnswer, responses=CONFLICT)
async def reopen(ticket_id: Id, body: ReopenTicket, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """Go on with a closed conversation, as its agent."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.reopen(tx, actor, ticket_id, reason=body.reason, staffing=staffing)

    call = Call.of(actor.id, key, what=f"reopen ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await moved(desk, call, work)


@router.post("/tickets/{ticket_id}/notes", status_code=201, response_model=NoteAnswer)
async def add_note(ticket_id: Id, body: WriteNote, actor: Agent, desk: Wired, key: KeyHeader = None) -> Json:
    """Note something for colleagues; the customer never sees it."""
    call = Call.of(actor.id, key, what=f"note on {ticket_id}", body=body.model_dump(mode="json"))
    return await noted(desk, call, actor, ticket_id, note=body.note)
