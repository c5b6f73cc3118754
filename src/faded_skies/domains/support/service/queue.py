"""The queue: giving out what waits, and taking back what absent agents have left behind.

Each ticket has a transaction of its own, and one that cannot be moved is logged and left for the next minute: it does
not hold up the others.
"""

from datetime import timedelta
from uuid import UUID

import structlog

from faded_skies.domains.support.models import Ticket
from faded_skies.domains.support.ports import Desk, Staffing
from faded_skies.domains.support.queries import agents, tickets
from faded_skies.domains.support.rules.moves import ChatStatus
from faded_skies.domains.support.service.desk import give_back, give_to_least_busy

log = structlog.get_logger()

GRACE = timedelta(minutes=2)
"""How long an agent may be missed before their chats go to others: a page is loaded anew, a train drives on."""


async def serve_queue(desk: Desk) -> int:
    """Give tickets that wait to agents who are there, while there is room; return how many.

    Raises RedisError when it cannot be told who is there.
    """
    staffing = await desk.staffing()
    given, passed_over = 0, list[UUID]()
    while staffing.present:
        waiting: Ticket | None = None
        try:
            async with desk.db.transaction() as tx:
                waiting = await tickets.lock_next_waiting(tx, passed_over=passed_over)
                if waiting is None:
                    break
                ticket = await give_to_least_busy(tx, waiting, staffing)
        except Exception as error:
            if waiting is None:
                raise
            _note_failure(waiting.id, error)
            passed_over.append(waiting.id)
            continue
        if ticket.chat_status is ChatStatus.ACTIVE:
            given += 1
        elif not staffing.present.isdisjoint(ticket.never_by_itself):
            passed_over.append(
                ticket.id
            )  # perhaps there is room, but with its own customer or who gave it back only
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
        try:
            moved += await _take_back(desk, ticket_id, staffing, missed=agent_id)
        except Exception as error:  # noqa: BLE001 - as the module says
            _note_failure(ticket_id, error)
    return moved


async def _take_back(desk: Desk, ticket_id: UUID, staffing: Staffing, *, missed: UUID) -> bool:
    async with desk.db.transaction() as tx:
        ticket = await tickets.find_and_lock_ticket(tx, ticket_id)
        if ticket is None or ticket.chat_status is not ChatStatus.ACTIVE or ticket.agent_id != missed:
            return False
        await give_back(tx, ticket, staffing, actor_id=None, reason="The agent is not there.")
    return True


def _note_failure(ticket_id: UUID, error: Exception) -> None:
    # The cause's type only: a database's message may quote the row, and the row may be a person.
    log.error("ticket_not_moved", ticket_id=str(ticket_id), cause=type(error).__name__)
