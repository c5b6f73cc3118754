"""A person's own sessions: seeing them, and ending one or all."""

from uuid import UUID

from faded_skies.domains.identity.errors import SessionNotFound
from faded_skies.domains.identity.models import EndReason, LiveSession
from faded_skies.domains.identity.queries import session_list as queries
from faded_skies.domains.identity.queries import sessions
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx


async def list_sessions(db: Database, actor: Actor) -> list[LiveSession]:
    """Return the person's sessions that live, newest first; at most a hundred."""
    return await queries.list_live(db, actor.id)


async def end_session(tx: Tx, actor: Actor, session_id: UUID) -> None:
    """End one of one's own sessions, this one too. Raises SessionNotFound."""
    if not await queries.end_own(tx, actor.id, session_id, EndReason.SIGNED_OUT):
        raise SessionNotFound
    tx.audit("session.signed_out", object_type="session", object_id=session_id, actor_id=actor.id)


async def end_all_sessions(tx: Tx, actor: Actor) -> None:
    """Sign out everywhere, here too."""
    ended = await sessions.end_sessions_of(tx, actor.id, EndReason.SIGNED_OUT)
    tx.audit(
        "session.signed_out_everywhere",
        object_type="user",
        object_id=actor.id,
        actor_id=actor.id,
        sessions_ended=ended,
    )
