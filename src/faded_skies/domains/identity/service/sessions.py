"""Sessions: whom a token stands for, and opening, renewing and ending them."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from faded_skies.domains.identity.errors import AccountSuspended
from faded_skies.domains.identity.models import Challenge, EndReason, FirstFactor, Grant, User
from faded_skies.domains.identity.queries import mfa, people
from faded_skies.domains.identity.queries import sessions as queries
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, InvalidToken
from faded_skies.platform.audit import origin
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.opaque_tokens import digest, new_token
from faded_skies.platform.tokens import AccessTokens

CHALLENGE_LIFETIME = timedelta(minutes=5)


class IdentityAuthenticator:
    """Tells who an access token stands for: its session must live and the account be active, at every use."""

    def __init__(self, db: Database, tokens: AccessTokens, *, second_factors_required: bool) -> None:
        self._db = db
        self._tokens = tokens
        self._second_factors_required = second_factors_required

    async def authenticate(self, token: str) -> Actor:
        """Return who is asking, by one query. Raises InvalidToken or TokenExpired."""
        claims = self._tokens.read(token)
        actor = await queries.find_actor(
            self._db,
            session_id=claims.session_id,
            user_id=claims.user_id,
            second_factors_required=self._second_factors_required,
        )
        if actor is None:
            raise InvalidToken
        return actor

    async def living(self, sessions: Collection[UUID]) -> set[UUID]:
        """Return which of these sessions live, with their accounts active."""
        return await queries.list_living(self._db, list(sessions))


async def get_own_profile(db: Database, tokens: AccessTokens, token: str) -> User:
    """Authenticate and read the person in one round trip. Raises InvalidToken or TokenExpired."""
    claims = tokens.read(token)
    user = await people.find_user_of_session(db, session_id=claims.session_id, user_id=claims.user_id)
    if user is None:
        raise InvalidToken
    return user


async def admit(tx: Tx, user_id: UUID, *, by: FirstFactor, session_lifetime: timedelta) -> Grant | Challenge:
    """Let in whoever has proved to be this person by a first factor: what every way in ends with.

    Opens a session, or a challenge when the person has a second factor that `by` does not count as. Writes the
    audit entry. Raises AccountSuspended, also for a closed account.
    """
    # Locked: the second factor is not to be turned on between the question and the session.
    if not await queries.lock_active(tx, user_id):
        raise AccountSuspended
    if not by.is_both and await mfa.has_second_factor(tx, user_id):
        token = new_token()
        await mfa.insert_challenge(
            tx,
            token_hash=digest(token),
            user_id=user_id,
            first_factor=by,
            expires_at=clock.now() + CHALLENGE_LIFETIME,
        )
        tx.audit(
            "sign_in.second_factor_asked", object_type="user", object_id=user_id, actor_id=user_id, by=by
        )
        return Challenge(user_id, token)
    await queries.stamp_sign_in(tx, user_id)
    tx.audit("sign_in.succeeded", object_type="user", object_id=user_id, actor_id=user_id, by=by)
    return await open_session(
        tx, user_id, by=by, second_factor_checked=by.is_both, session_lifetime=session_lifetime
    )


async def open_session(
    tx: Tx, user_id: UUID, *, by: FirstFactor, second_factor_checked: bool, session_lifetime: timedelta
) -> Grant:
    """Open a session for who has proved everything that is due."""
    session_id = new_id()
    where = origin.get()
    await queries.insert_session(
        tx,
        session_id,
        user_id=user_id,
        expires_at=clock.now() + session_lifetime,
        address=where.address,
        user_agent=where.user_agent,
        first_factor=by,
        second_factor_checked=second_factor_checked,
    )
    return await _grant(tx, user_id=user_id, session_id=session_id, lifetime=session_lifetime)


async def _grant(tx: Tx, *, user_id: UUID, session_id: UUID, lifetime: timedelta) -> Grant:
    token = new_token()
    await queries.insert_refresh_token(
        tx, new_id(), session_id=session_id, token_hash=digest(token), expires_at=clock.now() + lifetime
    )
    return Grant(user_id=user_id, session_id=session_id, refresh_token=token)


async def sign_out(tx: Tx, actor: Actor) -> None:
    """End the session: its access and refresh tokens stop working with the commit."""
    await queries.end_session(tx, actor.session_id, EndReason.SIGNED_OUT)
    tx.audit("session.signed_out", object_type="session", object_id=actor.session_id, actor_id=actor.id)


async def renew(tx: Tx, *, refresh_token: str, session_lifetime: timedelta) -> Grant | None:
    """Trade a refresh token for the next one; None when it is no good (the caller refuses after the commit).

    Each token works once. A second use means that two parties hold it, one of them perhaps a thief, so the
    whole session ends: every token of the family, access tokens too. Two uses at the same moment are no
    exception: one wins, the other is the second use, and the winner's new tokens die with the session.
    Clients renew one at a time.
    """
    token_hash = digest(refresh_token)
    used = await queries.use_refresh_token(tx, token_hash)
    if used is None:
        await _end_reused_family(tx, token_hash)
        return None
    session_id, user_id = used
    # A sign-out may have ended the session since it was looked at; this waits for it and then says so.
    if not await queries.extend_session(tx, session_id, expires_at=clock.now() + session_lifetime):
        return None
    return await _grant(tx, user_id=user_id, session_id=session_id, lifetime=session_lifetime)


async def _end_reused_family(tx: Tx, token_hash: bytes) -> None:
    session_id = await queries.find_session_of_used_token(tx, token_hash)
    if session_id is None:
        return
    user_id = await queries.end_session(tx, session_id, EndReason.TOKEN_REUSE)
    if user_id is not None:
        tx.audit("session.token_reused", object_type="session", object_id=session_id, actor_id=user_id)
