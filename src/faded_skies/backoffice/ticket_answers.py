"""Answers about tickets that agents and admins get alike."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from faded_skies.backoffice.ticket_schemas import (
    present_colleague,
    present_for_staff,
    present_note,
)
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.schemas import present_order
from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk, Staffing
from faded_skies.domains.support.schemas import present_message
from faded_skies.domains.support.service import Priority, Ticket, TicketFilter
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.provide import provided
from faded_skies.platform.idempotency import Answer, Call, once
from faded_skies.platform.paging import page

Wired = Annotated[Desk, provided(Desk)]

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorShape, "description": "INVALID_STATE: taken, closed, not closed, away, or no room."}
}


async def listed(desk: Desk, actor: Actor, wanted: TicketFilter, *, limit: int, offset: int) -> Json:
    found, total = await service.list_for_staff(desk.db, actor.id, wanted, limit=limit, offset=offset)
    rows = [{**present_for_staff(one.ticket), "unread": one.unread} for one in found]
    return Json(page("tickets", rows, total=total, offset=offset))


async def whole(desk: Desk, actor: Actor, ticket_id: UUID) -> Json:
    """Answer a ticket with its messages, the staff's notes, and the order that it is about."""
    db = desk.db
    found = await service.get_whole(db, actor, ticket_id)
    told = None
    if found.ticket.order_id is not None:
        order = await orders.get_order_for(db, actor, found.ticket.order_id)
        items = await orders.list_items(db, [order.id])
        told = present_order(order, items[order.id], now=clock.now())
    return Json(
        {
            "ticket": present_for_staff(found.ticket),
            "messages": [present_message(message) for message in found.messages],
            "notes": [present_note(note) for note in found.notes],
            "order": told,
        }
    )


async def moved(desk: Desk, call: Call | None, move: Callable[[Tx, Staffing], Awaitable[Ticket]]) -> Json:
    """Do something with a ticket once for a key, knowing which agents are there, and answer it as it is then."""
    staffing = await desk.staffing()

    async def work(tx: Tx) -> Answer:
        return Answer(200, {"ticket": present_for_staff(await move(tx, staffing))})

    return await once(desk.db, call, work)


async def noted(desk: Desk, call: Call | None, actor: Actor, ticket_id: UUID, *, note: str) -> Json:
    async def work(tx: Tx) -> Answer:
        return Answer(201, {"note": present_note(await service.add_note(tx, actor, ticket_id, note=note))})

    return await once(desk.db, call, work)


async def prioritized(desk: Desk, actor: Actor, ticket_id: UUID, *, priority: Priority) -> Json:
    async with desk.db.transaction() as tx:
        ticket = await service.set_priority(tx, actor, ticket_id, priority=priority)
    return Json({"ticket": present_for_staff(ticket)})


async def who_is_there(desk: Desk) -> Json:
    staffing = await desk.staffing()
    found = await service.list_loads(desk.db, staffing.present)
    return Json({"agents": [present_colleague(one, capacity=staffing.capacity) for one in found]})
