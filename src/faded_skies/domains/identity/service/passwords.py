"""Giving the password once more while signed in, and choosing a new one."""

from faded_skies.domains.identity.errors import NoPassword
from faded_skies.domains.identity.events import PasswordChanged
from faded_skies.domains.identity.models import Account, EndReason
from faded_skies.domains.identity.ports import PasswordHasher
from faded_skies.domains.identity.queries import mailed, session_list
from faded_skies.domains.identity.queries import passwords as queries
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.ids import new_id

_WRONG = "This is not your present password. Check it, or ask for a reset link."


async def check_own_password(
    db: Database, hasher: PasswordHasher, actor: Actor, *, password: str, field: str
) -> Account:
    """Return the account whose password was given once more. Raises NoPassword, or Refused naming the field."""
    account = await queries.get_own_account(db, actor.id)
    if account.password_hash is None:
        raise NoPassword
    if not (await hasher.verify(password, account.password_hash)).right:
        raise Refused(field, _WRONG)
    return account


async def gave_password(db: Database, hasher: PasswordHasher, actor: Actor, *, password: str | None) -> bool:
    """Tell whether the password was given once more; False for who has none. Raises Refused naming `password`."""
    try:
        await check_own_password(db, hasher, actor, password=password or "", field="password")
    except NoPassword:
        return False
    return True


async def change_password(tx: Tx, actor: Actor, account: Account, *, password_hash: str) -> None:
    """Replace a password that was just checked; every other session ends, and the person is told by mail.

    A wished address is dropped, lest a thief's be confirmed later.

    Raises Refused when it was changed since.
    """
    if not await queries.replace_password(tx, account, password_hash):
        raise Refused("currentPassword", _WRONG)
    ended = await session_list.end_others(tx, actor.id, actor.session_id, EndReason.PASSWORD_CHANGED)
    await mailed.kill_reset_tokens(tx, actor.id)
    tx.emit(PasswordChanged(change_id=new_id(), user_id=actor.id))
    tx.audit(
        "password.changed", object_type="user", object_id=actor.id, actor_id=actor.id, sessions_ended=ended
    )
