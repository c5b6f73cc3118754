"""When the orders on the road arrive: reckoned where it matters, from where their driver is (docs/adr/0029)."""

import time
from datetime import datetime
from uuid import UUID

from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.ports import TravelTimes
from faded_skies.domains.delivery.queries import estimates as queries
from faded_skies.domains.delivery.queries import live as live_positions
from faded_skies.domains.orders import service as orders
from faded_skies.platform.db import Database
from faded_skies.platform.rooms import Realtime
from faded_skies.platform.valkey import Valkey

_LEARNED_AGAIN_AFTER = 3600.0  # seconds


class CitySpeed:
    """How fast a car comes nearer in a straight line here (m/s), learned from past trips once an hour."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._speed = rules.SPEED_M_S
        self._good_until = 0.0

    async def get(self) -> float:
        if time.monotonic() >= self._good_until:
            median, drives = await queries.get_city_speed(
                self._db, least_seconds=rules.LEAST_SECONDS, least_metres=rules.LEAST_METRES
            )
            self._speed = rules.believable_speed(median, drives)
            self._good_until = time.monotonic() + _LEARNED_AGAIN_AFTER
        return self._speed


async def reckon(
    db: Database, valkey: Valkey, realtime: Realtime, times: TravelTimes, *, driver_id: UUID, now: datetime
) -> None:
    """Reckon anew when each order arrives that the driver has on the road, and tell of it where it matters.

    Call it outside of any transaction: `times` may ask over the network. What another call has reckoned meanwhile from
    newer facts stays.
    """
    live = await live_positions.find_live_position(valkey, driver_id)
    stops = await queries.list_next_stops(db, driver_id, first=None if live is None else live.order_id)
    origin = await queries.find_origin(db, driver_id) if live is None else (live.lat, live.lng)
    if not stops or origin is None:
        return
    way = await times.along([origin, *((stop.latitude, stop.longitude) for stop in stops)])
    at = rules.arrivals([leg.seconds for leg in way.legs], [stop.arrived_at for stop in stops], now=now)
    etas = {stop.order_id: moment for stop, moment in zip(stops, at, strict=True)}
    async with db.transaction() as tx:
        moved = await orders.set_etas(
            tx, driver_id=driver_id, etas=etas, source=way.source, reckoned_at=stops[0].read_at
        )
    for one in moved:
        await orders.tell_eta(
            realtime,
            order_id=one.order_id,
            eta_at=one.eta_at,
            source=way.source,
            rooms=orders.rooms_of(one.order_id, driver_id),
            now=now,
        )


async def find_driver_on_road(db: Database, order_id: UUID) -> UUID | None:
    """Return who has the order on the road."""
    return await queries.find_driver_on_road(db, order_id)


async def get_driver_of_trip(db: Database, trip_id: UUID) -> UUID:
    return await queries.get_driver_of_trip(db, trip_id)
