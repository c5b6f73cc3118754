"""Passkeys (WebAuthn Level 3): adding, listing and removing one's own, and signing in with one.

A challenge is good once, for five minutes, for one purpose and one person, and its first answer uses it up. So
refusals of answers are returned, to be raised after the commit. Whoever changes or uses a passkey holds the
person's row, so they take turns.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from faded_skies.domains.identity.errors import (
    AccountSuspended,
    FreshSignInRequired,
    InvalidPasskey,
    PasskeyNotFound,
    TooManyPasskeys,
    WrongPasskey,
)
from faded_skies.domains.identity.events import PasskeyChange, PasskeyChanged
from faded_skies.domains.identity.models import FirstFactor, Grant, Passkey, PasskeyKey
from faded_skies.domains.identity.ports import (
    CreatedCredential,
    PasskeyAssertion,
    PasskeyCeremonies,
    PasskeyRefused,
    PasskeyUse,
    PasskeyUser,
)
from faded_skies.domains.identity.queries import mfa, people, sessions
from faded_skies.domains.identity.queries import passkeys as queries
from faded_skies.domains.identity.service.mfa import FRESH
from faded_skies.domains.identity.service.sessions import admit
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, InvalidToken
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

CHALLENGE_LIFETIME = timedelta(minutes=5)
MOST = 10
_CHALLENGE_BYTES = 32


async def list_passkeys(source: Tx | Database, user_id: UUID) -> Sequence[Passkey]:
    """Return the person's passkeys, the oldest first."""
    return await queries.list_of(source, user_id)


async def begin_passkey(
    tx: Tx, actor: Actor, ceremonies: PasskeyCeremonies, *, password_given: bool
) -> Mapping[str, object]:
    """Return what the browser needs to make a passkey for this person.

    They have only just signed in, or have given their password again; the password alone is not enough for who
    has a second factor, because a passkey counts as both. Raises FreshSignInRequired or TooManyPasskeys.
    """
    await _lock(tx, actor)
    proved = password_given and not await mfa.has_second_factor(tx, actor.id)
    if not proved and not await mfa.is_fresh(tx, actor.session_id, FRESH):
        raise FreshSignInRequired
    known = await queries.list_credential_ids(tx, actor.id)
    if len(known) >= MOST:
        raise TooManyPasskeys
    user = await people.get_user(tx, actor.id)
    return ceremonies.creation_options(
        challenge=await _new_challenge(tx, user_id=actor.id),
        user=PasskeyUser(handle=_handle(actor.id), name=user.email, full_name=user.full_name),
        known=known,
        timeout=CHALLENGE_LIFETIME,
    )


async def add_passkey(
    tx: Tx, actor: Actor, ceremonies: PasskeyCeremonies, *, name: str, credential: CreatedCredential
) -> Passkey | WrongPasskey:
    """Keep a passkey that the browser has made, and tell the person by mail. Raises TooManyPasskeys."""
    await _lock(tx, actor)
    if len(await queries.list_credential_ids(tx, actor.id)) >= MOST:
        raise TooManyPasskeys
    passkey = None
    try:
        challenge = ceremonies.challenge_of(credential.client_data)
        if await queries.take_challenge(tx, challenge, user_id=actor.id):
            new = ceremonies.check_new(credential, challenge=challenge)
            passkey = await queries.insert(tx, new_id(), user_id=actor.id, name=name, new=new)
    except PasskeyRefused:
        pass
    if passkey is None:
        tx.audit("passkey.refused", object_type="user", object_id=actor.id, actor_id=actor.id)
        return WrongPasskey()
    _note(tx, actor, passkey.id, PasskeyChange.ADDED)
    return passkey


async def remove_passkey(tx: Tx, actor: Actor, passkey_id: UUID) -> None:
    """Let nobody sign in with it any more, and tell the person by mail. Raises PasskeyNotFound.

    It is never the last way in: nobody begins with a passkey, and the other ways in are kept without counting on one.
    """
    await _lock(tx, actor)
    if not await queries.delete(tx, passkey_id, user_id=actor.id):
        raise PasskeyNotFound
    _note(tx, actor, passkey_id, PasskeyChange.REMOVED)


async def begin_passkey_sign_in(tx: Tx, ceremonies: PasskeyCeremonies) -> Mapping[str, object]:
    """Return what a browser needs to sign somebody in. It names nobody: the authenticator knows its people."""
    challenge = await _new_challenge(tx, user_id=None)
    return ceremonies.request_options(challenge=challenge, timeout=CHALLENGE_LIFETIME)


async def sign_in_with_passkey(
    tx: Tx, ceremonies: PasskeyCeremonies, assertion: PasskeyAssertion, *, session_lifetime: timedelta
) -> Grant | InvalidPasskey | AccountSuspended:
    """Let in who has signed a challenge with a passkey; it counts as both factors.

    A refusal is returned, to be raised after the commit: the challenge is used up, and its audit entry must stay.
    """
    owner = await queries.find_owner(tx, assertion.credential_id)
    # Locked before the key is read: what counts is the key, and its counter, when the others are done.
    active = owner is not None and await sessions.lock_active(tx, owner)
    key = await queries.find_key(tx, assertion.credential_id)
    use = await _judge(tx, ceremonies, assertion, key)
    if key is None or use is None:
        tx.audit("sign_in.failed", object_type="user", object_id=owner, actor_id=None, by=FirstFactor.PASSKEY)
        return InvalidPasskey()
    if not active:
        tx.audit(
            "sign_in.suspended",
            object_type="user",
            object_id=key.user_id,
            actor_id=key.user_id,
            by=FirstFactor.PASSKEY,
        )
        return AccountSuspended()
    await queries.stamp_use(tx, key.id, use)
    grant = await admit(tx, key.user_id, by=FirstFactor.PASSKEY, session_lifetime=session_lifetime)
    return cast("Grant", grant)  # no challenge: a passkey is both factors


async def _judge(
    tx: Tx, ceremonies: PasskeyCeremonies, assertion: PasskeyAssertion, key: PasskeyKey | None
) -> PasskeyUse | None:
    """Use up the challenge, and return what the authenticator signed; None when something does not hold."""
    try:
        challenge = ceremonies.challenge_of(assertion.client_data)
        if not await queries.take_challenge(tx, challenge, user_id=None):
            return None
        if key is None or assertion.user_handle != _handle(key.user_id):
            return None
        use = ceremonies.check_use(assertion, challenge=challenge, public_key=key.public_key)
    except PasskeyRefused:
        return None
    if use.backup_eligible != key.backup_eligible:
        return None
    # WebAuthn §6.1.1: both are 0 where the authenticator does not count; otherwise it only counts up.
    if (use.sign_count, key.sign_count) != (0, 0) and use.sign_count <= key.sign_count:
        tx.audit("passkey.counter_went_back", object_type="passkey", object_id=key.id, actor_id=None)
        return None
    return use


async def _new_challenge(tx: Tx, *, user_id: UUID | None) -> bytes:
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    await queries.insert_challenge(
        tx, challenge, user_id=user_id, expires_at=clock.now() + CHALLENGE_LIFETIME
    )
    return challenge


async def _lock(tx: Tx, actor: Actor) -> None:
    if not await sessions.lock_active(tx, actor.id):
        raise InvalidToken


def _handle(user_id: UUID) -> bytes:
    return user_id.bytes


def _note(tx: Tx, actor: Actor, passkey_id: UUID, change: PasskeyChange) -> None:
    tx.audit(f"passkey.{change}", object_type="passkey", object_id=passkey_id, actor_id=actor.id)
    tx.emit(PasskeyChanged(change_id=new_id(), user_id=actor.id, change=change))
