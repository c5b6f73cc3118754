"""Shifts and their drawers: begun and ended by their driver, or ended by staff for a driver who does not."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.cash import service as cash
from faded_skies.domains.cash.service import Drawer
from faded_skies.domains.delivery.errors import (
    CashOrderOut,
    DriverNotFound,
    DriverOnTheRoad,
    VehicleNotFound,
)
from faded_skies.domains.delivery.events import ShiftEnded, ShiftPlanned, ShiftStarted
from faded_skies.domains.delivery.models.road import Shift
from faded_skies.domains.delivery.queries import fleet, trips
from faded_skies.domains.delivery.queries import road as queries
from faded_skies.domains.delivery.service.trips import finish
from faded_skies.platform.actor import InvalidToken
from faded_skies.platform.db import Tx
from faded_skies.platform.money import Cents


async def start_shift(
    tx: Tx,
    *,
    driver_id: UUID,
    vehicle_id: UUID | None,
    opening_cents: Cents | None,
    planned_end_at: datetime | None = None,
) -> tuple[Shift, Drawer]:
    """Open the driver's shift and its drawer, or return the open ones; saying the same again changes nothing.

    Another planned end than before takes its place. Raises VehicleNotFound, VehicleInUse, OtherFloat, LastDrawerOpen,
    or InvalidToken for who was suspended meanwhile or drives no more.
    """
    if not await queries.lock_driver(tx, driver_id):
        raise InvalidToken
    if vehicle_id is not None and not await fleet.has_vehicle(tx, vehicle_id):
        raise VehicleNotFound
    shift, is_new = await queries.open_shift(
        tx, driver_id=driver_id, vehicle_id=vehicle_id, planned_end_at=planned_end_at
    )
    if is_new:
        tx.audit("shift.started", object_type="shift", object_id=shift.id, actor_id=driver_id)
        tx.emit(ShiftStarted(driver_id=driver_id))
    elif planned_end_at is not None:
        tx.emit(ShiftPlanned(driver_id=driver_id))
    drawer = await cash.open_drawer(tx, shift_id=shift.id, driver_id=driver_id, float_cents=opening_cents)
    return shift, drawer


async def end_shift(
    tx: Tx, *, driver_id: UUID, closing_cents: Cents | None
) -> tuple[Shift | None, Drawer | None]:
    """End the driver's shift with what they counted in its drawer; saying the same again changes nothing.

    Returns their last shift and its drawer, None when there never was one. Raises CashOrderOut, Refused without a
    count that is needed, OtherCount, NothingToCount.
    """
    ended = await queries.end_shift(tx, driver_id)
    shift = ended or await queries.find_last_shift(tx, driver_id)
    # Held before the orders are looked at: a handover under way pays into it first, or finds it counted.
    drawer = None if shift is None else await cash.lock_drawer_of_shift(tx, shift.id)
    if ended is not None:
        if await queries.has_cash_order_out(tx, driver_id):
            raise CashOrderOut
        tx.audit("shift.ended", object_type="shift", object_id=ended.id, actor_id=driver_id)
        tx.emit(ShiftEnded(driver_id=driver_id))
    return shift, await cash.count(tx, drawer, counted_cents=closing_cents)


async def end_shift_of(
    tx: Tx, *, driver_id: UUID, actor_id: UUID, reason: str, closing_cents: Cents | None, now: datetime
) -> tuple[Shift | None, Drawer | None]:
    """End a driver's shift as staff, also a suspended driver's, with what staff counted in its drawer.

    What is no longer on the road, or did not leave yet, is over with it: the driver's trip ends too. Without a count, a
    drawer with money in it stays open for the driver's, or for another call of this. The same again changes nothing.
    Raises DriverNotFound, DriverOnTheRoad, OwnDrawer, OtherCount, NothingToCount.
    """
    if not await queries.has_driven(tx, driver_id):
        raise DriverNotFound("There is no such driver.")
    # The trip before the shift, as departures hold them: a departure under way is seen, or finds no shift.
    trip = await trips.find_and_lock_open_of(tx, driver_id)
    await queries.lock_shift_to_end(tx, driver_id)
    ended = await queries.end_shift(tx, driver_id)
    # When the shift is over already and only its drawer is counted: a cash order may have come to the driver since.
    if ended is not None or await queries.has_cash_order_out(tx, driver_id):
        await _check_nothing_on_board(tx, driver_id)
    if ended is not None:
        if trip is not None:
            if trip.departed_at is not None:
                await trips.catch_up(tx, trip)
            await finish(tx, trip, now, actor_id=actor_id)
        tx.audit("shift.ended", object_type="shift", object_id=ended.id, actor_id=actor_id, reason=reason)
        tx.emit(ShiftEnded(driver_id=driver_id))
    shift = ended or await queries.find_last_shift(tx, driver_id)
    drawer = None if shift is None else await cash.lock_drawer_of_shift(tx, shift.id)
    return shift, await cash.count_for_driver(tx, drawer, counted_cents=closing_cents, actor_id=actor_id)


async def _check_nothing_on_board(tx: Tx, driver_id: UUID) -> None:
    on_board = await queries.list_on_board(tx, driver_id)
    if on_board:
        raise DriverOnTheRoad(
            f"These orders are in the driver's vehicle: {', '.join(on_board)}. Have them delivered or brought back, or "
            "assign them to another driver, then end the shift.",
            orderNumbers=on_board,
        )
