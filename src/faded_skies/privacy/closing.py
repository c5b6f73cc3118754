"""Closing an account: one transaction erases what nobody must keep, then jobs see to what lies outside.

Locks are taken in the usual order, the person's own row first and its address last (`identity.close`). A request
under way may still write a row at the same moment; it is found by the job of the event and by the daily sweep, which
erase once more.
"""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.analytics import service as analytics
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.errors import WrongCode
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments import service as payments
from faded_skies.domains.places import service as places
from faded_skies.domains.promotions import service as promotions
from faded_skies.domains.rewards import service as rewards
from faded_skies.domains.support import service as support
from faded_skies.domains.verification import service as verification
from faded_skies.platform import idempotency
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import InvalidState
from faded_skies.platform.keyring import Keyring
from faded_skies.privacy.errors import StillOnDuty


async def close_account(
    tx: Tx, actor: Actor, keyring: Keyring, *, password_given: bool, code: str | None
) -> WrongCode | None:
    """Close the account of who asks, and erase. A wrong code is returned, to be raised after the commit.

    Raises InvalidState naming the orders that are not over, StillOnDuty, LastAdmin, FreshSignInRequired, or
    InvalidToken when it is closed already.
    """
    person = await identity.lock_leaving(tx, actor, keyring, password_given=password_given, code=code)
    if isinstance(person, WrongCode):
        return person
    waiting = await orders.list_open(tx, actor.id)
    if waiting:
        raise InvalidState(
            f"These orders are not over: {', '.join(waiting)}. Wait for them or cancel them, then close the account.",
            orderNumbers=waiting,
        )
    if await delivery.is_on_duty(tx, actor.id):
        raise StillOnDuty
    await notifications.say_goodbye(tx, user_id=actor.id, to=person.email, full_name=person.full_name)
    await _erase_beside_account(tx, actor.id)
    # Who took what, and who of the staff did what, must stay known; of anybody else not even the name.
    keeps_name = actor.role is not Role.CUSTOMER or await orders.has_received(tx, actor.id)
    await identity.close(tx, actor.id, keeps_name=keeps_name)
    return None


async def erase_again(tx: Tx, user_id: UUID) -> None:
    """Erase what was written while the account was closing; of an account that is empty, nothing."""
    await _erase_beside_account(tx, user_id)
    await identity.erase(tx, user_id)


async def _erase_beside_account(tx: Tx, user_id: UUID) -> None:
    await places.erase(tx, user_id)
    await orders.erase(tx, user_id)
    await catalog.erase(tx, user_id)
    await rewards.forfeit(tx, user_id)
    await payments.erase(tx, user_id)
    await verification.forget_person(tx, user_id)
    await support.erase(tx, user_id)
    await notifications.erase(tx, user_id)
    await promotions.erase(tx, user_id)
    await analytics.erase(tx, user_id)
    await idempotency.forget_owner(tx, user_id)


async def sweep(db: Database, *, since: datetime) -> None:
    """Erase again for everybody who left since then, each in a transaction of their own."""
    for user_id in await identity.list_closed_since(db, since):
        async with db.transaction() as tx:
            await erase_again(tx, user_id)
