"""How people become staff: by an admin's invitation, or the first of them from the command line.

Nobody's account changes its role by a link: an invitation makes a new account, or none.
"""

from datetime import timedelta
from uuid import UUID

from faded_skies.domains.identity import rules
from faded_skies.domains.identity.errors import InvalidInvitation, InvitationNotFound, StaffEmailTaken
from faded_skies.domains.identity.events import InvitationMade
from faded_skies.domains.identity.models import FirstFactor, Grant, Invitation, InvitationMail
from faded_skies.domains.identity.queries import invitations as queries
from faded_skies.domains.identity.queries import people
from faded_skies.domains.identity.service.people import create_person
from faded_skies.domains.identity.service.sessions import open_session
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.ids import new_id
from faded_skies.platform.opaque_tokens import digest, new_token

LIFETIME = timedelta(days=7)


async def invite(tx: Tx, actor: Actor, *, email: str, role: Role, full_name: str | None) -> Invitation:
    """Invite somebody to the staff; an earlier invitation of the address ends. Raises StaffEmailTaken."""
    await queries.lock_address(tx, email)
    if await people.is_taken(tx, email):
        raise StaffEmailTaken
    await queries.revoke_for(tx, email)
    invitation = await queries.insert_invitation(
        tx,
        new_id(),
        email=email,
        role=role,
        full_name=full_name,
        invited_by=actor.id,
        expires_at=clock.now() + LIFETIME,
    )
    tx.audit(
        "invitation.made", object_type="invitation", object_id=invitation.id, actor_id=actor.id, role=role
    )
    tx.emit(InvitationMade(invitation_id=invitation.id))
    return invitation


async def list_invitations(db: Database, *, limit: int, offset: int) -> tuple[list[Invitation], int]:
    """Return a page of the invitations, newest first, and how many there are."""
    return await queries.list_invitations(db, limit=limit, offset=offset)


async def revoke_invitation(tx: Tx, actor: Actor, invitation_id: UUID) -> None:
    """End an invitation before it is accepted. Raises InvitationNotFound."""
    if not await queries.revoke(tx, invitation_id):
        raise InvitationNotFound
    tx.audit("invitation.revoked", object_type="invitation", object_id=invitation_id, actor_id=actor.id)


async def issue_invitation_token(tx: Tx, invitation_id: UUID) -> InvitationMail | None:
    """Make the token for the mail that is being written; None when it was made before or is not wanted any more."""
    token = new_token()
    waiting = await queries.put_token(tx, invitation_id, digest(token))
    if waiting is None:
        return None
    return InvitationMail(token, waiting.email, waiting.full_name or "", waiting.role)


async def accept_invitation(
    tx: Tx, *, token: str, full_name: str, phone: str | None, password_hash: str, session_lifetime: timedelta
) -> Grant:
    """Make the account of somebody invited and let them in; whoever has the mailed link has proved the address.

    Raises InvalidInvitation, or EmailTaken when the address has got an account since.
    """
    invitation = await queries.lock_by_token(tx, digest(token))
    if invitation is None:
        raise InvalidInvitation
    user_id = new_id()
    await create_person(
        tx,
        user_id=user_id,
        email=invitation.email,
        password_hash=password_hash,
        full_name=full_name,
        phone=phone,
        date_of_birth=None,
        role=invitation.role,
        id_verified=False,
        email_verified=True,
    )
    await queries.accept(tx, invitation.id, user_id)
    tx.audit("invitation.accepted", object_type="invitation", object_id=invitation.id, actor_id=user_id)
    return await open_session(
        tx,
        user_id,
        by=FirstFactor.PASSWORD,
        second_factor_checked=False,
        session_lifetime=session_lifetime,
    )


def check_admin(*, email: str, full_name: str, password: str) -> None:
    """Check what the command line was given, by the rules of the wire. Raises Refused naming the field."""
    for field, sentence in (
        ("email", rules.email_problem(email)),
        ("name", rules.name_problem(full_name)),
        ("password", rules.password_problem(password)),
    ):
        if sentence is not None:
            raise Refused(field, sentence)


async def create_admin(tx: Tx, *, email: str, full_name: str, password_hash: str) -> UUID:
    """Make an admin for whoever runs the shop; the address waits to be confirmed. Raises EmailTaken."""
    user_id = new_id()
    await create_person(
        tx,
        user_id=user_id,
        email=email,
        password_hash=password_hash,
        full_name=full_name,
        phone=None,
        date_of_birth=None,
        role=Role.ADMIN,
        id_verified=False,
        email_verified=False,
    )
    return user_id
