"""The provider's accounts that a person signs in with: linking, listing, unlinking."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.identity.errors import (
    EmailUnconfirmed,
    IdentityNotFound,
    InvalidLinkToken,
    LastWayIn,
    PasswordSignInRequired,
)
from faded_skies.domains.identity.events import IdentityLinked, IdentityUnlinked
from faded_skies.domains.identity.models import Identity
from faded_skies.domains.identity.queries import federated, people
from faded_skies.domains.identity.queries import identities as queries
from faded_skies.domains.identity.service.people import lock_customer
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.opaque_tokens import digest


async def list_identities(source: Tx | Database, user_id: UUID) -> Sequence[Identity]:
    """Return what the person has linked, the oldest first."""
    return await queries.list_of(source, user_id)


async def link_identity(tx: Tx, actor: Actor, *, token: str) -> Identity:
    """Make the identity that waits under this token a way to sign in.

    The session must have been opened with the account's password after the provider named the identity, and the
    account's confirmed e-mail address must still be the identity's. Raises InvalidLinkToken,
    PasswordSignInRequired, EmailUnconfirmed or IdentityTaken; the token then stays good.
    """
    await lock_customer(tx, actor.id)
    waiting = await federated.take_linkable(tx, token_hash=digest(token), user_id=actor.id)
    if waiting is None:
        raise InvalidLinkToken
    if not await queries.came_by_password_since(tx, actor.session_id, waiting.since):
        raise PasswordSignInRequired
    user = await people.get_user(tx, actor.id)
    if user.email.lower() != waiting.email.lower():
        raise InvalidLinkToken
    if not user.email_verified:
        raise EmailUnconfirmed
    identity = await queries.insert(
        tx,
        new_id(),
        user_id=actor.id,
        provider=waiting.provider,
        subject=waiting.subject,
        email=waiting.email,
    )
    tx.audit(
        "identity.linked",
        object_type="identity",
        object_id=identity.id,
        actor_id=actor.id,
        provider=identity.provider,
    )
    tx.emit(IdentityLinked(identity_id=identity.id, user_id=actor.id, provider=identity.provider))
    return identity


async def unlink_identity(tx: Tx, actor: Actor, identity_id: UUID) -> None:
    """Take a way to sign in away. Raises IdentityNotFound, or LastWayIn when no other would be left."""
    # Locked, so that two at once do not each count on the other's.
    await lock_customer(tx, actor.id)
    identity = await queries.delete(tx, identity_id, user_id=actor.id)
    if identity is None:
        raise IdentityNotFound
    if not await queries.has_way_in(tx, actor.id):
        raise LastWayIn
    tx.audit(
        "identity.unlinked",
        object_type="identity",
        object_id=identity.id,
        actor_id=actor.id,
        provider=identity.provider,
    )
    tx.emit(IdentityUnlinked(identity_id=identity.id, user_id=actor.id, provider=identity.provider))
