"""SQL of what estimates are reckoned from: where a driver is, where they have yet to go, how fast trips were."""

from uuid import UUID

from faded_skies.domains.delivery.models.road import NextStop
from faded_skies.platform.db import Database

# The order that the driver names with their positions is where they go next; the others follow in the plan's order.
_NEXT_STOPS = """
SELECT o.id, (o.delivery_address->>'latitude')::float8, (o.delivery_address->>'longitude')::float8, l.arrived_at,
       statement_timestamp() AS read_at
FROM orders o
LEFT JOIN stops l ON l.order_id = o.id AND l.driver_id = $1
LEFT JOIN trips t ON t.driver_id = $1 AND t.ended_at IS NULL
LEFT JOIN trip_stops s ON s.trip_id = t.id AND s.order_id = o.id
WHERE o.driver_id = $1 AND o.status = 'out_for_delivery'
ORDER BY (l.arrived_at IS NOT NULL) DESC, (o.id = $2) IS TRUE DESC, s.place NULLS LAST, l.assigned_at, o.id
"""
# Without a live position: a recent one, the door of the last stop of this trip, or the shop.
_ORIGIN = """
SELECT latitude, longitude FROM (
    (SELECT 1 AS choice, latitude, longitude FROM driver_locations
     WHERE driver_id = $1 AND recorded_at > now() - interval '10 minutes' AND NOT suspect
     ORDER BY recorded_at DESC LIMIT 1)
    UNION ALL
    (SELECT 2, (o.delivery_address->>'latitude')::float8, (o.delivery_address->>'longitude')::float8
     FROM trips t JOIN trip_stops s ON s.trip_id = t.id JOIN orders o ON o.id = s.order_id
     WHERE t.driver_id = $1 AND t.ended_at IS NULL AND s.outcome IN ('delivered', 'returned')
     ORDER BY s.ended_at DESC LIMIT 1)
    UNION ALL
    (SELECT 3, latitude, longitude FROM shop)
) known ORDER BY choice LIMIT 1
"""
# A drive goes from one line of a trip's log, at a known place, to the first line of the next delivered stop.
_CITY_SPEED = """
WITH lines AS (
    SELECT l.trip_id, l.order_id, l.at,
        CASE WHEN l.kind = 'departed' THEN l.latitude ELSE (o.delivery_address->>'latitude')::float8 END AS lat,
        CASE WHEN l.kind = 'departed' THEN l.longitude ELSE (o.delivery_address->>'longitude')::float8 END AS lng,
        l.kind, o.status
    FROM trips t JOIN stop_log l ON l.trip_id = t.id LEFT JOIN orders o ON o.id = l.order_id
    WHERE t.created_at > now() - interval '31 days' AND l.at > now() - interval '30 days'
      AND l.kind IN ('departed', 'arrived', 'delivered', 'returned')
), drives AS (
    SELECT kind, status, order_id, lat, lng, at,
        lag(order_id) OVER w AS from_order, lag(lat) OVER w AS from_lat, lag(lng) OVER w AS from_lng,
        lag(at) OVER w AS began
    FROM lines WINDOW w AS (PARTITION BY trip_id ORDER BY at)
), speeds AS (
    SELECT 2 * 6371008.8 * asin(sqrt(least(1, sin(radians(lat - from_lat) / 2) ^ 2
               + cos(radians(from_lat)) * cos(radians(lat)) * sin(radians(lng - from_lng) / 2) ^ 2))) AS metres,
           extract(epoch FROM at - began)::float8 AS seconds
    FROM drives
    WHERE kind IN ('arrived', 'delivered') AND status = 'delivered' AND from_order IS DISTINCT FROM order_id
      AND lat IS NOT NULL AND from_lat IS NOT NULL
)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY metres / seconds) AS median, count(*)::int AS drives
FROM speeds WHERE seconds >= $1 AND metres >= $2
"""
_DRIVER_OF_TRIP = "SELECT driver_id FROM trips WHERE id = $1"
_DRIVER_ON_ROAD = "SELECT driver_id FROM orders WHERE id = $1 AND status = 'out_for_delivery'"


async def get_driver_of_trip(db: Database, trip_id: UUID) -> UUID:
    driver_id: UUID = await db.fetchval(_DRIVER_OF_TRIP, trip_id)
    return driver_id


async def find_driver_on_road(db: Database, order_id: UUID) -> UUID | None:
    driver_id: UUID | None = await db.fetchval(_DRIVER_ON_ROAD, order_id)
    return driver_id


async def list_next_stops(db: Database, driver_id: UUID, *, first: UUID | None) -> list[NextStop]:
    """Return the doors of the orders that the driver has on the road, as they drive; `first` before others."""
    return [NextStop(*row) for row in await db.fetch(_NEXT_STOPS, driver_id, first)]


async def find_origin(db: Database, driver_id: UUID) -> tuple[float, float] | None:
    """Return where the driver of orders on the road probably is; None before the shop is set up."""
    row = await db.fetchrow(_ORIGIN, driver_id)
    return None if row is None else (row["latitude"], row["longitude"])


async def get_city_speed(
    db: Database, *, least_seconds: float, least_metres: float
) -> tuple[float | None, int]:
    """Return the median of how fast drives of the last 30 days came nearer (m/s, straight line), of how many drives.

    Drives that took less time, or went less far, are left out.
    """
    row = await db.fetchrow(_CITY_SPEED, least_seconds, least_metres)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return row["median"], row["drives"]
