"""An order as server-sent events: the same rights and the same facts as on the socket, resumable."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from factories.delivery import make_order, position
from factories.identity import SignedInPerson, signed_in
from factories.sockets import SHAPES, connected
from factories.strict import make_strict
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery.schemas.tracking import TrackedShape
from faded_skies.domains.orders.service import Status
from faded_skies.platform import connections, streams
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import serving

Drain = Callable[[], Awaitable[None]]


class Stream:
    """A followed order; `next` gives the next event as (name, data, id)."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, Any, str | None]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    data = orjson.loads(fields["data"])
                    shape = TrackedShape if fields["event"] == "state" else SHAPES[fields["event"]]
                    shape.model_validate_json(fields["data"])
                    return fields["event"], data, fields.get("id")
        raise EOFError

    async def ended(self) -> bool:
        try:
            await self.next()
        except EOFError:
            return True
        return False


@asynccontextmanager
async def following(
    address: str, person: SignedInPerson, order_id: object, *, after: str | None = None
) -> AsyncIterator[Stream]:
    headers = person.headers | ({} if after is None else {"Last-Event-ID": after})
    async with (
        httpx.AsyncClient(base_url=address, timeout=15) as http,
        http.stream("GET", f"/api/orders/{order_id}/events", headers=headers) as answer,
    ):
        yield Stream(answer)


async def pick_up(client: httpx.AsyncClient, driver: SignedInPerson, order_id: UUID) -> None:
    picked = await client.post(f"/api/driver/orders/{order_id}/pickup", headers=driver.headers)
    assert picked.status_code == 200, picked.text


async def test_a_stream_tells_what_a_socket_hears_and_goes_on_where_it_broke_off(
    app: Application, client: httpx.AsyncClient, address: str, drain: Drain
) -> None:
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    await drain()
    async with following(address, customer, order_id) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        name, state, _ = await stream.next()
        assert (name, state["order"]["status"], state["driver"]) == ("state", "preparing", None)
        await pick_up(client, driver, order_id)
        await drain()
        name, data, first = await stream.next()
        assert (name, data["orderId"], data["status"]) == ("order-status", str(order_id), "out_for_delivery")
        told = await client.post("/api/driver/location", json=position(order_id), headers=driver.headers)
        assert told.status_code == 200
        name, data, no_id = await stream.next()
        assert (name, data["lat"], no_id) == ("driver-location", 30.28, None)
    arrived = await client.post(f"/api/driver/orders/{order_id}/arrive", headers=driver.headers)
    assert arrived.status_code == 200
    await drain()
    async with following(address, customer, order_id, after=first) as stream:
        name, data, second = await stream.next()
        assert (name, data["message"][:18]) == ("order-status", "Your driver is at ")
        assert second != first
        name, state, _ = await stream.next()
        assert (name, state["driver"]["lat"]) == ("state", 30.28)
    for unknown in (str(new_id()), "nonsense", ""):
        async with following(address, customer, order_id, after=unknown) as stream:
            assert (await stream.next())[0] == "state"


async def test_facts_reach_streams_of_another_process(
    app: Application, client: httpx.AsyncClient, settings: Settings, address: str, drain: Drain
) -> None:
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    await drain()
    async with (
        bootstrap.application(settings) as second,
        serving(second.asgi) as elsewhere,
        following(elsewhere, customer, order_id) as stream,
        connected(app, address, driver) as driving,
    ):
        assert (await stream.next())[0] == "state"
        await pick_up(client, driver, order_id)
        await drain()
        assert (await stream.next())[1]["status"] == "out_for_delivery"
        assert (await driving.send("driver-location-update", position(order_id)))["ok"] is True
        assert (await stream.next())[0] == "driver-location"


async def test_only_who_may_see_the_order_follows_it(app: Application, address: str) -> None:
    customer, stranger = await signed_in(app), await signed_in(app)
    driver, other = [await signed_in(app, Role.DRIVER) for _ in range(2)]
    agent, admin = await signed_in(app, Role.AGENT), await signed_in(app, Role.ADMIN)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    for who in (customer, driver, agent, admin):
        async with following(address, who, order_id) as stream:
            assert (await stream.next())[0] == "state"
    for who in (stranger, other):
        async with following(address, who, order_id) as refused:
            assert refused.answer.status_code == 404
    async with following(address, customer, new_id()) as refused:
        assert refused.answer.status_code == 404


async def test_where_the_law_hides_the_driver_a_customers_stream_does_too(
    app: Application, client: httpx.AsyncClient, address: str, tmp_path: Path, drain: Drain
) -> None:
    (folder := tmp_path / "rules").mkdir()
    make_strict(app, folder, positions="live_to_customer = false")
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    async with (
        following(address, customer, order_id) as watching,
        following(address, driver, order_id) as driving,
    ):
        for stream in (watching, driving):
            assert (await stream.next())[0] == "state"
        told = await client.post("/api/driver/location", json=position(order_id), headers=driver.headers)
        assert told.status_code == 200
        assert (await driving.next())[0] == "driver-location"
        arrived = await client.post(f"/api/driver/orders/{order_id}/arrive", headers=driver.headers)
        assert arrived.status_code == 200
        await drain()
        # The next thing the customer hears: no position came in between.
        assert (await watching.next())[0] == "order-status"


async def test_a_stream_ends_with_its_session(
    app: Application, client: httpx.AsyncClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_BETWEEN_LOOKS_SECONDS", 0.05)
    customer = await signed_in(app)
    order_id = await make_order(app, customer.id)
    async with following(address, customer, order_id) as stream:
        assert (await stream.next())[0] == "state"
        assert (await client.post("/api/auth/logout", headers=customer.headers)).status_code == 204
        assert await stream.ended()


async def test_one_that_falls_behind_ends_and_an_eleventh_is_refused(
    app: Application, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_OF_ONE_PERSON", 1)
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    async with following(address, customer, order_id) as stream:
        assert (await stream.next())[0] == "state"
        async with following(address, customer, order_id) as refused:
            assert refused.answer.status_code == 429
            assert orjson.loads(await refused.answer.aread())["code"] == "RATE_LIMITED"
        async with following(address, driver, order_id) as other:
            assert (await other.next())[0] == "state"
    listener = streams.Listener(["order:x"])
    for number in range(streams.MOST_BEHIND + 1):
        listener.put(("order-status", number))
    assert await listener.get(1) is None


async def listeners(app: Application) -> set[str]:
    """The ids of the connections to Valkey that have subscribed to something."""
    return {one["id"] for one in await app.ports.valkey.client_list(_type="pubsub")}


async def test_a_lost_valkey_ends_the_streams_and_the_next_ones_hear_again(
    app: Application, client: httpx.AsyncClient, address: str, drain: Drain
) -> None:
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    await drain()
    sockets = await listeners(app)
    async with following(address, customer, order_id) as stream:
        assert (await stream.next())[0] == "state"
        (ours,) = await listeners(app) - sockets
        await app.ports.valkey.client_kill_filter(_id=ours)
        assert await stream.ended()
    async with following(address, customer, order_id) as stream:
        assert (await stream.next())[0] == "state"
        await pick_up(client, driver, order_id)
        await drain()
        assert (await stream.next())[1]["status"] == "out_for_delivery"
