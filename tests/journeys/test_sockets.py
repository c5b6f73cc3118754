"""Socket.IO over a real server: signing in, following an order, and seeing the driver come."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import socketio

from factories.delivery import DOOR, make_order, position
from factories.identity import SignedInPerson, signed_in
from factories.sockets import connected
from factories.strict import make_strict
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock, connections, realtime
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import serving, until


@pytest.mark.parametrize("auth", [None, {}, {"token": None}, {"token": "nonsense"}, {"token": 7}, "nonsense"])
async def test_a_bad_token_is_refused(address: str, auth: object) -> None:
    io = socketio.AsyncClient(reconnection=False)
    refusals: asyncio.Queue[Any] = asyncio.Queue()
    io.on("connect_error", refusals.put)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await io.connect(address, auth=auth, transports=["websocket"])
    refusal = await asyncio.wait_for(refusals.get(), 5)
    assert refusal["message"] == "Authentication error"
    assert not io.connected


async def test_a_signed_out_token_is_refused(
    app: Application, client: httpx.AsyncClient, address: str
) -> None:
    person = await signed_in(app)
    async with connected(app, address, person):
        pass
    assert (await client.post("/api/auth/logout", headers=person.headers)).status_code == 204
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with connected(app, address, person):
            pass


async def end(person: SignedInPerson, settings: Settings, by: str) -> None:
    """End the person's session from another process."""
    async with bootstrap.application(settings) as other:
        if by == "suspension":
            await other.ports.db.pool.execute(
                "UPDATE users SET account_status = 'suspended' WHERE id = $1", person.id
            )
            return
        transport = httpx.ASGITransport(app=other.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
            answer = await elsewhere.delete("/api/users/sessions", headers=person.headers)
            assert answer.status_code == 204


@pytest.mark.parametrize("by", ["sign-out", "suspension"])
async def test_nothing_counts_that_is_sent_after_the_sessions_end(
    app: Application,
    address: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    monkeypatch.setattr(connections, "_BETWEEN_LOOKS_SECONDS", 3_600)
    customer = await signed_in(app)
    order = {"orderId": str(await make_order(app, customer.id))}
    async with connected(app, address, customer) as watching:
        assert (await watching.send("track-order", order))["ok"] is True
        await end(customer, settings, by)
        refused = await watching.send("track-order", order)
        assert (refused["ok"], refused["code"]) == (False, "INVALID_TOKEN")


@pytest.mark.parametrize("by", ["sign-out", "suspension"])
async def test_who_is_signed_out_anywhere_is_hung_up_on(
    app: Application,
    address: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    monkeypatch.setattr(connections, "_BETWEEN_LOOKS_SECONDS", 0.05)
    person, bystander = await signed_in(app), await signed_in(app)
    async with connected(app, address, person) as leaves, connected(app, address, bystander) as stays:
        await end(person, settings, by)
        async with asyncio.timeout(10):
            await leaves.io.wait()
        assert not leaves.io.connected
        assert await stays.heard() == []


async def test_a_customer_sees_their_driver_come(
    app: Application, client: httpx.AsyncClient, address: str, drain: Callable[[], Awaitable[None]]
) -> None:
    customer, stranger = await signed_in(app), await signed_in(app)
    driver = await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    async with (
        connected(app, address, customer) as watching,
        connected(app, address, stranger) as outside,
        connected(app, address, driver) as driving,
    ):
        await drain()
        await watching.heard()
        joined = await watching.send("track-order", {"orderId": str(order_id)})
        assert joined["ok"] is True
        assert joined["driver"] is None
        assert (joined["order"]["id"], joined["order"]["status"]) == (str(order_id), "preparing")

        refused = await outside.send("track-order", {"orderId": str(order_id)})
        absent = await outside.send("track-order", {"orderId": str(new_id())})
        assert refused == absent
        assert (refused["ok"], refused["code"]) == (False, "NOT_FOUND")

        early = await driving.send("driver-location-update", position(order_id))
        assert (early["ok"], early["code"]) == (False, "INVALID_STATE")
        picked = await client.post(f"/api/driver/orders/{order_id}/pickup", headers=driver.headers)
        assert picked.status_code == 200
        await drain()
        [(event, moved)] = await watching.heard()
        assert event == "order-status"
        assert set(moved) == {"orderId", "status", "message", "createdAt"}
        assert (moved["orderId"], moved["status"]) == (str(order_id), "out_for_delivery")

        told = position(order_id, lat=DOOR[0] + 0.1, lng=DOOR[1])
        assert await driving.send("driver-location-update", told) == {"ok": True, "received": 1}
        [(event, seen)] = await watching.heard()
        assert event == "driver-location"
        at = seen.pop("timestamp")
        assert seen == {"lat": DOOR[0] + 0.1, "lng": DOOR[1], "heading": 90.5, "speed": 11.2, "eta": 22}

        late = told | {"timestamp": at - 1}
        batch = {
            "positions": [late, told | {"timestamp": at + 2}, position(timestamp=at + 1, lat=told["lat"])]
        }
        assert await driving.send("driver-location-update", batch) == {"ok": True, "received": 3}
        assert (await driving.send("driver-location-update", late))["ok"] is True
        [(event, seen)] = await watching.heard()
        assert (event, seen["timestamp"]) == ("driver-location", at + 2)

        state = await watching.send("track-order", {"orderId": str(order_id)})
        tracking = await client.get(f"/api/orders/{order_id}/tracking", headers=customer.headers)
        assert state["driver"] == tracking.json()["driver"]
        assert state["order"] == tracking.json()["order"]
        assert await outside.heard() == []
        assert [event for event, _ in await driving.heard()] == ["order-offered"]

        arrived = await client.post(f"/api/driver/orders/{order_id}/arrive", headers=driver.headers)
        assert arrived.status_code == 200
        await drain()
        (noted,) = [data for event, data in await watching.heard() if event == "order-status"]
        assert noted["message"] == "Your driver is at the door. Please bring your ID."
        # What is told is a line of the story, and known by its time.
        fresh = await client.get(f"/api/orders/{order_id}/tracking", headers=customer.headers)
        keys = ("status", "message", "createdAt")
        story = [[line[key] for key in keys] for line in fresh.json()["tracking"]]
        assert [[line[key] for key in keys] for line in (moved, noted)] == story[-2:]


async def test_who_was_shown_the_driver_hears_that_they_go_elsewhere_first(
    app: Application, address: str
) -> None:
    driver = await signed_in(app, Role.DRIVER)
    first, second = await signed_in(app), await signed_in(app)
    ids = [
        await make_order(app, one.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
        for one in (first, second)
    ]
    async with (
        connected(app, address, first) as early,
        connected(app, address, second) as later,
        connected(app, address, driver) as driving,
    ):
        watching = list(zip((early, later), ids, strict=True))
        for socket, order_id in watching:
            assert (await socket.send("track-order", {"orderId": str(order_id)}))["ok"] is True

        async def drives(order_id: UUID | None, **more: object) -> list[list[str]]:
            """Return what each watcher heard of a position."""
            told = position(order_id, **more)
            assert (await driving.send("driver-location-update", told))["ok"] is True
            heard = [await socket.heard() for socket, _ in watching]
            for name, data in (one for each in heard for one in each):
                if name == "driver-hidden":
                    assert data == {"orderId": data["orderId"], "timestamp": now}
            return [[name for name, _ in one] for one in heard]

        async def shown() -> list[bool]:
            states = [await socket.send("track-order", {"orderId": str(one)}) for socket, one in watching]
            return [state["driver"] is not None for state in states]

        now = int(time.time() * 1000) + 1000
        assert await drives(ids[0], timestamp=now - 2) == [["driver-location"], []]
        assert await shown() == [True, False]
        assert await drives(ids[1], timestamp=now) == [["driver-hidden"], ["driver-location"]]
        assert await shown() == [False, True]
        assert await drives(ids[0], timestamp=now - 1) == [[], []]
        await app.ports.valkey.delete(f"driver:location:{driver.id}")  # as after a minute of silence
        now += 3000
        assert await drives(None, timestamp=now) == [[], ["driver-hidden"]]
        assert await shown() == [False, False]
        assert await drives(None, timestamp=now + 1) == [[], []]


async def test_where_the_law_hides_the_driver_only_staff_see_them(
    app: Application, client: httpx.AsyncClient, address: str, tmp_path: Path
) -> None:
    (folder := tmp_path / "rules").mkdir()
    make_strict(app, folder, positions="live_to_customer = false")
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    agent = await signed_in(app, Role.AGENT)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    url, order = f"/api/orders/{order_id}/tracking", {"orderId": str(order_id)}
    async with (
        connected(app, address, customer) as watching,
        connected(app, address, agent) as staff,
        connected(app, address, driver) as driving,
    ):
        for client_of in (watching, staff):
            assert (await client_of.send("track-order", order))["ok"] is True
        assert (await driving.send("driver-location-update", position(order_id)))["ok"] is True
        assert [event for event, _ in await staff.heard()] == ["driver-location"]
        assert await watching.heard() == []
        assert (await watching.send("track-order", order))["driver"] is None
        assert (await staff.send("track-order", order))["driver"]["lat"] == 30.28
        assert (await driving.send("driver-location-update", position()))["ok"] is True
        assert [event for event, _ in await staff.heard()] == ["driver-hidden"]
        assert await watching.heard() == []
        assert (await driving.send("driver-location-update", position(order_id)))["ok"] is True
    assert (await client.get(url, headers=customer.headers)).json()["driver"] is None
    for person in (driver, agent):
        assert (await client.get(url, headers=person.headers)).json()["driver"]["lat"] == 30.28


async def test_two_servers_share_their_rooms(app: Application, settings: Settings, address: str) -> None:
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    async with (
        bootstrap.application(settings) as second,
        serving(second.asgi) as elsewhere,
        connected(second, address, customer) as watching,
        connected(app, elsewhere, driver) as driving,
    ):
        assert (await watching.send("track-order", {"orderId": str(order_id)}))["ok"] is True
        assert (await driving.send("driver-location-update", position(order_id)))["ok"] is True
        assert [event for event, _ in await watching.heard()] == ["driver-location"]
        assert await driving.heard() == []


async def test_only_the_orders_driver_tells_where_it_is(app: Application, address: str) -> None:
    customer = await signed_in(app)
    driver, other = [await signed_in(app, Role.DRIVER) for _ in range(2)]
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    async with (
        connected(app, address, customer) as watching,
        connected(app, address, other) as intruding,
    ):
        assert (await watching.send("track-order", {"orderId": str(order_id)}))["ok"] is True
        foreign = await intruding.send("driver-location-update", position(order_id))
        assert (foreign["ok"], foreign["code"]) == (False, "NOT_FOUND")
        not_a_driver = await watching.send("driver-location-update", position(order_id))
        assert (not_a_driver["ok"], not_a_driver["code"]) == (False, "INSUFFICIENT_PERMISSIONS")
        assert await watching.heard() == []
        assert await app.ports.valkey.keys("driver:*") == []


@pytest.mark.parametrize("role", [Role.AGENT, Role.ADMIN, Role.DRIVER])
async def test_staff_and_the_driver_may_watch(
    app: Application, client: httpx.AsyncClient, address: str, role: Role
) -> None:
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    watcher = driver if role is Role.DRIVER else await signed_in(app, role)
    async with connected(app, address, watcher) as watching:
        assert (await watching.send("track-order", {"orderId": str(order_id)}))["ok"] is True
        answer = await client.post("/api/driver/location", json=position(order_id), headers=driver.headers)
        assert answer.status_code == 200
        assert [event for event, _ in await watching.heard()] == ["driver-location"]


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("track-order", None),
        ("track-order", "x"),
        ("track-order", {"orderId": 7}),
        ("track-order", {}),
        ("driver-location-update", {"lat": 91, "lng": 0}),
        ("driver-location-update", {"lat": 30, "lng": 0, "mood": "good"}),
        ("driver-location-update", []),
        ("driver-location-update", {}),
    ],
)
async def test_a_payload_that_cannot_be(app: Application, address: str, event: str, payload: object) -> None:
    driver = await signed_in(app, Role.DRIVER)
    async with connected(app, address, driver) as driving:
        refused = await driving.send(event, payload)
        assert (refused["ok"], refused["code"]) == (False, "VALIDATION_ERROR")
        assert refused["error"]
        assert await driving.send("track-order", {"orderId": str(new_id())}) != refused


async def test_who_gave_the_order_up_hears_no_more_of_it(
    app: Application, client: httpx.AsyncClient, address: str, drain: Callable[[], Awaitable[None]]
) -> None:
    customer, admin = await signed_in(app), await signed_in(app, Role.ADMIN)
    before, after = [await signed_in(app, Role.DRIVER) for _ in range(2)]
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=before.id)
    order = {"orderId": str(order_id)}
    async with connected(app, address, before) as gone, connected(app, address, after) as new:
        assert (await gone.send("track-order", order))["ok"] is True
        url = f"/api/admin/orders/{order_id}/assign"
        body = {"driverId": str(after.id)}
        given = await client.post(url, json=body, headers=admin.headers)
        assert given.status_code == 200, given.text
        await drain()
        await gone.heard()
        assert (await gone.send("track-order", order))["code"] == "NOT_FOUND"
        assert (await new.send("track-order", order))["ok"] is True
        assert (await new.send("driver-location-update", position(order_id)))["ok"] is True
        assert [event for event, _ in await new.heard()] == ["order-offered", "driver-location"]
        assert await gone.heard() == []


async def test_one_socket_can_only_send_so_much(
    app: Application, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy, calm = await signed_in(app), await signed_in(app)
    monkeypatch.setattr(realtime, "EVENTS_A_SECOND", 0)
    async with connected(app, address, noisy) as shouting, connected(app, address, calm) as speaking:
        body = {"orderId": str(new_id())}
        answers = await asyncio.gather(*(shouting.send("track-order", body) for _ in range(60)))
        codes = [one["code"] for one in answers]
        most = realtime.MOST_AT_ONCE
        assert codes == ["NOT_FOUND"] * most + ["RATE_LIMITED"] * (60 - most)
        assert (await speaking.send("track-order", body))["code"] == "NOT_FOUND"
        monkeypatch.setattr(realtime, "EVENTS_A_SECOND", 1_000)
        assert (await shouting.send("track-order", body))["code"] == "NOT_FOUND"


async def test_an_expired_token_is_hung_up_on(
    app: Application, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_BETWEEN_LOOKS_SECONDS", 0.05)
    person = await signed_in(app)
    async with connected(app, address, person) as waiting:
        await asyncio.sleep(0.2)
        assert waiting.io.connected
        later = clock.now() + timedelta(hours=25)
        monkeypatch.setattr(clock, "now", lambda: later)
        async with asyncio.timeout(10):
            await waiting.io.wait()
        assert not waiting.io.connected


async def test_who_does_not_listen_costs_nobody_anything(
    app: Application, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_BETWEEN_LOOKS_SECONDS", 0.2)
    deaf, listening = await signed_in(app), await signed_in(app)
    async with connected(app, address, listening) as hears:
        reader, writer = await deaf_socket(address, deaf)
        known = app.ports.get(connections.Connections)
        assert len(known) == 2
        for _ in range(2_500):
            await app.ports.realtime.tell("fill", "x" * 4_000, rooms=[f"user:{deaf.id}"])

        async def alone() -> bool:
            return len(known) == 1

        await until(alone, "the deaf one is hung up on")
        assert await hears.heard() == []
        writer.transport.abort()
        del reader


async def deaf_socket(
    address: str, person: SignedInPerson
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect by hand, say hello, and read no more."""
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2_048)
    writer.write(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    text = b"40" + orjson.dumps({"token": person.access_token})
    writer.write(bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text)
    await reader.readuntil(b"40{")
    return reader, writer
