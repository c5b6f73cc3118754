"""Finding orders and holding their rows: of people, of the board, of what counts against limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.orders.errors import OrderNotFound
from faded_skies.domains.orders.models import BoardCounts, BoardFilter, Item, Order, TrackingLine
from faded_skies.domains.orders.queries import board, reading
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx


async def get_order_for(source: Database | Tx, actor: Actor, order_id: UUID) -> Order:
    """Return an order the actor may see. Raises OrderNotFound for all others."""
    order = await reading.find_order_for(source, actor, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def lock_order_for(tx: Tx, actor: Actor, order_id: UUID) -> Order:
    """Hold the row of an order the actor may see. Raises OrderNotFound for all others."""
    order = await reading.lock_order_for(tx, actor, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def lock_order(tx: Tx, order_id: UUID) -> Order:
    """Hold the row of an order, for the system itself. Raises OrderNotFound."""
    order = await reading.lock_order(tx, order_id)
    if order is None:
        raise OrderNotFound
    return order


async def lock_order_by_cart(tx: Tx, cart_id: UUID) -> Order | None:
    """Hold the live order that was made of a cart, if there is one."""
    return await reading.lock_order_by_cart(tx, cart_id)


async def list_board(
    db: Database, wanted: BoardFilter, *, limit: int, offset: int
) -> tuple[list[Order], int]:
    """Return one page of all orders for staff, newest first, and how many there are."""
    return await board.list_board(db, wanted, limit=limit, offset=offset)


async def count_board(db: Database, wanted: BoardFilter, *, over_since: datetime) -> BoardCounts:
    """Count the orders of each state, of those that are over the ones placed since then, and what they wait for."""
    return await board.count_board(db, wanted, over_since=over_since)


async def list_items(source: Database | Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
    """Return the lines of each order."""
    return await reading.list_items(source, order_ids)


async def list_tracking(db: Database, order_id: UUID) -> list[TrackingLine]:
    """Return the order's story, oldest first."""
    return await reading.list_tracking(db, order_id)


async def list_bought_since(
    source: Database | Tx,
    user_id: UUID,
    since: datetime,
    *,
    cart_id: UUID | None,
    besides: UUID | None = None,
) -> list[Item]:
    """Return what a person bought since a moment, was brought since, or is still to be brought, for the daily limits.

    An unpaid order of the cart that is judged does not count: the next order of that cart replaces it. Nor does the
    order `besides` which other things were bought.
    """
    return await reading.list_bought_since(source, user_id, since, cart_id=cart_id, besides=besides)


async def count_deliveries_to(
    tx: Tx, user_id: UUID, address: Mapping[str, Any], *, since: datetime, but: UUID | None = None
) -> int:
    """Return how many orders went to a person's address since a moment or are on their way there, `but` one left out.

    Those of neighbours behind another door of the same house do not count.
    """
    return await reading.count_deliveries_to(tx, user_id, address, since=since, but=but)


async def count_handed_over_at(tx: Tx, user_id: UUID, address: Mapping[str, Any], *, since: datetime) -> int:
    """Return how many orders were handed over at a person's address since a moment; nobody else counts meanwhile."""
    return await reading.count_handed_over_at(tx, user_id, address, since=since)
