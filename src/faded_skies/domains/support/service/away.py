"""Agents who step away from the desk without signing out."""

from uuid import UUID

from faded_skies.domains.support.models import Load
from faded_skies.domains.support.queries import agents
from faded_skies.platform.db import Tx
from faded_skies.platform.presence import StaffArrived


async def set_away(tx: Tx, agent_id: UUID, *, away: bool) -> Load:
    """Give an agent no more tickets, or tickets again; those they have stay theirs. The same again changes nothing.

    The desk is held, so what is given to them comes wholly before it or not at all. Raises AgentNotFound.
    """
    await agents.lock_desk(tx)
    if await agents.set_away(tx, agent_id, away=away):
        tx.audit(
            "support_agent.away" if away else "support_agent.present",
            object_type="user",
            object_id=agent_id,
            actor_id=agent_id,
        )
        if not away:
            tx.emit(StaffArrived(user_id=agent_id))
    return await agents.get_load(tx, agent_id)
