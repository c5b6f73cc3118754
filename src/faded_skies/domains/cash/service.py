"""Cash at the door: a drawer opens with its driver's shift, takes what customers pay, and is counted twice.

The driver counts blind at the end of the shift, or staff for a driver who does not come; then staff counts and
signs, and the difference goes into the books. A drawer is locked after the order that pays into it, and after the shift
it belongs to.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.cash import queries, rules
from faded_skies.domains.cash.errors import (
    DrawerNotCounted,
    DrawerNotFound,
    DrawerSignedOff,
    LastDrawerOpen,
    NoOpenDrawer,
    NothingToCount,
    OtherCount,
    OtherFloat,
    OwnDrawer,
)
from faded_skies.domains.cash.models import Drawer
from faded_skies.domains.cash.rules import DrawerStatus
from faded_skies.domains.ledger import service as ledger
from faded_skies.domains.ledger.service import Account, Fact
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.money import Cents

__all__ = [
    "Drawer",
    "DrawerStatus",
    "count",
    "count_for_driver",
    "held_on",
    "list_drawers",
    "lock_drawer_of_shift",
    "open_drawer",
    "sign_off",
    "take",
]


async def open_drawer(tx: Tx, *, shift_id: UUID, driver_id: UUID, float_cents: Cents | None) -> Drawer:
    """Open the drawer of a shift with a float out of the safe, once; None stands for no float.

    Returns the one that is open where the same is said again, or nothing of a float. Raises OtherFloat,
    LastDrawerOpen.
    """
    drawer_id, given = new_id(), float_cents or 0
    if await queries.insert_drawer(
        tx, drawer_id=drawer_id, shift_id=shift_id, driver_id=driver_id, float_cents=given
    ):
        await ledger.post(
            tx,
            Fact.FLOAT_GIVEN,
            drawer_id,
            debit=Account.DRAWER,
            credit=Account.SAFE,
            amount_cents=given,
            party_id=driver_id,
        )
        tx.audit(
            "drawer.opened", object_type="drawer", object_id=drawer_id, actor_id=driver_id, float_cents=given
        )
    drawer = await queries.lock_drawer_of_shift(tx, shift_id)
    if drawer is None:
        raise LastDrawerOpen
    if float_cents is not None and float_cents != drawer.float_cents:
        raise OtherFloat
    return drawer


async def lock_drawer_of_shift(tx: Tx, shift_id: UUID) -> Drawer | None:
    """Return the drawer of a shift and hold it; None for a shift from before there were drawers."""
    return await queries.lock_drawer_of_shift(tx, shift_id)


async def take(tx: Tx, *, driver_id: UUID, order_id: UUID, amount_cents: Cents) -> None:
    """Put what was due for an order into its driver's drawer. Raises NoOpenDrawer.

    The caller holds the order and completes it in this transaction, so it pays once.
    """
    if not await queries.add_cash(tx, driver_id, amount_cents):
        raise NoOpenDrawer
    await ledger.post(
        tx,
        Fact.CASH_TAKEN,
        order_id,
        debit=Account.DRAWER,
        credit=Account.DEPOSITS,
        amount_cents=amount_cents,
        order_id=order_id,
        party_id=driver_id,
    )


async def count(
    tx: Tx, drawer: Drawer | None, *, counted_cents: Cents | None, counted_by: UUID | None = None
) -> Drawer | None:
    """Write down what the driver counted, or staff for them, once; the same again, or nothing said, changes nothing.

    The caller holds the drawer. Raises Refused when a drawer with money in it was not counted, OtherCount,
    NothingToCount where there is no drawer.
    """
    if drawer is None:
        if counted_cents:
            raise NothingToCount
        return None
    if drawer.status is not DrawerStatus.OPEN:
        if counted_cents is not None and counted_cents != drawer.counted_cents:
            raise OtherCount
        return drawer
    counted = rules.read_count(counted_cents, expected=drawer.expected_cents)
    await queries.set_counted(tx, drawer.id, counted, counted_by=counted_by)
    tx.audit(
        "drawer.counted",
        object_type="drawer",
        object_id=drawer.id,
        actor_id=counted_by or drawer.driver_id,
        counted_cents=counted,
    )
    return await _lock(tx, drawer.id)


async def count_for_driver(
    tx: Tx, drawer: Drawer | None, *, counted_cents: Cents | None, actor_id: UUID
) -> Drawer | None:
    """Write down what staff counted in the driver's place; with nothing said, what has money in it stays open.

    The caller holds the drawer. Raises OwnDrawer, OtherCount, NothingToCount where there is no drawer.
    """
    if drawer is None:
        if counted_cents:
            raise NothingToCount("This driver has no drawer to count. Leave closingCash out.")
        return None
    if drawer.driver_id == actor_id:
        raise OwnDrawer
    if drawer.status is DrawerStatus.OPEN:
        if counted_cents is None and drawer.expected_cents > 0:
            return drawer
    elif counted_cents not in {None, drawer.counted_cents}:
        raise OtherCount("This drawer is counted already. Say what you found when you sign it off.")
    return await count(tx, drawer, counted_cents=counted_cents, counted_by=actor_id)


async def sign_off(
    tx: Tx, drawer_id: UUID, *, actor_id: UUID, received_cents: Cents, note: str | None
) -> Drawer:
    """Take a counted drawer's cash into the safe; what differs from what should be there goes into the books.

    Raises DrawerNotFound, OwnDrawer, DrawerNotCounted, DrawerSignedOff, Refused without a note that is needed.
    """
    drawer = await _lock(tx, drawer_id)
    if drawer.driver_id == actor_id:
        raise OwnDrawer
    if drawer.status is DrawerStatus.SIGNED_OFF:
        raise DrawerSignedOff
    if drawer.counted_cents is None:
        raise DrawerNotCounted
    rules.check_note(
        note, expected=drawer.expected_cents, counted=drawer.counted_cents, received=received_cents
    )
    await queries.set_signed_off(
        tx, drawer_id, received_cents=received_cents, note=note, signed_off_by=actor_id
    )
    difference = rules.difference(expected=drawer.expected_cents, received=received_cents)
    await _post_emptied(tx, drawer, received_cents=received_cents, difference=difference)
    tx.audit(
        "drawer.signed_off",
        object_type="drawer",
        object_id=drawer_id,
        actor_id=actor_id,
        received_cents=received_cents,
        difference_cents=difference,
    )
    return await _lock(tx, drawer_id)


async def _post_emptied(tx: Tx, drawer: Drawer, *, received_cents: Cents, difference: Cents) -> None:
    await ledger.post_entry(
        tx,
        Fact.DRAWER_EMPTIED,
        drawer.id,
        debits=[(Account.SAFE, received_cents), (Account.CASH_OVER_SHORT, max(0, -difference))],
        credits=[(Account.DRAWER, drawer.expected_cents), (Account.CASH_OVER_SHORT, max(0, difference))],
        party_id=drawer.driver_id,
    )


async def _lock(tx: Tx, drawer_id: UUID) -> Drawer:
    drawer = await queries.lock_drawer(tx, drawer_id)
    if drawer is None:
        raise DrawerNotFound
    return drawer


async def list_drawers(
    db: Database, *, status: DrawerStatus | None, driver_id: UUID | None, limit: int, offset: int
) -> tuple[list[Drawer], int]:
    """Return a page of the drawers, the latest opened first, and how many there are."""
    return await queries.list_drawers(db, status=status, driver_id=driver_id, limit=limit, offset=offset)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a driver's drawers: what they said themselves, and once staff has signed, what staff found."""
    return {"driverDrawers": queries.stream_drawers_of(tx, user_id)}
