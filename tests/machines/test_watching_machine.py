"""Whoever watches an order knows what a fresh look would tell, whatever is done with it.

Hypothesis draws the steps of staff, customer and driver. Customer and staff watch, each by a socket and by a stream,
and come and go at drawn moments: also between a fact and the telling of it, which the worker does later. A watcher
folds what it hears into what it shows, as docs/adr/0028 says clients do: joining answers with the state, a stream that
has an event's id gets what it missed, and of two lines of the story the later decides.

Minutes are held loosely: watchers are told of an estimate only when it moved by a minute, and the clock goes on.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import socketio
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from factories.catalog import make_product
from factories.delivery import position
from factories.identity import signed_in
from factories.stage import Stage, open_stage
from factories.trade import JSON
from faded_skies.domains.orders.rules import Status
from faded_skies.domains.orders.service import staff_room
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import serving

DECLINES, ASKS = "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"
_OVER = {Status.DELIVERED, Status.RETURNED, Status.CANCELLED}
_MINUTES = 2

Headers = dict[str, str]


@dataclass
class Shown:
    """What a watcher shows of an order. Of two lines of its story the later says how it stands."""

    status: str = ""
    minutes: int | None = None
    driver: JSON | None = None
    story: list[tuple[str, str, str]] = field(default_factory=list)

    def take_state(self, told: JSON) -> None:
        order = told["order"]
        self.status, self.minutes, self.driver = (
            order["status"],
            order["estimatedDeliveryTime"],
            told["driver"],
        )

    def take_story(self, lines: list[JSON]) -> None:
        self.story = sorted((line["createdAt"], line["status"], line["message"]) for line in lines)

    def hear(self, name: str, told: JSON) -> None:
        if name == "state":
            self.take_state(told)
        elif name == "order-status":
            self._hear_line((told["createdAt"], told["status"], told["message"]))
        elif name == "eta-update":
            self.minutes = told["eta"]
        elif name in {"driver-changed", "driver-hidden"}:
            self.driver = None
        elif name == "driver-location":
            self.driver = {key: told[key] for key in ("lat", "lng", "heading", "speed")}
            self.driver["lastUpdate"] = told["timestamp"]

    def _hear_line(self, line: tuple[str, str, str]) -> None:
        if line in self.story:
            return  # told twice
        self.story = sorted([*self.story, line])
        self.status = self.story[-1][1]
        if self.status != Status.OUT_FOR_DELIVERY:
            self.driver = None
        if self.status in _OVER:
            self.minutes = None


class Watcher:
    """Somebody who watches one order, or is away; `hear` takes in all that was told before a fence."""

    def __init__(self, client: httpx.AsyncClient, address: str, headers: Headers, order_id: str) -> None:
        self.client = client
        self.address = address
        self.headers = headers
        self.order_id = order_id
        self.shown = Shown()
        self.here = AsyncExitStack()
        self.is_here = False

    async def come(self) -> None:
        self.is_here = True
        await self._join()

    async def go(self) -> None:
        self.is_here = False
        await self.here.aclose()

    async def hear(self, fence: str) -> None:
        async with asyncio.timeout(20):
            while True:
                name, told = await self._next()
                if (name, told) == ("fence", fence):
                    return
                # Customers hear of all their orders; a position names none, and only this one's watchers have it.
                if name != "fence" and told.get("orderId", self.order_id) == self.order_id:
                    self.shown.hear(name, told)

    async def look(self) -> JSON:
        """Return how the order stands, and its story, as a fresh look has it."""
        answer = await self.client.get(f"/api/orders/{self.order_id}/tracking", headers=self.headers)
        assert answer.status_code == 200, answer.text
        fresh: JSON = answer.json()
        return fresh

    async def _join(self) -> None:
        raise NotImplementedError

    async def _next(self) -> tuple[str, Any]:
        raise NotImplementedError


class BySocket(Watcher):
    """Joins, and then reads the story."""

    async def _join(self) -> None:
        heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.heard = heard
        io = socketio.AsyncClient(reconnection=False)

        async def put(event: str, data: object) -> None:
            heard.put_nowait((event, data))

        io.on("*", put)
        token = self.headers["Authorization"].removeprefix("Bearer ")
        await io.connect(self.address, auth={"token": token}, transports=["websocket"])
        self.here.push_async_callback(io.disconnect)
        answer = await io.call("track-order", {"orderId": self.order_id}, timeout=10)
        assert answer["ok"] is True, answer
        self.shown.take_state(answer)
        self.shown.take_story((await self.look())["tracking"])

    async def _next(self) -> tuple[str, Any]:
        return await self.heard.get()


class ByStream(Watcher):
    """Reads the story once; coming back, it has what it missed by the id of the last event it heard."""

    last_id: str | None = None

    async def _join(self) -> None:
        http = await self.here.enter_async_context(httpx.AsyncClient(base_url=self.address, timeout=30))
        after = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
        path = f"/api/orders/{self.order_id}/events"
        answer = await self.here.enter_async_context(http.stream("GET", path, headers=self.headers | after))
        assert answer.status_code == 200
        self.lines = answer.aiter_lines()
        name = ""
        while name != "state":
            name, told = await self._next()
            self.shown.hear(name, told)
        if self.last_id is None:
            self.shown.take_story((await self.look())["tracking"])

    async def _next(self) -> tuple[str, Any]:
        fields: dict[str, str] = {}
        async for line in self.lines:
            name, _, value = line.partition(": ")
            if line and name:
                fields[name] = value
            elif "event" in fields:
                self.last_id = fields.get("id", self.last_id)
                return fields["event"], orjson.loads(fields["data"])
        raise EOFError


@dataclass
class World:
    stage: Stage
    address: str
    grinder: UUID
    other_driver: Headers
    other_driver_id: UUID


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with open_stage(settings, DECLINES, ASKS) as stage:
        trade, stack = stage.trade, AsyncExitStack()
        grinder = stage.run(
            make_product(trade.db, "Grinder", price_cents=1701, stock=1_000_000, product_class="accessory")
        )
        other = stage.run(signed_in(trade.app, role=Role.DRIVER))
        answer = stage.post("/api/driver/shift", other.headers, {"online": True})
        assert answer.status_code == 200, answer.text
        address = stage.run(stack.enter_async_context(serving(trade.app.asgi)))
        yield World(stage, address, grinder, other.headers, other.id)
        stage.run(stack.aclose())


class Watching(RuleBasedStateMachine):
    """One order of one customer, and four who watch it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.stage = self.world.stage
        self.trade = self.stage.trade
        self.do = self.stage.run
        self.order: JSON = {}
        self.watchers: list[Watcher] = []

    @initialize(
        tender=st.sampled_from(["card", "card", "cash", "cash", DECLINES, ASKS]),
        far=st.sampled_from(["placed", "packed", "left", "left"]),
    )
    def somebody_orders(self, tender: str, far: str) -> None:
        placed = self.do(self.trade.try_order((self.world.grinder, 2), tender=tender))
        told = placed.json()
        order_id = told["order"]["id"] if placed.status_code == 201 else told["orderId"]
        self.order = self.do(self.trade.look({"id": order_id}))
        if self.order["status"] == "confirmed" and far != "placed":
            self.do(self.trade.pack(self.order))
            if far == "left":
                assert self.do(self.trade.pick_up(self.order)).status_code == 200
        for headers in (self.trade.shopper.headers, self.trade.admin.headers):
            for way in (BySocket, ByStream):
                watcher = way(self.trade.client, self.world.address, headers, order_id)
                self.watchers.append(watcher)
                self.do(watcher.come())
        self.compare()

    def drivers(self, *, other: bool) -> Headers:
        return self.world.other_driver if other else self.trade.driver.headers

    def did(self, answer: httpx.Response, turn: int | None) -> None:
        """Somebody may come or go before the worker tells what was done; then everybody knows it."""
        assert answer.status_code < 500, answer.text
        if turn is not None:
            self.do(self.turn(self.watchers[turn]))
        self.do(self.trade.app.worker.drain())
        self.compare()

    async def turn(self, watcher: Watcher) -> None:
        await (watcher.go() if watcher.is_here else watcher.come())

    def compare(self) -> None:
        fence = str(new_id())
        rooms = [f"order:{self.order['id']}", staff_room(UUID(self.order["id"]))]
        self.do(self.trade.app.ports.realtime.tell("fence", fence, rooms=rooms))
        for watcher in self.watchers:
            if watcher.is_here:
                self.do(watcher.hear(fence))
                fresh = Shown()
                whole = self.do(watcher.look())
                fresh.take_state(whole)
                fresh.take_story(whole["tracking"])
                self.same(watcher, fresh)

    def same(self, watcher: Watcher, fresh: Shown) -> None:
        shown, who = watcher.shown, type(watcher).__name__
        assert (who, shown.status, shown.driver) == (who, fresh.status, fresh.driver)
        assert shown.story == fresh.story
        assert (shown.minutes is None) == (fresh.minutes is None)
        if shown.minutes is not None and fresh.minutes is not None:
            assert abs(shown.minutes - fresh.minutes) <= _MINUTES

    turns = st.sampled_from([None, None, None, 0, 1, 2, 3])

    @rule(turn=st.integers(0, 3))
    def come_or_go(self, turn: int) -> None:
        self.do(self.turn(self.watchers[turn]))
        self.compare()

    @rule(turn=turns, status=st.sampled_from(["preparing", "preparing", "preparing", "cancelled"]))
    def staff_moves(self, turn: int | None, status: str) -> None:
        url = f"/api/admin/orders/{self.order['id']}/status"
        body = {"status": status, "reason": "As drawn."}
        ask: Coroutine[Any, Any, httpx.Response] = self.trade.client.patch(
            url, json=body, headers=self.trade.admin.headers
        )
        self.did(self.do(ask), turn)

    @rule(turn=turns, other=st.booleans())
    def staff_assigns(self, turn: int | None, *, other: bool) -> None:
        driver_id = self.world.other_driver_id if other else self.trade.driver.id
        url = f"/api/admin/orders/{self.order['id']}/assign"
        self.did(self.stage.post(url, self.trade.admin.headers, {"driverId": str(driver_id)}), turn)

    @rule(
        turn=turns,
        other=st.booleans(),
        what=st.sampled_from(["accept", "decline", "pickup", "pickup", "pickup", "arrive", "return"]),
    )
    def driver_acts(self, turn: int | None, what: str, *, other: bool) -> None:
        body = {"reason": "As drawn."} if what in {"decline", "return"} else None
        url = f"/api/driver/orders/{self.order['id']}/{what}"
        self.did(self.stage.post(url, self.drivers(other=other), body), turn)

    @rule(turn=turns, other=st.booleans(), heading=st.integers(0, 359), elsewhere=st.booleans())
    def driver_moves(self, turn: int | None, heading: int, *, other: bool, elsewhere: bool) -> None:
        where = position(None if elsewhere else UUID(self.order["id"]), heading=heading)
        self.did(self.stage.post("/api/driver/location", self.drivers(other=other), where), turn)

    @rule(turn=turns)
    def driver_hands_over(self, turn: int | None) -> None:
        due = self.do(self.trade.look(self.order))["payment"]["amountDue"]
        self.did(self.do(self.trade.hand_over(self.order, cash=due)), turn)

    @rule(turn=turns, what=st.sampled_from(["cancel", "confirm-payment", "confirm-payment"]))
    def customer_acts(self, turn: int | None, what: str) -> None:
        body = (
            {"paymentMethodId": str(self.trade.shopper.methods["card"])}
            if what == "confirm-payment"
            else None
        )
        url = f"/api/orders/{self.order['id']}/{what}"
        self.did(self.stage.post(url, self.trade.shopper.headers, body), turn)

    @rule(turn=turns, quantity=st.integers(1, 3))
    def customer_changes(self, turn: int | None, quantity: int) -> None:
        body = {"lines": [{"productId": str(self.world.grinder), "quantity": quantity}]}
        url = f"/api/orders/{self.order['id']}/amend"
        self.did(self.stage.post(url, self.trade.shopper.headers, body), turn)

    def teardown(self) -> None:
        for watcher in self.watchers:
            self.do(watcher.here.aclose())


@pytest.mark.timeout(280)
def test_who_watches_knows_what_a_fresh_look_tells(world: World) -> None:
    machine = type("Machine", (Watching,), {"world": world})
    run_machine(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            phases=[Phase.generate],  # a step takes long: what failed is told as it was drawn
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
