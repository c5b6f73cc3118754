"""How admins find people, and change their role or whether their account is active."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from faded_skies.domains.identity.errors import AccountIsClosed, LastActiveAdmin, NotOneself, PersonNotFound
from faded_skies.domains.identity.models import EndReason, PeopleFilter, Person
from faded_skies.domains.identity.queries import directory as queries
from faded_skies.domains.identity.queries import held, sessions
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import InsufficientPermissions


async def list_people(
    db: Database, wanted: PeopleFilter, *, limit: int, offset: int
) -> tuple[list[Person], int]:
    """Return a page of people, those who came last first, and how many there are."""
    return await queries.list_people(db, wanted, limit=limit, offset=offset)


async def get_person(source: Database | Tx, user_id: UUID) -> Person:
    """Return somebody as admins see them. Raises PersonNotFound."""
    person = await queries.find_person(source, user_id)
    if person is None:
        raise PersonNotFound
    return person


async def lock_person(tx: Tx, user_id: UUID) -> Person:
    """Hold somebody, and before them all admins, as `set_standing` does. Raises PersonNotFound."""
    return (await _lock_with_admins(tx, user_id))[1]


async def find_people(source: Database | Tx, user_ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Return those of the people who exist."""
    return await queries.find_people(source, user_ids)


async def set_standing(
    tx: Tx,
    actor: Actor,
    user_id: UUID,
    *,
    role: Role | None,
    account_status: Literal["active", "suspended"] | None,
    reason: str,
) -> Person:
    """Change somebody's role, or suspend and reactivate them; every session of theirs ends with the commit.

    Saying what is so already changes nothing. Raises PersonNotFound, NotOneself, AccountIsClosed, LastActiveAdmin,
    or InsufficientPermissions when the admin is none any more.
    """
    admins, person = await _lock_with_admins(tx, user_id)
    if user_id == actor.id:
        raise NotOneself
    if actor.id not in admins:  # dismissed while this waited
        raise InsufficientPermissions
    if person.account_status == "closed":
        raise AccountIsClosed
    new_role, new_status = role or person.role, account_status or person.account_status
    if (new_role, new_status) == (person.role, person.account_status):
        return person
    stays_admin = new_role is Role.ADMIN and new_status == "active"
    if admins == [user_id] and not stays_admin:
        raise LastActiveAdmin
    await queries.set_standing(tx, user_id, role=new_role, account_status=new_status)
    ended = await sessions.end_sessions_of(tx, user_id, EndReason.BY_STAFF)
    for field, before, after in (
        ("role", person.role.value, new_role.value),
        ("account_status", person.account_status, new_status),
    ):
        if before != after:
            tx.audit(
                f"user.{field}_changed",
                object_type="user",
                object_id=user_id,
                actor_id=actor.id,
                reason=reason,
                was=before,
                now=after,
                sessions_ended=ended,
            )
    return await get_person(tx, user_id)


async def _lock_with_admins(tx: Tx, user_id: UUID) -> tuple[list[UUID], Person]:
    # All admins in one order, before the person: two who dismiss each other wait.
    admins = await held.lock_admins(tx)
    person = await queries.lock_person(tx, user_id)
    if person is None:
        raise PersonNotFound
    return admins, person
