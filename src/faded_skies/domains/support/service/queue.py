"""The queue: giving out what waits, and taking back what absent agents have left behind."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from faded_skies.domains.support.models import Ticket
from faded_skies.domains.support.ports import Desk, Staffing
from faded_skies.domains.support.queries import agents, tickets
from faded_skies.domains.support.rules.moves import ChatStatus, Move
from faded_skies.domains.support.service.desk import give_to_least_busy
from faded_skies.domains.support.service.moving import move
from faded_skies.platform.db import Tx

GRACE = timedelta(minutes=2)
"""How long an agent may be missed before their chats go to others: a page is loaded anew, a train drives on."""


async def serve_queue(desk: Desk) -> int:
    """Give tickets that wait to agents who are there, while there is room; return how many.

    Each in a transaction of its own. Raises RedisError when it cannot be told who is there.
    """
    staffing = await desk.staffing()
    given, passed_over = 0, list[UUID]()
    while staffing.present:
        async with desk.db.transaction() as tx:
            ticket = await tickets.lock_next_waiting(tx, passed_over=passed_over)
            if ticket is None:
                break
            ticket = await give_to_least_busy(tx, ticket, staffing)
        if ticket.chat_status is ChatStatus.ACTIVE:
            given += 1
        elif ticket.user_id in staffing.present:
            passed_over.append(ticket.id)  # perhaps there is room, but with its own customer only
        else:
            break
    return given


async def hand_over(desk: Desk, *, grace: timedelta = GRACE) -> int:
    """Give open chats of agents who are missed for long to others, or back to the queue; return how many.

    Who is missed is noted in the database: a Valkey that has forgotten everything makes nobody absent for long, as
    each server tells of its connections four times a minute.
    """
    staffing = await desk.staffing()
    async with desk.db.transaction() as tx:
        await agents.note_absences(tx, staffing.present)
    moved = 0
    for ticket_id, agent_id in await agents.list_left_behind(desk.db, missed_for=grace.total_seconds()):
        async with desk.db.transaction() as tx:
            ticket = await tickets.lock_ticket(tx, ticket_id)
            if ticket.chat_status is not ChatStatus.ACTIVE or ticket.agent_id != agent_id:
                continue
            await _requeue(tx, ticket, staffing, not_these=[agent_id])
            moved += 1
    return moved


async def _requeue(tx: Tx, ticket: Ticket, staffing: Staffing, *, not_these: Collection[UUID]) -> None:
    waiting = await move(
        tx, ticket, Move.REQUEUE, agent_id=None, actor_id=None, reason="The agent is not there."
    )
    await give_to_least_busy(tx, waiting, staffing, not_these=not_these)
