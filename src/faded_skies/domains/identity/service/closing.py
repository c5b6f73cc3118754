"""What accounts hold on a person, and closing an account; the other domains' parts are put together by `privacy`."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.errors import LastAdmin, WrongCode
from faded_skies.domains.identity.events import AccountClosed
from faded_skies.domains.identity.models import Customer
from faded_skies.domains.identity.queries import held as queries
from faded_skies.domains.identity.queries import people
from faded_skies.domains.identity.service import mfa
from faded_skies.platform.actor import Actor, InvalidToken, Role
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.keyring import Keyring


async def get_held_profile(tx: Tx, user_id: UUID) -> Row:
    """Return the person's own row, without what only we need."""
    return await queries.get_profile(tx, user_id)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return the rest of what accounts hold on a person, in lists by name."""
    return queries.held_on(tx, user_id)


async def lock_leaving(
    tx: Tx, actor: Actor, keyring: Keyring, *, password_given: bool, code: str | None
) -> Customer | WrongCode:
    """Return the person who is about to leave, locked, once it is proved to be them and not who has their phone.

    A wrong code is returned, to be raised after the commit. Raises FreshSignInRequired for who has no password and did
    not just sign in, LastAdmin, or InvalidToken for who has left already.
    """
    if actor.role is Role.ADMIN and await queries.lock_admins(tx) == [actor.id]:
        raise LastAdmin
    customer = await people.lock_customer(tx, actor.id)
    if customer.account_status != "active":
        raise InvalidToken
    refusal = await mfa.prove_again(tx, actor, keyring, password_given=password_given, code=code)
    return refusal or customer


async def close(tx: Tx, user_id: UUID, *, keeps_name: bool) -> None:
    """End the account; every token stops and the e-mail address is free with the commit.

    Taken last of all: changing an address waits for whoever writes a row that refers to the person.
    """
    await queries.close(tx, user_id, keeps_name=keeps_name)
    await erase(tx, user_id)
    tx.audit("account.closed", object_type="user", object_id=user_id, actor_id=user_id)
    tx.emit(AccountClosed(user_id=user_id))


async def erase(tx: Tx, user_id: UUID) -> None:
    """Delete the sessions, links and second ways in of somebody who left; again if need be."""
    await queries.erase(tx, user_id)


async def list_closed_since(db: Database, since: datetime) -> list[UUID]:
    """Return who left since then."""
    return await queries.list_closed_since(db, since)
