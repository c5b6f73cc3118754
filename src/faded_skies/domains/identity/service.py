"""Use cases of accounts: registering, sessions, passwords, profiles, and people as other domains see them."""

import hashlib
import secrets
from datetime import date, timedelta
from uuid import UUID

from faded_skies.domains.identity import queries, rules
from faded_skies.domains.identity.errors import (
    AccountSuspended,
    EmailConfirmed,
    EmailTaken,
    InvalidCredentials,
    InvalidResetToken,
    InvalidVerificationToken,
    Underage,
)
from faded_skies.domains.identity.events import (
    EmailConfirmationRequested,
    PasswordResetRequested,
    PersonRegistered,
)
from faded_skies.domains.identity.models import (
    Account,
    Customer,
    EndReason,
    Grant,
    MailedToken,
    Purpose,
    User,
)
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, InvalidToken, Role
from faded_skies.platform.audit import origin
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.tokens import AccessTokens

__all__ = [
    "Customer",
    "IdentityAuthenticator",
    "change_profile",
    "check_age",
    "create_person",
    "find_account",
    "find_customer",
    "get_own_profile",
    "get_user",
    "issue_confirmation_token",
    "issue_reset_token",
    "lock_customer",
    "prune",
    "register",
    "renew",
    "request_confirmation",
    "request_password_reset",
    "reset_password",
    "sign_in",
    "sign_out",
    "verify_email",
]

LIFETIME = {Purpose.RESET_PASSWORD: timedelta(hours=1), Purpose.VERIFY_EMAIL: timedelta(hours=24)}
MOST_MAILED_AN_HOUR = 5


class IdentityAuthenticator:
    """Tells who an access token stands for: its session must live and the account be active, at every use."""

    def __init__(self, db: Database, tokens: AccessTokens) -> None:
        self._db = db
        self._tokens = tokens

    async def authenticate(self, token: str) -> Actor:
        """Return who is asking, by one query. Raises InvalidToken or TokenExpired."""
        claims = self._tokens.read(token)
        found = await queries.find_actor(self._db, session_id=claims.session_id, user_id=claims.user_id)
        if found is None:
            raise InvalidToken
        role, name = found
        return Actor(id=claims.user_id, role=role, name=name, session_id=claims.session_id)


async def get_own_profile(db: Database, tokens: AccessTokens, token: str) -> User:
    """Authenticate and read the person in one round trip. Raises InvalidToken or TokenExpired."""
    claims = tokens.read(token)
    user = await queries.find_user_of_session(db, session_id=claims.session_id, user_id=claims.user_id)
    if user is None:
        raise InvalidToken
    return user


async def get_user(tx: Tx, user_id: UUID) -> User:
    """Return a person as they see themselves. Raises PersonNotFound."""
    return await queries.get_user(tx, user_id)


def check_age(date_of_birth: date) -> None:
    """Refuse who is not 21 yet, to the day, at the shop. Raises Underage."""
    if not rules.is_of_age(rules.local_day(clock.now()), born=date_of_birth):
        raise Underage


async def register(
    tx: Tx,
    *,
    email: str,
    password_hash: str,
    full_name: str,
    phone: str,
    date_of_birth: date,
    session_lifetime: timedelta,
) -> Grant:
    """Make a customer and their first session; a welcome follows. Raises Underage or EmailTaken."""
    check_age(date_of_birth)
    user_id = new_id()
    await create_person(
        tx,
        user_id=user_id,
        email=email,
        password_hash=password_hash,
        full_name=full_name,
        phone=phone,
        date_of_birth=date_of_birth,
        role=Role.CUSTOMER,
        id_verified=False,
        email_verified=False,
    )
    tx.audit("person.registered", object_type="user", object_id=user_id, actor_id=user_id)
    tx.emit(PersonRegistered(user_id=user_id))
    return await _open_session(tx, user_id, session_lifetime)


async def create_person(
    tx: Tx,
    *,
    user_id: UUID,
    email: str,
    password_hash: str | None,
    full_name: str,
    phone: str | None,
    date_of_birth: date | None,
    role: Role,
    id_verified: bool,
    email_verified: bool,
) -> None:
    """Make a person of any role under the caller's new id, without mail or session. Raises EmailTaken."""
    await queries.insert_user(
        tx,
        user_id,
        email=email,
        email_verified=email_verified,
        password_hash=password_hash,
        full_name=full_name,
        phone=phone,
        date_of_birth=date_of_birth,
        role=role,
        id_verified=id_verified,
    )
    tx.audit("person.created", object_type="user", object_id=user_id, actor_id=None, role=role)


async def find_account(db: Database, email: str) -> Account | None:
    """Return what a password check needs; e-mail addresses compare without case."""
    return await queries.find_account(db, email)


async def sign_in(
    tx: Tx,
    account: Account | None,
    *,
    password_right: bool,
    better_hash: str | None,
    session_lifetime: timedelta,
) -> Grant | InvalidCredentials | AccountSuspended:
    """Open a session for who gave the right password.

    A refusal is returned, to be raised after the commit: its audit entry must stay.
    """
    if account is not None and password_right:
        if await queries.sign_in(tx, account, better_hash=better_hash):
            tx.audit("sign_in.succeeded", object_type="user", object_id=account.id, actor_id=account.id)
            return await _open_session(tx, account.id, session_lifetime)
        if await queries.find_account_status(tx, account) is not None:
            tx.audit("sign_in.suspended", object_type="user", object_id=account.id, actor_id=account.id)
            return AccountSuspended()
    known = None if account is None else account.id
    tx.audit("sign_in.failed", object_type="user", object_id=known, actor_id=None)
    return InvalidCredentials()


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
    token_hash = _digest(refresh_token)
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


async def request_password_reset(tx: Tx, *, email: str) -> None:
    """Let a reset link be mailed, if anybody has this address; nothing tells the caller which."""
    user_id = await queries.find_open_account_id(tx, email)
    tx.emit(PasswordResetRequested(request_id=new_id(), user_id=user_id))
    tx.audit("password.reset_requested", object_type="user", object_id=user_id, actor_id=None)


async def reset_password(tx: Tx, *, token: str, password_hash: str) -> None:
    """Set a new password by a mailed token; sessions and older links end. Raises InvalidResetToken."""
    used = await queries.use_mailed_token(tx, _digest(token), Purpose.RESET_PASSWORD)
    if used is None:
        raise InvalidResetToken
    await queries.set_password(tx, used, password_hash)
    ended = await queries.end_sessions_of(tx, used.user_id, EndReason.PASSWORD_RESET)
    await queries.kill_reset_tokens(tx, used.user_id)
    tx.audit(
        "password.reset",
        object_type="user",
        object_id=used.user_id,
        actor_id=used.user_id,
        sessions_ended=ended,
    )


async def change_profile(
    tx: Tx, actor: Actor, *, full_name: str | None, phone: str | None, email: str | None
) -> User:
    """Change what is given. A new e-mail address waits for the link mailed to it. Raises EmailTaken."""
    user = await queries.get_user(tx, actor.id)
    if full_name is not None or phone is not None:
        await queries.update_profile(tx, actor.id, full_name=full_name, phone=phone)
    if email is not None:
        await _change_email(tx, user, email)
    changed = [
        field
        for field, value in (("fullName", full_name), ("phone", phone), ("email", email))
        if value is not None
    ]
    tx.audit("person.changed", object_type="user", object_id=actor.id, actor_id=actor.id, fields=changed)
    return await queries.get_user(tx, actor.id)


async def _change_email(tx: Tx, user: User, email: str) -> None:
    if email.lower() == user.email.lower():
        await queries.update_pending_email(tx, user.id, None)
        return
    if await queries.is_taken(tx, email):
        raise EmailTaken
    await queries.update_pending_email(tx, user.id, email)
    tx.emit(EmailConfirmationRequested(request_id=new_id(), user_id=user.id))


async def request_confirmation(tx: Tx, actor: Actor) -> None:
    """Let the confirmation link be mailed again. Raises EmailConfirmed when nothing waits for one."""
    user = await queries.get_user(tx, actor.id)
    if _unconfirmed_email(user) is None:
        raise EmailConfirmed
    tx.emit(EmailConfirmationRequested(request_id=new_id(), user_id=actor.id))


async def verify_email(tx: Tx, *, token: str) -> None:
    """Confirm a first or changed address by a mailed token. Raises InvalidVerificationToken or EmailTaken.

    Reset links to a former address die with it.
    """
    used = await queries.use_mailed_token(tx, _digest(token), Purpose.VERIFY_EMAIL)
    if used is None or not await queries.confirm_email(tx, used.user_id, used.email):
        raise InvalidVerificationToken
    await queries.kill_reset_tokens(tx, used.user_id, but_to=used.email)
    tx.audit("email.confirmed", object_type="user", object_id=used.user_id, actor_id=used.user_id)


async def issue_reset_token(tx: Tx, user_id: UUID) -> MailedToken | None:
    """Make a token that sets a new password within the hour, for the mail that is being written.

    None when the person got five within the hour: a mailbox is not to be flooded. Older tokens stay good until
    one is used, so a subscriber that runs twice does no harm: its second token is in no mail and expires
    unseen. Raises PersonNotFound.
    """
    # Locked, so that those who count the last hour's tokens take turns.
    customer = await lock_customer(tx, user_id)
    return await _issue(tx, customer, Purpose.RESET_PASSWORD, email=customer.email)


async def issue_confirmation_token(tx: Tx, user_id: UUID) -> MailedToken | None:
    """Make a token that confirms a first or changed address within a day; None also when none waits."""
    await lock_customer(tx, user_id)
    user = await queries.get_user(tx, user_id)
    email = _unconfirmed_email(user)
    if email is None:
        return None
    return await _issue(tx, user, Purpose.VERIFY_EMAIL, email=email)


async def _issue(tx: Tx, person: User | Customer, purpose: Purpose, *, email: str) -> MailedToken | None:
    if await queries.count_mailed_tokens(tx, person.id, purpose) >= MOST_MAILED_AN_HOUR:
        return None
    token = _new_token()
    await queries.insert_mailed_token(
        tx,
        new_id(),
        user_id=person.id,
        purpose=purpose,
        email=email,
        token_hash=_digest(token),
        expires_at=clock.now() + LIFETIME[purpose],
    )
    return MailedToken(token, email, person.full_name)


async def find_customer(tx: Tx | Database, user_id: UUID) -> Customer | None:
    """Return a person as other domains see them, or None."""
    return await queries.find_customer(tx, user_id, today=rules.local_day(clock.now()))


async def lock_customer(tx: Tx, user_id: UUID) -> Customer:
    """Return a person whose row stays as it is until the commit. Raises PersonNotFound."""
    return await queries.lock_customer(tx, user_id, today=rules.local_day(clock.now()))


async def prune(tx: Tx) -> None:
    """Forget what is long expired."""
    await queries.prune(tx)


def _unconfirmed_email(user: User) -> str | None:
    if user.pending_email is not None:
        return user.pending_email
    return None if user.email_verified else user.email


async def _open_session(tx: Tx, user_id: UUID, lifetime: timedelta) -> Grant:
    session_id = new_id()
    where = origin.get()
    await queries.insert_session(
        tx,
        session_id,
        user_id=user_id,
        expires_at=clock.now() + lifetime,
        address=where.address,
        user_agent=where.user_agent,
    )
    return await _grant(tx, user_id=user_id, session_id=session_id, lifetime=lifetime)


async def _grant(tx: Tx, *, user_id: UUID, session_id: UUID, lifetime: timedelta) -> Grant:
    token = _new_token()
    await queries.insert_refresh_token(
        tx, new_id(), session_id=session_id, token_hash=_digest(token), expires_at=clock.now() + lifetime
    )
    return Grant(user_id=user_id, session_id=session_id, refresh_token=token)


def _new_token() -> str:
    return secrets.token_urlsafe(32)  # 256 bits


def _digest(token: str) -> bytes:
    # A plain hash is enough: the token is chance already, there is no word list to try.
    return hashlib.sha256(token.encode()).digest()
