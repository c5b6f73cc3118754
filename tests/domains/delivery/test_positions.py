"""Positions: from the phone to Valkey, the watchers and the database."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import orjson
import pytest

from factories.delivery import make_order, position
from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance.service import Law, read_law
from faded_skies.domains.delivery import jobs, service
from faded_skies.domains.delivery.jobs import PositionFlusher
from faded_skies.domains.delivery.schemas.tracking import TrackingAnswer
from faded_skies.domains.delivery.service import positions
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.valkey import Valkey

DAY_MS = 24 * 60 * 60 * 1000
STORED = """
SELECT order_id, latitude, longitude, heading, speed, suspect, (extract(epoch FROM recorded_at) * 1000)::bigint AS at
FROM driver_locations WHERE driver_id = $1 ORDER BY recorded_at
"""


@pytest.fixture
async def customer(app: Application) -> SignedInPerson:
    return await signed_in(app)


@pytest.fixture
async def driver(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.DRIVER)


@pytest.fixture
async def order_id(app: Application, customer: SignedInPerson, driver: SignedInPerson) -> UUID:
    """An order on the road with the driver, who got it an hour ago."""
    made = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    await app.ports.db.fetchval(
        "UPDATE stops SET assigned_at = now() - interval '1 hour' WHERE order_id = $1", made
    )
    return made


@pytest.fixture
async def flusher(app: Application) -> PositionFlusher:
    made = PositionFlusher(app.ports.valkey, app.ports.db, app.ports.get(Law))
    await made.join()
    return made


def now_ms() -> int:
    return int(time.time() * 1000)


async def send(client: httpx.AsyncClient, who: SignedInPerson, body: object) -> httpx.Response:
    return await client.post("/api/driver/location", json=body, headers=who.headers)


async def live(valkey: Valkey, driver: SignedInPerson) -> dict[str, object] | None:
    held = await valkey.get(f"driver:location:{driver.id}")
    return None if held is None else orjson.loads(held)


async def track(client: httpx.AsyncClient, who: SignedInPerson, order_id: UUID) -> httpx.Response:
    return await client.get(f"/api/orders/{order_id}/tracking", headers=who.headers)


# Taking them


async def test_a_position_lies_in_valkey_for_a_minute_with_the_guides_keys(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson, order_id: UUID
) -> None:
    before = now_ms()
    answer = await send(client, driver, position(order_id))
    assert (answer.status_code, answer.json()) == (200, {"received": 1})
    held = await live(app.ports.valkey, driver)
    assert held is not None
    at = held.pop("lastUpdate")
    assert isinstance(at, int)
    assert before <= at <= now_ms()
    assert held == {"lat": 30.28, "lng": -97.75, "heading": 90.5, "speed": 11.2, "orderId": str(order_id)}
    assert 55 < await app.ports.valkey.ttl(f"driver:location:{driver.id}") <= 60


async def test_whole_degrees_and_nothing_else_are_enough(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson
) -> None:
    answer = await send(client, driver, {"lat": 30, "lng": -97})
    assert answer.status_code == 200
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert (held["lat"], held["lng"], held["heading"], held["orderId"]) == (30, -97, None, None)


async def test_an_older_position_does_not_put_the_car_back(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    now = now_ms()
    for at, lat in ((now, 30.3), (now - 5000, 30.299), (now, 30.301)):
        answer = await send(client, driver, position(order_id, lat=lat, timestamp=at))
        assert answer.status_code == 200
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert (held["lat"], held["lastUpdate"]) == (30.3, now)
    await flusher.flush()
    rows = await db.fetch(STORED, driver.id)
    assert [(row["latitude"], row["at"]) for row in rows] == [(30.299, now - 5000), (30.3, now)]
    assert not any(row["suspect"] for row in rows)


async def test_a_batch_is_stored_once_and_its_latest_is_live(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    now = now_ms()
    batch = {
        "positions": [
            position(order_id, timestamp=now - 2000, lat=30.398),
            position(timestamp=now, lat=30.4, heading=None, speed=None),
            position(order_id, timestamp=now - 1000, lat=30.399),
        ]
    }
    for _ in range(2):
        answer = await send(client, driver, batch)
        assert (answer.status_code, answer.json()) == (200, {"received": 3})
    held = await live(app.ports.valkey, driver)
    assert held == {
        "lat": 30.4,
        "lng": -97.75,
        "heading": None,
        "speed": None,
        "orderId": None,
        "lastUpdate": now,
    }
    assert await flusher.flush() == 2
    rows = await db.fetch(STORED, driver.id)
    assert [tuple(row)[:2] for row in rows] == [(order_id, 30.398), (order_id, 30.399), (None, 30.4)]
    assert [row["heading"] for row in rows] == [90.5, 90.5, None]


async def test_only_an_order_of_ones_own_that_is_on_the_road_can_be_named(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    order_id: UUID,
) -> None:
    other = await signed_in(app, Role.DRIVER)
    packed = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    foreign = await send(client, other, position(order_id))
    unknown = await send(client, driver, position(new_id()))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()
    early = await send(client, driver, position(packed))
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")
    assert await app.ports.valkey.keys("driver:*") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lat"),
        ({"lat": 30.0}, "lng"),
        (position(lat=90.1), "lat"),
        (position(lng=-180.1), "lng"),
        (position(lat="30.1"), "lat"),
        (position(lat=True), "lat"),
        (position(heading=361), "heading"),
        (position(heading=-1), "heading"),
        (position(speed=100.1), "speed"),
        (position(timestamp=1.5), "timestamp"),
        (position(timestamp=now_ms() + 3_600_000), "timestamp"),
        (position(timestamp=now_ms() - DAY_MS - 60_000), "timestamp"),
        (position(orderId="7"), "orderId"),
        (position(accuracy=5), "accuracy"),
        ({"positions": []}, "positions"),
        ({"positions": [position()] * 101}, "positions"),
        ({"positions": [position()], "lat": 30.0}, "positions"),
        ({"positions": [position(), position(lat=91)]}, "positions.1.lat"),
        ({"positions": [position(), position(timestamp=7)]}, "positions.1.timestamp"),
    ],
)
async def test_a_position_that_cannot_be(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson, body: object, field: str
) -> None:
    refused = await send(client, driver, body)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [detail["field"] for detail in refused.json()["details"]] == [field]
    assert await app.ports.valkey.keys("driver:*") == []


async def test_numbers_that_json_does_not_know_are_refused(
    client: httpx.AsyncClient, driver: SignedInPerson
) -> None:
    for number in ("NaN", "Infinity", "1e999"):
        refused = await client.post(
            "/api/driver/location",
            content=f'{{"lat": {number}, "lng": 1}}',
            headers=driver.headers | {"Content-Type": "application/json"},
        )
        assert refused.status_code in {400, 422}, refused.text


async def test_telling_too_often_is_refused(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "MOST_CALLS", 2)
    other = await signed_in(app, Role.DRIVER)
    answers = [await send(client, driver, position()) for _ in range(6)]
    # A new minute may begin in between, which lets two more pass.
    assert [answer.status_code for answer in answers].count(200) in {2, 4}
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await send(client, other, position())).status_code == 200


# What cannot be true


async def test_a_jump_is_kept_marked_and_moves_nobody(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    now = now_ms()
    await send(client, driver, position(order_id, timestamp=now - 3000))
    before = await live(app.ports.valkey, driver)
    jump = await send(client, driver, position(order_id, timestamp=now - 2000, lat=31.0))
    assert (jump.status_code, jump.json()) == (200, {"received": 1})
    assert await live(app.ports.valkey, driver) == before
    assert (await track(client, customer, order_id)).json()["driver"]["lat"] == 30.28
    await send(client, driver, position(order_id, timestamp=now - 1000, lat=30.281))
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert held["lat"] == 30.281
    await flusher.flush()
    rows = await db.fetch(STORED, driver.id)
    assert [(row["latitude"], row["suspect"]) for row in rows] == [
        (30.28, False),
        (31.0, True),
        (30.281, False),
    ]


async def test_a_jump_within_a_batch_is_marked_too_and_never_the_last_known_place(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    now = now_ms()
    lats = (30.28, 30.281, 31.0)
    batch = [
        position(order_id, timestamp=now - 3000 + 1000 * place, lat=lat) for place, lat in enumerate(lats)
    ]
    await send(client, driver, {"positions": [batch[2], batch[0], batch[1]]})
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert held["lat"] == 30.281
    await flusher.flush()
    rows = await db.fetch(STORED, driver.id)
    assert [(row["latitude"], row["suspect"]) for row in rows] == [
        (30.28, False),
        (30.281, False),
        (31.0, True),
    ]
    await app.ports.valkey.delete(f"driver:location:{driver.id}")
    assert (await track(client, customer, order_id)).json()["driver"]["lat"] == 30.281


async def test_who_was_believed_wrongly_is_found_again_when_the_live_position_is_gone(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson, order_id: UUID
) -> None:
    await send(client, driver, position(order_id, lat=31.0))
    await send(client, driver, position(order_id))
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert held["lat"] == 31.0
    await app.ports.valkey.delete(f"driver:location:{driver.id}")
    await send(client, driver, position(order_id))
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert held["lat"] == 30.28


async def test_a_phones_backlog_arrives_once_and_in_order(
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    start = now_ms() - 600_000
    fixes = [position(order_id, timestamp=start + 1000 * n, lat=30.28 + n / 10_000) for n in range(250)]
    batches = [{"positions": fixes[place : place + 100]} for place in range(0, 250, 100)]
    for batch in [batches[0], batches[2], batches[1], batches[1]]:
        assert (await send(client, driver, batch)).status_code == 200
    await flusher.flush()
    rows = await db.fetch(STORED, driver.id)
    assert [row["at"] for row in rows] == [start + 1000 * n for n in range(250)]
    assert [row["latitude"] for row in rows] == [fix["lat"] for fix in fixes]
    assert not any(row["suspect"] for row in rows)


async def test_a_backlog_is_kept_though_one_of_its_orders_is_over_and_another_has_a_new_driver(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    over = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    await db.fetchval("UPDATE orders SET status = 'delivered', delivered_at = now() WHERE id = $1", over)
    other = await signed_in(app, Role.DRIVER)
    given_on = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=other.id)
    start = now_ms() - 60_000
    named = [over, given_on, order_id]
    fixes = [position(one, timestamp=start + 1000 * n) for n, one in enumerate(named)]
    assert (await send(client, driver, {"positions": fixes})).status_code == 200
    held = await live(app.ports.valkey, driver)
    assert held is not None
    assert held["orderId"] == str(order_id)
    late = [position(one, timestamp=start + 5000 + n) for n, one in enumerate([given_on, over])]
    assert (await send(client, driver, {"positions": late})).status_code == 200
    await flusher.flush()
    rows = await db.fetch(STORED, driver.id)
    assert [row["order_id"] for row in rows] == [over, None, order_id, None, over]
    assert (await track(client, customer, order_id)).json()["driver"] is None
    assert (await track(client, customer, over)).json()["driver"] is None


async def test_a_backlog_that_names_nothing_of_the_drivers_is_refused(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, driver: SignedInPerson
) -> None:
    waiting = await make_order(app, customer.id, status=Status.CONFIRMED, driver_id=driver.id)
    codes = []
    for named in (waiting, new_id()):
        fixes = [position(named, timestamp=now_ms() - n) for n in range(2)]
        answer = await send(client, driver, {"positions": fixes})
        codes.append((answer.status_code, answer.json()["code"]))
    assert codes == [(409, "INVALID_STATE"), (404, "NOT_FOUND")]


async def test_an_entry_of_the_previous_release_is_stored(
    app: Application, db: Database, driver: SignedInPerson, flusher: PositionFlusher
) -> None:
    one = {"order_id": None, "lat": 30.0, "lng": -97.0, "heading": None, "speed": None, "timestamp": now_ms()}
    await app.ports.valkey.xadd(
        "driver:positions", {"driver": str(driver.id), "positions": orjson.dumps([one])}
    )
    assert await flusher.flush() == 1
    assert [row["suspect"] for row in await db.fetch(STORED, driver.id)] == [False]


# Into the database


async def test_a_crash_between_commit_and_acknowledgement_stores_once(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await send(client, driver, position(order_id))

    async def die(_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(flusher, "_forget", die)
    with pytest.raises(ConnectionResetError):
        await flusher.flush()
    assert len(await db.fetch(STORED, driver.id)) == 1
    assert await app.ports.valkey.xlen("driver:told") == 1

    monkeypatch.setattr(jobs, "ABANDONED_MS", 0)
    heir = PositionFlusher(app.ports.valkey, db, app.ports.get(Law))
    await heir.join()
    assert await heir.flush() == 1
    assert len(await db.fetch(STORED, driver.id)) == 1
    assert await app.ports.valkey.xlen("driver:told") == 0
    assert await heir.flush() == 0


async def test_a_crash_before_the_commit_loses_nothing(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await send(client, driver, position(order_id))
    async with db.transaction() as tx:
        await tx.execute("ALTER TABLE driver_locations ADD CONSTRAINT crawling CHECK (speed < 1) NOT VALID")
    with pytest.raises(Exception, match="crawling"):
        await flusher.flush()
    assert await db.fetch(STORED, driver.id) == []
    async with db.transaction() as tx:
        await tx.execute("ALTER TABLE driver_locations DROP CONSTRAINT crawling")
    assert await flusher.flush() == 0
    monkeypatch.setattr(jobs, "ABANDONED_MS", 0)
    assert await flusher.flush() == 1
    assert len(await db.fetch(STORED, driver.id)) == 1


async def test_two_flushers_share_the_work(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    driver: SignedInPerson,
    flusher: PositionFlusher,
) -> None:
    start = now_ms() - 100_000
    for number in range(40):
        await send(client, driver, position(timestamp=start + number))
    other = PositionFlusher(app.ports.valkey, db, app.ports.get(Law))
    await other.join()
    assert sum(await asyncio.gather(flusher.flush(), other.flush())) == 40
    assert len(await db.fetch(STORED, driver.id)) == 40


async def test_the_worker_stores_them_by_itself_and_what_came_last_before_it_stops(
    app: Application, client: httpx.AsyncClient, db: Database, driver: SignedInPerson
) -> None:
    working = asyncio.create_task(app.worker.run())
    start = now_ms()
    await send(client, driver, position(timestamp=start))
    while not await db.fetch(STORED, driver.id):
        assert not working.done()
        await asyncio.sleep(0.02)
    await send(client, driver, position(timestamp=start + 1))
    app.worker.stop()
    await working
    assert await db.fetchval("SELECT count(*) FROM driver_locations_other") == 0
    assert [row["at"] for row in await db.fetch(STORED, driver.id)] == [start, start + 1]


# The days


async def test_days_are_made_ahead_and_dropped_by_age(db: Database) -> None:
    now = clock.now()
    today = now.date()
    law = read_law("us-tx-example")

    async def renew(ahead: int = 0, *, law: Law = law) -> None:
        async with db.transaction() as tx:
            await service.renew_partitions(tx, law, now=now + timedelta(days=ahead))

    async def partitions() -> list[str]:
        rows = await db.fetch(
            "SELECT relname FROM pg_class WHERE relname ~ '^driver_locations_[0-9]{8}$' ORDER BY relname"
        )
        return [row["relname"] for row in rows]

    def named(*days: int) -> list[str]:
        return [f"driver_locations_{today + timedelta(days=day):%Y%m%d}" for day in days]

    await renew()
    await renew()
    assert await partitions() == named(0, 1, 2)
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    for ahead in (0, 5):
        await db.fetch(
            "INSERT INTO driver_locations (driver_id, recorded_at, latitude, longitude)"
            " VALUES ($1, $2, 1, 1)",
            new_id(),
            noon + timedelta(days=ahead),
        )
    # A day that came too early for its partition stays in the default one.
    await renew(4)
    assert await partitions() == named(0, 1, 2, 4, 6)
    assert await db.fetchval("SELECT count(*) FROM driver_locations_other") == 1
    # California wants them for longer than the example.
    await renew(31, law=read_law("us-ca"))
    assert await partitions() == named(0, 1, 2, 4, 6, 31, 32, 33)
    await renew(31)
    assert await partitions() == named(1, 2, 4, 6, 31, 32, 33)
    assert await db.fetchval("SELECT count(*) FROM driver_locations") == 1
    await renew(36)
    assert await db.fetchval("SELECT count(*) FROM driver_locations") == 0


async def test_two_workers_make_the_same_days(db: Database) -> None:
    async def renew() -> None:
        async with db.transaction() as tx:
            await service.renew_partitions(tx, read_law("us-tx-example"), now=clock.now())

    await asyncio.gather(renew(), renew(), renew())


# Tracking


async def test_tracking_tells_the_story_and_where_the_driver_is(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    order_id: UUID,
) -> None:
    now = now_ms()
    await send(client, driver, position(order_id, timestamp=now))
    agent, admin = [await signed_in(app, role) for role in (Role.AGENT, Role.ADMIN)]
    answers = [await track(client, who, order_id) for who in (customer, driver, agent, admin)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.content for answer in answers}) == 1
    told = answers[0].json()
    TrackingAnswer.model_validate_json(answers[0].content)
    assert (told["order"]["id"], told["order"]["status"]) == (str(order_id), "out_for_delivery")
    assert told["order"]["estimatedDeliveryTime"] == 60
    assert told["order"]["etaSource"] is None
    assert [line["status"] for line in told["tracking"]] == [
        "pending",
        "confirmed",
        "preparing",
        "out_for_delivery",
    ]
    assert told["driver"] == {"lat": 30.28, "lng": -97.75, "heading": 90.5, "speed": 11.2, "lastUpdate": now}


async def test_a_stranger_sees_no_tracking(
    app: Application, client: httpx.AsyncClient, driver: SignedInPerson, order_id: UUID
) -> None:
    stranger = await signed_in(app)
    other = await signed_in(app, Role.DRIVER)
    answers = [
        await track(client, stranger, order_id),
        await track(client, other, order_id),
        await track(client, driver, new_id()),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.content for answer in answers}) == 1
    assert (await client.get(f"/api/orders/{order_id}/tracking")).status_code == 401


async def test_only_the_customer_of_the_next_stop_sees_the_driver(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    order_id: UUID,
) -> None:
    later = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    packed = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    await send(client, driver, position(order_id))
    seen = [(await track(client, customer, one)).json()["driver"] for one in (order_id, later, packed)]
    assert seen[0] is not None
    assert seen[1:] == [None, None]
    await send(client, driver, position(later))
    seen = [(await track(client, customer, one)).json()["driver"] for one in (order_id, later)]
    assert seen[0] is None
    assert seen[1] is not None
    await send(client, driver, position())
    assert (await track(client, customer, later)).json()["driver"] is None


async def test_an_order_that_comes_back_to_its_driver_shows_them_from_their_next_position_on(
    client: httpx.AsyncClient, customer: SignedInPerson, driver: SignedInPerson, order_id: UUID, db: Database
) -> None:
    await send(client, driver, position(order_id))
    assert (await track(client, customer, order_id)).json()["driver"] is not None
    await db.fetchval(
        "UPDATE stops SET assigned_at = now() + interval '1 second' WHERE order_id = $1", order_id
    )
    assert (await track(client, customer, order_id)).json()["driver"] is None
    await send(client, driver, position(order_id, timestamp=now_ms() + 2_000))
    assert (await track(client, customer, order_id)).json()["driver"] is not None


async def test_tracking_falls_back_to_the_database(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    driver: SignedInPerson,
    order_id: UUID,
    flusher: PositionFlusher,
) -> None:
    now = now_ms()
    await send(client, driver, position(order_id, timestamp=now))
    await flusher.flush()
    before = (await track(client, customer, order_id)).json()["driver"]
    await app.ports.valkey.delete(f"driver:location:{driver.id}")
    after = (await track(client, customer, order_id)).json()["driver"]
    assert before == after
    assert after["lastUpdate"] == now
