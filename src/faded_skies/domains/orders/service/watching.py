"""Who hears of an order as it happens: rooms are rights (docs/adr/0028).

A driver's room names the driver, and whoever tells names the order's driver of today: one who gave the order up hears
no more of it, though they still sit in their room.
"""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.orders.models import Order
from faded_skies.domains.orders.queries import reading
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database


def room_for(actor: Actor, order: Order) -> str:
    """Return the room that somebody who may see the order joins."""
    if actor.id == order.user_id:
        return customers_room(order.id)
    return drivers_room(order.id, actor.id) if actor.role is Role.DRIVER else staff_room(order.id)


def customers_room(order_id: UUID) -> str:
    return f"order:{order_id}"


def staff_room(order_id: UUID) -> str:
    return f"order-staff:{order_id}"


def drivers_room(order_id: UUID, driver_id: UUID) -> str:
    return f"order-driver:{order_id}:{driver_id}"


async def find_told_at(db: Database, order_id: UUID, *, status: str, since: datetime) -> datetime | None:
    """Return the time of the line of the order's story that tells of its move to a state, made at or after `since`."""
    return await reading.find_told_at(db, order_id, status=status, since=since)


async def list_rooms(db: Database, order_id: UUID) -> list[str]:
    """Return the rooms of everybody who may watch the order now."""
    driver_id = await reading.find_driver_of(db, order_id)
    rooms = [customers_room(order_id), staff_room(order_id)]
    return rooms if driver_id is None else [*rooms, drivers_room(order_id, driver_id)]
