"""What happens by mailed links: a new password, a confirmed address."""

from datetime import timedelta
from uuid import UUID

from faded_skies.domains.identity.errors import EmailConfirmed, InvalidResetToken, InvalidVerificationToken
from faded_skies.domains.identity.events import (
    EmailConfirmationRequested,
    PasswordChanged,
    PasswordResetRequested,
)
from faded_skies.domains.identity.models import Customer, EndReason, MailedToken, Purpose, UsedToken, User
from faded_skies.domains.identity.queries import mailed as queries
from faded_skies.domains.identity.queries import passkeys, people, sessions
from faded_skies.domains.identity.service.people import lock_customer
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.audit import origin
from faded_skies.platform.db import Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.opaque_tokens import digest, new_token

LIFETIME = {Purpose.RESET_PASSWORD: timedelta(hours=1), Purpose.VERIFY_EMAIL: timedelta(hours=24)}
MOST_MAILED_AN_HOUR = 5


async def request_password_reset(tx: Tx, *, email: str) -> None:
    """Let a reset link be mailed, if anybody has this address; nothing tells the caller which."""
    user_id = await people.find_open_account_id(tx, email)
    tx.emit(PasswordResetRequested(request_id=new_id(), user_id=user_id))
    tx.audit("password.reset_requested", object_type="user", object_id=user_id, actor_id=None)


async def reset_password(tx: Tx, *, token: str, password_hash: str) -> None:
    """Set a new password by a mailed token, and tell by mail. Raises InvalidResetToken.

    Sessions, older links and a wished address end with it: who finds a stranger in their account is told to choose a
    new password. So do passkeys where nobody had proved the address before: its owner may not have made them.
    """
    used = await _use(tx, token, Purpose.RESET_PASSWORD)
    if used is None:
        raise InvalidResetToken
    proved_before = (await people.get_user(tx, used.user_id)).email_verified
    await queries.set_password(tx, used, password_hash)
    ended = await sessions.end_sessions_of(tx, used.user_id, EndReason.PASSWORD_RESET)
    await queries.kill_reset_tokens(tx, used.user_id)
    passkeys_ended = 0 if proved_before else await passkeys.delete_all(tx, used.user_id)
    tx.emit(PasswordChanged(change_id=new_id(), user_id=used.user_id))
    tx.audit(
        "password.reset",
        object_type="user",
        object_id=used.user_id,
        actor_id=used.user_id,
        sessions_ended=ended,
        passkeys_ended=passkeys_ended,
    )


async def request_confirmation(tx: Tx, actor: Actor) -> None:
    """Let the confirmation link be mailed again. Raises EmailConfirmed when nothing waits for one."""
    user = await people.get_user(tx, actor.id)
    if _unconfirmed_email(user) is None:
        raise EmailConfirmed
    tx.emit(EmailConfirmationRequested(request_id=new_id(), user_id=actor.id))


async def verify_email(tx: Tx, *, token: str) -> None:
    """Confirm a first or changed address by a mailed token. Raises InvalidVerificationToken or EmailTaken.

    Reset links to a former address die with it.
    """
    used = await _use(tx, token, Purpose.VERIFY_EMAIL)
    if used is None or not await people.confirm_email(tx, used.user_id, used.email):
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
    user = await people.get_user(tx, user_id)
    email = _unconfirmed_email(user)
    if email is None:
        return None
    return await _issue(tx, user, Purpose.VERIFY_EMAIL, email=email)


async def _use(tx: Tx, token: str, purpose: Purpose) -> UsedToken | None:
    # Where it was used is kept: from there its owner may try to sign in, however many others try (ADR 15).
    return await queries.use_mailed_token(tx, digest(token), purpose, used_from=origin.get().address)


async def _issue(tx: Tx, person: User | Customer, purpose: Purpose, *, email: str) -> MailedToken | None:
    if await queries.count_mailed_tokens(tx, person.id, purpose) >= MOST_MAILED_AN_HOUR:
        return None
    token, expires_at = new_token(), clock.now() + LIFETIME[purpose]
    await queries.insert_mailed_token(
        tx,
        new_id(),
        user_id=person.id,
        purpose=purpose,
        email=email,
        token_hash=digest(token),
        expires_at=expires_at,
    )
    return MailedToken(token, email, person.full_name, expires_at)


def _unconfirmed_email(user: User) -> str | None:
    if user.pending_email is not None:
        return user.pending_email
    return None if user.email_verified else user.email
