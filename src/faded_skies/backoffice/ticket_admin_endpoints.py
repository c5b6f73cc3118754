"""HTTP for admins: all tickets, found, read, made urgent, and given to agents. Admins do not speak in them."""

from typing import Annotated

from fastapi import APIRouter, Query

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
    ColleaguesAnswer,
    NoteAnswer,
    Prioritize,
    StaffTicketAnswer,
    StaffTicketsAnswer,
    TransferTicket,
    WholeTicketAnswer,
    WriteNote,
)
from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Staffing
from faded_skies.domains.support.service import ChatStatus, Priority, Ticket, TicketFilter
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.idempotency import Call, KeyHeader
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset

router = APIRouter(prefix="/api/admin", tags=["staff"], dependencies=needs_token, responses=needs_role)


@router.get("/tickets", response_model=StaffTicketsAnswer)
async def list_tickets(
    actor: SignedIn,
    desk: Wired,
    search: Search = None,
    chat_status: Annotated[
        ChatStatus | None, Query(alias="chatStatus", description="Only in this state.")
    ] = None,
    category: Annotated[str | None, Query(max_length=100, description="Only of this category.")] = None,
    priority: Annotated[Priority | None, Query(description="Only of this priority.")] = None,
    user_id: Annotated[Id | None, Query(alias="userId", description="Only this customer's tickets.")] = None,
    agent_id: Annotated[Id | None, Query(alias="agentId", description="Only this agent's tickets.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Customers' tickets, open and last moved ones first, those that wait as agents have them; never one's own."""
    wanted = TicketFilter(
        agent_id=agent_id,
        chat_status=chat_status,
        category=category,
        priority=priority,
        user_id=user_id,
        words=like(search),
    )
    return await listed(desk, actor, wanted, limit=limit, offset=offset)


@router.get("/agents", response_model=ColleaguesAnswer)
async def list_agents(_: SignedIn, desk: Wired) -> Json:
    """The agents who are there, the least busy first and those away last."""
    return await who_is_there(desk)


@router.get("/tickets/{ticket_id}", response_model=WholeTicketAnswer)
async def get_ticket(ticket_id: Id, actor: SignedIn, desk: Wired) -> Json:
    """One ticket with its messages, the staff's notes, and its order; 404 for an admin's own, here and below."""
    return await whole(desk, actor, ticket_id)


@router.patch("/tickets/{ticket_id}", response_model=StaffTicketAnswer, responses=CONFLICT)
async def prioritize(ticket_id: Id, body: Prioritize, actor: SignedIn, desk: Wired) -> Json:
    """Give a ticket another place in the queue; 409 INVALID_STATE once it is closed."""
    return await prioritized(desk, actor, ticket_id, priority=body.priority)


@router.post("/tickets/{ticket_id}/assign", response_model=StaffTicketAnswer, responses=CONFLICT)
async def assign(
    ticket_id: Id, body: TransferTicket, actor: SignedIn, desk: Wired, key: KeyHeader = None
) -> Json:
    """Give a ticket to an agent who is there, whoever has it; without one, back to the queue, for somebody else."""

    async def work(tx: Tx, staffing: Staffing) -> Ticket:
        return await service.transfer(
            tx, actor, ticket_id, to=body.agent_id, reason=body.reason, staffing=staffing
        )

    call = Call.of(actor.id, key, what=f"assign ticket {ticket_id}", body=body.model_dump(mode="json"))
    return await moved(desk, call, work)


@router.post("/tickets/{ticket_id}/notes", status_code=201, response_model=NoteAnswer)
async def add_note(
    ticket_id: Id, body: WriteNote, actor: SignedIn, desk: Wired, key: KeyHeader = None
) -> Json:
    """Note something for the agents; the customer never sees it."""
    call = Call.of(actor.id, key, what=f"note on {ticket_id}", body=body.model_dump(mode="json"))
    return await noted(desk, call, actor, ticket_id, note=body.note)
