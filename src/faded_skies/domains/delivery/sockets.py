"""Socket.IO: following an order, and drivers telling where they are (contract §7)."""

from collections.abc import Sequence

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.schemas.dispatch import OfferWithdrawnShape, OrderOfferedShape
from faded_skies.domains.delivery.schemas.tracking import (
    DriverChangedShape,
    DriverHiddenShape,
    DriverLocationShape,
    LocationBody,
    ReceivedAnswer,
    TrackedShape,
    TrackOrder,
    present_tracked,
)
from faded_skies.domains.delivery.service import PositionDesk
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.platform.ports import Ports
from faded_skies.platform.realtime import ClientEvent, ServerEvent, Socket

SERVER_EVENTS = (
    ServerEvent("driver-changed", DriverChangedShape, "to everybody who watches an order on the road"),
    ServerEvent(
        "driver-hidden",
        DriverHiddenShape,
        "to who was told driver-location, when the driver's next stop is another one",
    ),
    ServerEvent(
        "driver-location",
        DriverLocationShape,
        "to everybody who watches the order while it is the driver's next stop; not to its customer where the law "
        "hides the driver",
    ),
    ServerEvent(
        "order-offered", OrderOfferedShape, "to the driver who was given an order, by dispatch or by staff"
    ),
    ServerEvent(
        "offer-withdrawn",
        OfferWithdrawnShape,
        "to the driver who has an order no more, unless they gave it back",
    ),
)


def client_events(ports: Ports) -> Sequence[ClientEvent]:
    """Return what clients may send about deliveries."""
    db, valkey = ports.db, ports.valkey
    desk: PositionDesk = ports.get(PositionDesk)

    async def track_order(socket: Socket, payload: TrackOrder) -> dict[str, object]:
        """Follow an order: its customer, its driver and staff; the answer is how it stands."""
        order = await orders.get_order_for(db, socket.actor, payload.order_id)
        # Joined before the state is read: what happens in between is told twice rather than never.
        await socket.join(orders.room_for(socket.actor, order))
        order = await orders.get_order_for(db, socket.actor, payload.order_id)
        now, law = clock.now(), ports.get(Law)
        position = await service.find_driver_position(valkey, db, law, socket.actor, order, now=now)
        return present_tracked(order, position, now=now)

    async def update_location(socket: Socket, payload: LocationBody) -> dict[str, object]:
        """Tell where the driver is or was, one position or up to 100, for orders that are theirs."""
        positions = payload.read(clock.now())
        await desk.take(driver_id=socket.actor.id, positions=positions)
        return {"received": len(positions)}

    return [
        ClientEvent("track-order", TrackOrder, track_order, TrackedShape),
        ClientEvent("driver-location-update", LocationBody, update_location, ReceivedAnswer),
    ]
