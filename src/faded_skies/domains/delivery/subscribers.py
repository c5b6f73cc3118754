"""What follows on the road from facts: estimates are reckoned anew when it matters."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.events import DriverChanged, DriverMoved, StopDelivered, StopReturned
from faded_skies.domains.delivery.ports import TravelTimes
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of departures, stops, changes of drivers, and drivers who move."""
    db = ports.db
    times: TravelTimes = ports.get(TravelTimes)

    async def _reckon(driver_id: UUID) -> None:
        await service.reckon(db, ports.valkey, ports.realtime, times, driver_id=driver_id, now=clock.now())

    async def departed(event: OrderMoved) -> None:
        """Reckon once for all orders that left together: the others find it done."""
        if event.status != Status.OUT_FOR_DELIVERY:
            return
        driver_id = await service.find_driver_to_reckon(db, event.order_id)
        if driver_id is not None:
            await _reckon(driver_id)

    async def stopped(event: StopDelivered | StopReturned) -> None:
        if event.trip_id is not None:
            await _reckon(await service.get_driver_of_trip(db, event.trip_id))

    async def changed(event: DriverChanged) -> None:
        for driver_id in (event.was, event.now):
            await _reckon(driver_id)

    async def moved(event: DriverMoved) -> None:
        await _reckon(event.driver_id)

    return [
        Subscription("delivery.reckon_at_departure", OrderMoved, departed),
        Subscription("delivery.reckon_after_delivery", StopDelivered, stopped),
        Subscription("delivery.reckon_after_return", StopReturned, stopped),
        Subscription("delivery.reckon_for_new_driver", DriverChanged, changed),
        Subscription("delivery.reckon_on_the_way", DriverMoved, moved),
    ]
