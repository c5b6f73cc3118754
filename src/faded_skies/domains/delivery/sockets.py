"""Socket.IO: following an order, and drivers telling where they are (contract §7)."""

from collections.abc import Sequence

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.schemas.road import LocationBody, TrackOrder, present_tracked
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.platform.ports import Ports
from faded_skies.platform.realtime import ClientEvent, Socket


def client_events(ports: Ports) -> Sequence[ClientEvent]:
    """Return what clients may send about deliveries."""
    db, valkey, realtime = ports.db, ports.valkey, ports.realtime

    async def track_order(socket: Socket, payload: TrackOrder) -> dict[str, object]:
        order = await orders.get_order_for(db, socket.actor, payload.order_id)
        # Joined before the state is read: what happens in between is told twice rather than never.
        await socket.join(f"order:{order.id}")
        if order.user_id != socket.actor.id:
            await socket.join(service.staff_room(order.id))
        order = await orders.get_order_for(db, socket.actor, payload.order_id)
        now, law = clock.now(), ports.get(Law)
        position = await service.find_driver_position(valkey, db, law, socket.actor, order, now=now)
        return present_tracked(order, position, now=now)

    async def update_location(socket: Socket, payload: LocationBody) -> dict[str, object]:
        now = clock.now()
        positions = payload.read(now)
        await service.record_positions(
            valkey, db, realtime, ports.get(Law), driver_id=socket.actor.id, positions=positions, now=now
        )
        return {"received": len(positions)}

    return [
        ClientEvent("track-order", TrackOrder, track_order),
        ClientEvent("driver-location-update", LocationBody, update_location),
    ]
