"""Second factors: turning them on and off, and finishing a sign-in with a code.

Whoever changes or checks one holds the person's row, so they take turns. A wrong code is returned, to be raised
after the commit: the count of tries and the audit entry must stay.
"""

from datetime import timedelta
from uuid import UUID

from faded_skies.domains.identity.errors import (
    FreshSignInRequired,
    InvalidMfaCode,
    InvalidMfaToken,
    NoEnrolment,
    NoSecondFactor,
    PersonNotFound,
    SecondFactorNeeded,
    WrongCode,
)
from faded_skies.domains.identity.events import SecondFactorChange, SecondFactorChanged
from faded_skies.domains.identity.models import (
    SECOND_FACTOR_ROLES,
    CodeKind,
    EndReason,
    Enrolment,
    Grant,
    SecondFactorStatus,
)
from faded_skies.domains.identity.queries import mfa as queries
from faded_skies.domains.identity.queries import people, session_list, sessions
from faded_skies.domains.identity.service import recovery_codes, totp
from faded_skies.domains.identity.service.sessions import open_session
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor, InvalidToken, Role
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring
from faded_skies.platform.opaque_tokens import digest

ENROLMENT_LIFETIME = timedelta(minutes=15)
FRESH = timedelta(minutes=5)
MOST_TRIES = 5


def needs_second_factor(role: Role, *, required: bool) -> bool:
    """Tell whether who has this role must have a second factor; `required` is the shop's setting."""
    return required and role in SECOND_FACTOR_ROLES


async def find_second_factor(db: Database, actor: Actor) -> SecondFactorStatus | None:
    """Return since when one has a second factor and how many recovery codes are left; None without one."""
    return await queries.find_status(db, actor.id)


async def find_challenged(db: Database, mfa_token: str) -> UUID | None:
    """Return who signs in with this token, be it still good or not."""
    return await queries.find_challenged(db, digest(mfa_token))


async def finish_sign_in(
    tx: Tx, keyring: Keyring, *, mfa_token: str, code: str, session_lifetime: timedelta
) -> Grant | InvalidMfaCode | InvalidMfaToken:
    """Open the session of a challenge for the right code. Raises KeyLost or Tampered."""
    token_hash = digest(mfa_token)
    user_id = await queries.find_challenged(tx, token_hash)
    if user_id is None or not await sessions.lock_active(tx, user_id):
        return InvalidMfaToken()
    by = await queries.try_challenge(tx, token_hash, most=MOST_TRIES)
    if by is None:
        return InvalidMfaToken()
    kind = await _spend(tx, keyring, user_id, code)
    if kind is None:
        tx.audit("sign_in.second_factor_failed", object_type="user", object_id=user_id, actor_id=None)
        return InvalidMfaCode()
    await queries.delete_challenge(tx, token_hash)
    await sessions.stamp_sign_in(tx, user_id)
    tx.audit(
        "sign_in.succeeded",
        object_type="user",
        object_id=user_id,
        actor_id=user_id,
        by=by,
        second_factor=kind,
    )
    return await open_session(
        tx, user_id, by=by, second_factor_checked=True, session_lifetime=session_lifetime
    )


async def begin_second_factor(
    tx: Tx, actor: Actor, keyring: Keyring, *, password_given: bool, code: str | None
) -> Enrolment | WrongCode:
    """Make a secret that waits a quarter of an hour for its first code; nothing is on until then.

    Whoever has a second factor already replaces it, and needs a code of it. Raises FreshSignInRequired.
    """
    await _prove(tx, actor, password_given=password_given)
    if await queries.has_second_factor(tx, actor.id) and not await _code_is_right(tx, actor, keyring, code):
        return WrongCode()
    secret = totp.new_secret()
    await queries.put_enrolment(
        tx,
        actor.id,
        secret=keyring.wrap(secret, context=_context(actor.id)),
        expires_at=clock.now() + ENROLMENT_LIFETIME,
    )
    _audit(tx, "second_factor.begun", actor)
    user = await people.get_user(tx, actor.id)
    return Enrolment(secret=totp.written(secret), url=totp.setup_url(secret, email=user.email))


async def confirm_second_factor(
    tx: Tx, actor: Actor, keyring: Keyring, *, code: str
) -> list[str] | WrongCode:
    """Turn the second factor on with its first code, and return the recovery codes, which nobody sees again.

    This session counts as checked, every other one ends. Raises NoEnrolment or InvalidToken.
    """
    await _lock(tx, actor)
    wrapped = await queries.find_enrolment(tx, actor.id)
    if wrapped is None:
        raise NoEnrolment
    step = _step_of_code(keyring.unwrap(wrapped, context=_context(actor.id)), code)
    if step is None:
        _audit(tx, "second_factor.code_refused", actor)
        return WrongCode()
    replaced = await queries.has_second_factor(tx, actor.id)
    await queries.put_second_factor(tx, actor.id, secret=wrapped, last_step=step)
    await queries.delete_enrolment(tx, actor.id)
    if not await queries.mark_session(tx, actor.session_id):
        raise InvalidToken
    ended = await session_list.end_others(tx, actor.id, actor.session_id, EndReason.SECOND_FACTOR_CHANGED)
    change = SecondFactorChange.REPLACED if replaced else SecondFactorChange.TURNED_ON
    tx.audit(
        f"second_factor.{change}",
        object_type="user",
        object_id=actor.id,
        actor_id=actor.id,
        sessions_ended=ended,
    )
    _tell(tx, actor.id, change)
    return await _new_recovery_codes(tx, actor.id)


async def remove_second_factor(
    tx: Tx, actor: Actor, keyring: Keyring, *, password_given: bool, code: str, required: bool
) -> WrongCode | None:
    """Turn the second factor off. Raises SecondFactorNeeded, NoSecondFactor or FreshSignInRequired."""
    if needs_second_factor(actor.role, required=required):
        raise SecondFactorNeeded
    await _prove(tx, actor, password_given=password_given)
    await _require(tx, actor)
    if not await _code_is_right(tx, actor, keyring, code):
        return WrongCode()
    await queries.delete_second_factor(tx, actor.id)
    _audit(tx, f"second_factor.{SecondFactorChange.TURNED_OFF}", actor)
    _tell(tx, actor.id, SecondFactorChange.TURNED_OFF)
    return None


async def renew_recovery_codes(tx: Tx, actor: Actor, keyring: Keyring, *, code: str) -> list[str] | WrongCode:
    """Return new recovery codes; the old ones are void. Raises NoSecondFactor."""
    await _lock(tx, actor)
    await _require(tx, actor)
    if not await _code_is_right(tx, actor, keyring, code):
        return WrongCode()
    _audit(tx, f"second_factor.{SecondFactorChange.CODES_RENEWED}", actor)
    _tell(tx, actor.id, SecondFactorChange.CODES_RENEWED)
    return await _new_recovery_codes(tx, actor.id)


async def remove_lost_second_factor(tx: Tx, *, email: str, reason: str) -> None:
    """Turn off the second factor of who has lost it, for an operator who knows them; their sessions end.

    Raises PersonNotFound or NoSecondFactor.
    """
    user_id = await people.find_open_account_id(tx, email)
    if user_id is None:
        raise PersonNotFound
    await people.lock_customer(tx, user_id)
    ended = await sessions.end_sessions_of(tx, user_id, EndReason.SECOND_FACTOR_CHANGED)
    if not await queries.delete_second_factor(tx, user_id):
        raise NoSecondFactor
    tx.audit(
        f"second_factor.{SecondFactorChange.REMOVED_BY_STAFF}",
        object_type="user",
        object_id=user_id,
        actor_id=None,
        reason=reason,
        sessions_ended=ended,
    )
    _tell(tx, user_id, SecondFactorChange.REMOVED_BY_STAFF)


async def prove_again(
    tx: Tx, actor: Actor, keyring: Keyring, *, password_given: bool, code: str | None
) -> WrongCode | None:
    """Make sure that it is the person, before what cannot be undone: by what they know, and by a code if they use any.

    Locks the person. Raises FreshSignInRequired.
    """
    await _prove(tx, actor, password_given=password_given)
    if await queries.has_second_factor(tx, actor.id) and not await _code_is_right(tx, actor, keyring, code):
        return WrongCode()
    return None


def _context(user_id: UUID) -> str:
    return f"second_factor:{user_id}"


async def _lock(tx: Tx, actor: Actor) -> None:
    if not await sessions.lock_active(tx, actor.id):
        raise InvalidToken


async def _prove(tx: Tx, actor: Actor, *, password_given: bool) -> None:
    """Lock the person, who has given their password again or, having none, has only just signed in."""
    await _lock(tx, actor)
    if not password_given and not await queries.is_fresh(tx, actor.session_id, FRESH):
        raise FreshSignInRequired


async def _require(tx: Tx, actor: Actor) -> None:
    if not await queries.has_second_factor(tx, actor.id):
        raise NoSecondFactor


async def _code_is_right(tx: Tx, actor: Actor, keyring: Keyring, code: str | None) -> bool:
    if code is not None and await _spend(tx, keyring, actor.id, code) is not None:
        return True
    _audit(tx, "second_factor.code_refused", actor)
    return False


async def _spend(tx: Tx, keyring: Keyring, user_id: UUID, typed: str) -> CodeKind | None:
    """Use up a code of the app or a recovery code; None when it is wrong or was used before."""
    code = recovery_codes.bare(typed)
    if recovery_codes.is_recovery_code(code):
        if not await queries.spend_recovery_code(tx, user_id, digest(code)):
            return None
        _tell(tx, user_id, SecondFactorChange.RECOVERY_CODE_USED)
        return CodeKind.RECOVERY
    wrapped = await queries.find_secret(tx, user_id)
    if wrapped is None:
        return None
    step = _step_of_code(keyring.unwrap(wrapped, context=_context(user_id)), code)
    return CodeKind.APP if step is not None and await queries.spend_step(tx, user_id, step) else None


def _step_of_code(secret: bytes, typed: str) -> int | None:
    code = recovery_codes.bare(typed)
    if not recovery_codes.is_time_code(code):
        return None
    return totp.matching_step(secret, code, now=totp.step_of(clock.now()))


async def _new_recovery_codes(tx: Tx, user_id: UUID) -> list[str]:
    codes = recovery_codes.new_codes()
    hashes = [digest(recovery_codes.bare(code)) for code in codes]
    await queries.replace_recovery_codes(tx, user_id, hashes)
    return codes


def _audit(tx: Tx, action: str, actor: Actor) -> None:
    tx.audit(action, object_type="user", object_id=actor.id, actor_id=actor.id)


def _tell(tx: Tx, user_id: UUID, change: SecondFactorChange) -> None:
    tx.emit(SecondFactorChanged(change_id=new_id(), user_id=user_id, change=change))
