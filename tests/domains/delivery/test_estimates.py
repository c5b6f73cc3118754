"""When orders arrive: reckoned when it matters, told when it is news."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from factories.delivery import DOOR, id_check, position
from factories.road import Road
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.jobs import PositionFlusher
from faded_skies.domains.delivery.ports import TravelTimes
from faded_skies.domains.delivery.rules import SPEED_M_S
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.sockets import EtaUpdateShape
from faded_skies.platform import clock
from faded_skies.platform.geo import distance_m
from faded_skies.platform.rooms import Message

ETAS = "SELECT id, eta_at, eta_source, eta_told_at FROM orders WHERE id = ANY($1::uuid[])"
AS_IT_WAS_CALLED_BEFORE = """
UPDATE pgqueuer SET entrypoint = 'delivery.reckon_for_joined',
    payload = (SELECT payload FROM pgqueuer WHERE entrypoint = 'delivery.dispatch_after_move' ORDER BY id DESC LIMIT 1)
WHERE entrypoint = 'delivery.reckon_for_loaded' RETURNING id
"""
SHOP = "SELECT latitude, longitude FROM shop"
Drain = Callable[[], Awaitable[None]]


@pytest.fixture
def told(road: Road, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, list[str]]]:
    """What rooms are told: event, payload, rooms."""
    heard: list[tuple[str, Any, list[str]]] = []

    async def tell(event: str, data: object, *, rooms: list[str]) -> None:
        if event == "eta-update":
            EtaUpdateShape.model_validate_json(orjson.dumps(data, default=str))
        heard.append((event, data, rooms))

    async def tell_all(messages: Sequence[Message]) -> None:
        for one in messages:
            await tell(one.event, one.data, rooms=list(one.rooms))

    monkeypatch.setattr(road.app.ports.realtime, "tell", tell)
    monkeypatch.setattr(road.app.ports.realtime, "tell_all", tell_all)
    return heard


async def etas(road: Road, *order_ids: UUID) -> list[Any]:
    rows = {row["id"]: row for row in await road.db.fetch(ETAS, list(order_ids))}
    return [rows[order_id] for order_id in order_ids]


async def minutes(road: Road, order_id: UUID) -> float:
    [row] = await etas(road, order_id)
    left: timedelta = row["eta_at"] - clock.now()
    return left / timedelta(minutes=1)


async def drive_from_shop(road: Road) -> float:
    """Return the minutes from the shop to the factory's door at the default speed."""
    [shop] = await road.db.fetch(SHOP)
    return distance_m(shop["latitude"], shop["longitude"], *DOOR) / SPEED_M_S / 60


async def letters(road: Road, kind: str) -> int:
    return int(
        await road.db.fetchval(
            "SELECT count(*) FROM notices WHERE user_id = $1 AND kind = $2", road.customer.id, kind
        )
    )


async def queued(road: Road, job: str) -> int:
    return int(await road.db.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", job))


async def test_departure_reckons_every_stop_in_order_and_tells_the_customers(
    road: Road, drain: Drain, told: list[tuple[str, Any, list[str]]]
) -> None:
    first, second = await road.packed(), await road.packed()
    await road.on_the_road(first, second)
    before = await etas(road, first)
    assert before[0]["eta_source"] is None
    await drain()
    drive = await drive_from_shop(road)
    assert abs(await minutes(road, first) - drive) < 0.5
    assert abs(await minutes(road, second) - drive - 4) < 0.5  # the same door, after the first stop
    rows = await etas(road, first, second)
    assert {row["eta_source"] for row in rows} == {"distance"}
    assert [row["eta_told_at"] for row in rows] == [row["eta_at"] for row in rows]
    updates = [(data["orderId"], rooms) for event, data, rooms in told if event == "eta-update"]
    assert sorted(order_id for order_id, _ in updates) == sorted([first, second])
    for order_id, rooms in updates:
        assert set(rooms) == {
            f"user:{road.customer.id}",
            f"order:{order_id}",
            f"order-staff:{order_id}",
            f"order-driver:{order_id}:{road.driver.id}",
        }
    answer = await road.client.get(f"/api/orders/{first}/tracking", headers=road.customer.headers)
    assert answer.json()["order"]["etaSource"] == "distance"


async def test_an_order_that_joins_a_trip_has_all_of_them_reckoned(road: Road, drain: Drain) -> None:
    first, second = await road.packed(), await road.packed()
    await road.post(f"orders/{first}/pickup")
    await drain()
    picked = await road.post(f"orders/{second}/pickup")
    assert picked.status_code == 200, picked.text
    await drain()
    drive = await drive_from_shop(road)
    assert abs(await minutes(road, first) - drive) < 0.5
    assert abs(await minutes(road, second) - drive - 4) < 0.5


async def test_what_waits_under_the_name_of_the_state_before_is_reckoned_too_and_none_is_made(
    road: Road, drain: Drain
) -> None:
    first, second = await road.packed(), await road.packed()
    await road.post(f"orders/{first}/pickup")
    await drain()
    await road.post(f"orders/{second}/pickup")
    assert await queued(road, "delivery.reckon_for_joined") == 0
    assert len(await road.db.fetch(AS_IT_WAS_CALLED_BEFORE)) == 1
    await drain()
    assert await queued(road, "delivery.reckon_for_joined") == 0
    drive = await drive_from_shop(road)
    assert abs(await minutes(road, second) - drive - 4) < 0.5


async def test_pings_have_it_reckoned_once_a_minute(road: Road, drain: Drain) -> None:
    ports = road.app.ports
    flusher = PositionFlusher(ports.valkey, ports.db, ports.get(Law))
    await flusher.join()
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await drain()
    for lat in (DOOR[0] + 0.1, DOOR[0] + 0.1001):
        answer = await road.post("location", position(order_id, lat=lat, lng=DOOR[1]))
        assert answer.status_code == 200
        await flusher.flush()
    assert await queued(road, "delivery.reckon_on_the_way") == 1
    await drain()
    drive = distance_m(DOOR[0] + 0.1001, DOOR[1], *DOOR) / SPEED_M_S / 60
    assert abs(await minutes(road, order_id) - drive) < 0.5
    await road.app.ports.valkey.delete(f"driver:eta:{road.driver.id}")
    await road.post("location", position(order_id, lat=DOOR[0] + 0.1002, lng=DOOR[1]))
    await flusher.flush()
    assert await queued(road, "delivery.reckon_on_the_way") == 1


async def test_between_reckonings_watchers_see_the_stored_estimate_run_down(
    road: Road, drain: Drain, told: list[tuple[str, Any, list[str]]]
) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await drain()
    for left in (30, 12):
        await road.db.fetch(
            "UPDATE orders SET eta_at = now() + make_interval(mins => $2) WHERE id = $1", order_id, left
        )
        told.clear()
        await road.post("location", position(order_id, lat=DOOR[0] + 0.1, lng=DOOR[1]))
        [(event, data, _)] = told
        assert (event, data["eta"]) == ("driver-location", left)


async def test_a_stop_has_the_others_reckoned(road: Road, drain: Drain) -> None:
    first, second = await road.packed(), await road.packed()
    await road.on_the_road(first, second)
    await drain()
    await road.post(f"orders/{first}/deliver", {"idCheck": id_check(), "signature": "Ada"})
    assert await road.status(first) == "delivered"
    await drain()
    assert await minutes(road, second) < 0.1  # the driver is at that very door
    [done] = await etas(road, first)
    assert (done["eta_at"], done["eta_source"]) == (None, None)


async def test_another_driver_has_their_own_way_and_who_watches_hears_of_it(
    road: Road, drain: Drain, told: list[tuple[str, Any, list[str]]]
) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await drain()
    await road.post("location", position(lat=DOOR[0] + 0.3, lng=DOOR[1]), who=road.other)
    handed = await road.staff("POST", f"orders/{order_id}/assign", {"driverId": str(road.other.id)})
    assert handed.status_code == 200, handed.text
    await drain()
    drive = distance_m(DOOR[0] + 0.3, DOOR[1], *DOOR) / SPEED_M_S / 60
    assert abs(await minutes(road, order_id) - drive) < 0.5
    ((data, rooms),) = [(data, rooms) for event, data, rooms in told if event == "driver-changed"]
    assert data == {"orderId": order_id}
    assert rooms == [
        orders.customers_room(order_id),
        orders.staff_room(order_id),
        orders.drivers_room(order_id, road.other.id),
    ]


async def test_only_more_than_five_minutes_from_what_was_told_is_news(
    road: Road, drain: Drain, told: list[tuple[str, Any, list[str]]]
) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await drain()
    start = clock.now() + timedelta(minutes=40)

    async def set_to(later: float) -> tuple[int, int]:
        """Set it to so many minutes later; returns how many small moves and how much news came of it."""
        async with road.db.transaction() as tx:
            etas = {order_id: start + timedelta(minutes=later)}
            moved = await orders.set_etas(
                tx, driver_id=road.driver.id, etas=etas, source="osrm", reckoned_at=clock.now()
            )
        news = await queued(road, "orders.push_eta")
        await drain()
        return len(moved), news

    wrote = await letters(road, "eta")
    assert await set_to(0) == (0, 1)
    assert await letters(road, "eta") == wrote + 1
    assert await set_to(0.5) == (0, 0)
    assert await set_to(3) == (1, 0)
    assert await set_to(4.9) == (1, 0)  # small steps add up
    assert await set_to(5.1) == (0, 1)
    assert await set_to(0.2) == (1, 0)
    assert await set_to(-1) == (0, 1)
    assert await letters(road, "eta") == wrote + 3
    assert {data["source"] for event, data, _ in told if event == "eta-update"} == {"distance", "osrm"}


async def test_an_estimate_that_has_passed_is_not_written_to_anybody(road: Road, drain: Drain) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await drain()
    wrote = await letters(road, "eta")
    async with road.db.transaction() as tx:
        etas = {order_id: clock.now() - timedelta(minutes=30)}
        await orders.set_etas(
            tx, driver_id=road.driver.id, etas=etas, source="google", reckoned_at=clock.now()
        )
    await drain()
    assert await letters(road, "eta") == wrote


async def test_an_estimate_of_another_driver_or_a_delivered_order_changes_nothing(road: Road) -> None:
    out, packed = await road.packed(), await road.packed()
    await road.on_the_road(out)
    before = await etas(road, out, packed)
    for driver_id in (road.other.id, road.driver.id):
        async with road.db.transaction() as tx:
            wanted = {packed: clock.now()} if driver_id == road.driver.id else {out: clock.now()}
            found = await orders.set_etas(
                tx, driver_id=driver_id, etas=wanted, source="osrm", reckoned_at=clock.now()
            )
            assert found == []
    assert await etas(road, out, packed) == before


async def test_a_reckoning_that_was_overtaken_leaves_the_newer_estimate(
    road: Road, drain: Drain, told: list[tuple[str, Any, list[str]]]
) -> None:
    first, second = await road.packed(), await road.packed()
    await road.on_the_road(first, second)
    await drain()
    ports = road.app.ports
    times = ports.get(TravelTimes)
    newer: list[Any] = []

    async def reckon(by: Any) -> None:
        await service.reckon(
            ports.db, ports.valkey, ports.realtime, by, driver_id=road.driver.id, now=clock.now()
        )

    class Overtaken:
        """A vendor who answers only after a stop was delivered and the rest reckoned anew."""

        async def along(self, points: Sequence[tuple[float, float]]) -> Any:
            assert len(points) == 3  # from where they are, by both doors
            assert (await road.post(f"orders/{first}/deliver", {"idCheck": id_check()})).status_code == 200
            await reckon(times)
            newer.extend(await etas(road, second))
            told.clear()
            way = await times.along(points)
            return replace(way, legs=[replace(leg, seconds=leg.seconds + 3600) for leg in way.legs])

    await reckon(Overtaken())
    assert await etas(road, second) == newer
    assert [event for event, _, _ in told if event == "eta-update"] == []
    await reckon(times)  # and the next one counts again
    assert (await etas(road, second))[0]["eta_at"] > newer[0]["eta_at"]


async def test_nothing_on_the_road_is_nothing_to_reckon(road: Road) -> None:
    ports = road.app.ports

    class Never:
        async def along(self, points: object) -> Any:
            raise AssertionError(points)

    await service.reckon(
        ports.db, ports.valkey, ports.realtime, Never(), driver_id=road.driver.id, now=clock.now()
    )


DRIVES = """
WITH made AS (
    INSERT INTO trips (id, driver_id, created_at, departed_at, ended_at)
    SELECT gen_random_uuid(), $1, now() - interval '2 days', now() - interval '2 days', now() - interval '1 day'
    FROM generate_series(1, $3) RETURNING id
)
INSERT INTO stop_log (id, trip_id, order_id, driver_id, kind, latitude, longitude, at)
SELECT gen_random_uuid(), m.id, l.order_id, $1, l.kind, l.latitude, l.longitude, now() - interval '2 days' + l.after
FROM made m, (VALUES
    ('departed', NULL::uuid, $4::float8, $5::float8, interval '0'),
    ('arrived', $2::uuid, NULL, NULL, interval '1000 seconds'),
    ('delivered', $2::uuid, NULL, NULL, interval '1200 seconds')
) AS l (kind, order_id, latitude, longitude, after)
"""


async def test_the_speed_of_the_city_is_learned_from_delivered_stops(road: Road) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await road.post(f"orders/{order_id}/deliver", {"idCheck": id_check(), "signature": "Ada"})
    assert await road.status(order_id) == "delivered"
    start = (DOOR[0] + 0.1, DOOR[1])
    await road.db.fetch(DRIVES, road.driver.id, order_id, 19, *start)
    assert await service.CitySpeed(road.db).get() == SPEED_M_S
    learned = service.CitySpeed(road.db)
    await road.db.fetch(DRIVES, road.driver.id, order_id, 1, *start)
    assert await learned.get() == pytest.approx(distance_m(*start, *DOOR) / 1000)
    await road.db.fetch("DELETE FROM stop_log")
    assert await learned.get() == pytest.approx(distance_m(*start, *DOOR) / 1000)  # for an hour
    assert await service.CitySpeed(road.db).get() == SPEED_M_S
