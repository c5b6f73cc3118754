"""Events out: written with the change or not at all, told in the order of each object, and none lost by trouble."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.events import OrderDied, OrderMoved
from faded_skies.platform import clock, event_lanes, event_outbox
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.event_outbox import BrokerDownError, EventRefusedError, Publish, Relay
from faded_skies.platform.ids import new_id
from faded_skies.platform.outward import Outgoing
from faded_skies.platform.settings import Settings, SettingsError, read_settings
from servers import until

WAITING = "SELECT count(*) FROM events_out"


def moved(order_id: UUID, number: int) -> OrderMoved:
    return OrderMoved(
        order_id=order_id,
        user_id=new_id(),
        order_number=f"FS-{number}",
        status="confirmed",
        message="",
        moved_at=clock.now(),
    )


@pytest.fixture
async def telling(settings: Settings) -> AsyncIterator[Application]:
    """A shop that tells a broker, which is not there."""
    told = settings.model_copy(update={"amqp_url": SecretStr("amqp://127.0.0.1:1")})
    async with bootstrap.application(told) as app:
        yield app


class Recorder:
    """A broker that fails when told to."""

    def __init__(self) -> None:
        self.heard: list[Outgoing] = []
        self.connects = 0
        self.fails: Callable[[Outgoing], bool] = lambda _: False
        self.refuses: Callable[[Outgoing], bool] = lambda _: False
        self.refused: list[Outgoing] = []
        self.routes = True

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Publish]:
        self.connects += 1

        async def publish(event: Outgoing) -> bool:
            await asyncio.sleep(0)
            if self.fails(event):
                raise BrokerDownError("test")
            if self.refuses(event):
                self.refused.append(event)
                raise EventRefusedError
            self.heard.append(event)
            return self.routes

        yield publish

    def numbers(self, subject: UUID) -> list[int]:
        return [
            int(json.loads(one.body)["data"]["orderNumber"].removeprefix("FS-"))
            for one in self.heard
            if one.subject == subject
        ]


@asynccontextmanager
async def relaying(db: Database, settings: Settings, *brokers: Recorder) -> AsyncIterator[None]:
    """Relay until nothing waits."""
    stop = asyncio.Event()
    runs = [asyncio.create_task(Relay(settings.database_url, broker).run(stop)) for broker in brokers]
    try:
        yield

        async def all_told() -> bool:
            for run in runs:
                assert not run.done(), run
            return bool(await db.fetchval(WAITING) == 0)

        await until(all_told, "every event is told")
    finally:
        stop.set()
        await asyncio.gather(*runs)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_outbox, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(event_outbox, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(event_outbox, "WAIT_FOR_LEAD_SECONDS", 0.01)
    monkeypatch.setattr(event_outbox, "BATCH", 7)


async def test_without_a_broker_nothing_is_written(app: Application, client: httpx.AsyncClient) -> None:
    async with app.ports.db.transaction() as tx:
        tx.emit(OrderDied(order_id=new_id()))
    assert await app.ports.db.fetchval(WAITING) == 0
    assert "events" not in (await client.get("/health")).json()["checks"]


async def test_events_are_there_with_the_change_and_gone_with_it(telling: Application) -> None:
    db, order_id = telling.ports.db, new_id()

    def fail(tx: Tx) -> None:
        tx.emit(moved(order_id, 9))
        raise LookupError

    with pytest.raises(LookupError):
        async with db.transaction() as tx:
            fail(tx)
    assert await db.fetchval(WAITING) == 0
    async with db.transaction() as tx:
        tx.emit(moved(order_id, 1))
        with suppress(LookupError):
            async with tx.savepoint():
                fail(tx)
        tx.emit(OrderDied(order_id=order_id))
        tx.emit(moved(order_id, 2))
    rows = await db.fetch("SELECT name, subject, body FROM events_out ORDER BY position")
    assert [row["name"] for row in rows] == ["orders.moved", "orders.died", "orders.moved"]
    assert {row["subject"] for row in rows} == {order_id}
    assert [json.loads(rows[n]["body"])["data"]["orderNumber"] for n in (0, 2)] == ["FS-1", "FS-2"]


async def test_each_objects_events_keep_their_order_through_trouble_and_two_relays(
    telling: Application, settings: Settings
) -> None:
    db, orders, first, second = telling.ports.db, [new_id() for _ in range(4)], Recorder(), Recorder()
    refused: set[UUID] = set()

    def once(event: Outgoing) -> bool:
        """Refuse each third event at its first coming."""
        if event.id in refused or event.id.int % 3:
            return False
        refused.add(event.id)
        return True

    first.fails = second.fails = once
    async with relaying(db, settings, first, second):
        for number in range(20):
            async with db.transaction() as tx:
                for order_id in orders:
                    tx.emit(moved(order_id, number))
    assert refused
    ids = [one.id for one in first.heard + second.heard]
    assert len(ids) == len(set(ids)) == 80
    for order_id in orders:
        # One leads at a time; whoever took over went on where the other had stopped.
        assert sorted(first.numbers(order_id) + second.numbers(order_id)) == list(range(20))
        assert first.numbers(order_id) == sorted(first.numbers(order_id))
        assert second.numbers(order_id) == sorted(second.numbers(order_id))


async def test_an_outage_blocks_nothing_and_loses_nothing(
    telling: Application, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, order_id, broker = telling.ports.db, new_id(), Recorder()
    broker.fails = lambda _: True
    transport = httpx.ASGITransport(app=telling.asgi)
    async with relaying(db, settings, broker):
        async with db.transaction() as tx:
            tx.emit(moved(order_id, 0))

        async def tried() -> bool:
            return broker.connects > 2

        await until(tried, "the relay tries again")
        for number in range(1, 30):
            async with db.transaction() as tx:
                tx.emit(moved(order_id, number))
        assert await db.fetchval(WAITING) == 30
        await db.fetchval("UPDATE events_out SET stated_at = now() - interval '3 days' RETURNING 1")
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            told = (await http.get("/health")).json()
        assert told["status"] == "healthy"
        assert told["checks"]["events"]["status"] == "degraded"
        assert "30 events wait for the broker" in told["checks"]["events"]["error"]
        broker.fails = lambda _: False
    assert broker.numbers(order_id) == list(range(30))


async def test_a_full_queue_holds_up_only_what_it_is_to_get(
    telling: Application, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_outbox, "FIRST_PAUSE", 3600.0)
    db, broker, stop = telling.ports.db, Recorder(), asyncio.Event()
    orders, others = [new_id() for _ in range(30)], [new_id() for _ in range(30)]
    broker.refuses = lambda event: event.name == "orders.moved"
    for number in range(3):
        async with db.transaction() as tx:
            for order_id in orders:
                tx.emit(moved(order_id, number))
                tx.emit(OrderDied(order_id=order_id))
    async with db.transaction() as tx:
        for other_id in others:
            tx.emit(OrderDied(order_id=other_id))
    run = asyncio.create_task(Relay(settings.database_url, broker).run(stop))
    try:

        async def others_are_told() -> bool:
            assert not run.done(), run
            return len(broker.heard) == len(others)

        await until(others_are_told, "the others are told")
    finally:
        stop.set()
        await run
    assert broker.connects == 1, "the broker is well"
    assert {event.subject for event in broker.heard} == set(others)
    assert [event.subject for event in broker.refused] == orders, "each once, and nothing that comes after it"
    assert await db.fetchval(WAITING) == 180
    assert await db.fetchval("SELECT count(DISTINCT subject) FROM events_out") == 30


@pytest.mark.parametrize("most_lanes", [2000, 3])
async def test_order_is_kept_while_a_queue_is_full_now_and_then(
    telling: Application, settings: Settings, monkeypatch: pytest.MonkeyPatch, most_lanes: int
) -> None:
    monkeypatch.setattr(event_outbox, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(event_lanes, "MOST_LANES", most_lanes)
    db, broker, orders = telling.ports.db, Recorder(), [new_id() for _ in range(12)]
    tries = 0

    def now_and_then(event: Outgoing) -> bool:
        nonlocal tries
        tries += event.name == "orders.moved"
        return event.name == "orders.moved" and tries // 20 % 2 == 0

    broker.refuses = now_and_then
    async with relaying(db, settings, broker):
        for number in range(8):
            async with db.transaction() as tx:
                for order_id in orders:
                    tx.emit(moved(order_id, number))
                    tx.emit(OrderDied(order_id=order_id))
    assert broker.refused
    assert len(broker.heard) == len({event.id for event in broker.heard}) == 12 * 16
    for order_id in orders:
        came = [event for event in broker.heard if event.subject == order_id]
        assert [event.name for event in came] == ["orders.moved", "orders.died"] * 8
        numbers = [json.loads(event.body)["data"].get("orderNumber") for event in came[::2]]
        assert numbers == [f"FS-{number}" for number in range(8)]


async def test_pauses_grow_until_an_event_is_told(
    telling: Application, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the broker takes every connection, and drops it with the first event."""
    pauses: list[float] = []

    async def rest(stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.001)

    monkeypatch.setattr(event_outbox, "_rest", rest)
    monkeypatch.setattr(event_outbox, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(event_outbox, "IDLE_SECONDS", 0.5)
    broker, first, second = Recorder(), new_id(), new_id()
    broker.fails = lambda event: broker.connects < (8 if event.subject == first else 10)
    async with telling.ports.db.transaction() as tx:
        tx.emit(moved(first, 0))
        tx.emit(moved(second, 0))
    async with relaying(telling.ports.db, settings, broker):
        pass
    assert [pause for pause in pauses if pause != 0.5] == [1, 2, 4, 8, 16, 30, 30, 1, 2]


async def test_what_no_queue_wants_is_told_and_does_not_come_again(
    telling: Application, settings: Settings
) -> None:
    broker = Recorder()
    broker.routes = False
    async with telling.ports.db.transaction() as tx:
        tx.emit(OrderDied(order_id=new_id()))
    async with relaying(telling.ports.db, settings, broker):
        pass
    assert len(broker.heard) == 1


async def test_the_worker_relays(telling: Application, app: Application) -> None:
    consumers = [one.name for one in telling.worker._consumers]
    assert "platform.events_out" in consumers
    assert "platform.events_out" not in [one.name for one in app.worker._consumers]


@pytest.mark.parametrize("url", ["http://rabbit.example", "amqp:rabbit", "rabbit.example:5672"])
def test_another_kind_of_address_stops_the_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", url)
    with pytest.raises(SettingsError, match="AMQP_URL: write amqp:// or amqps://"):
        read_settings()
