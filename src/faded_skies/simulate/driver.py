"""A driver: fetches orders, drives the road map, checks the ID at the door and hands over."""

import asyncio
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from faded_skies.demo.people import CUSTOMERS, PASSWORD, Person
from faded_skies.demo.road_map import Point
from faded_skies.demo.roads import Position, drive, route
from faded_skies.platform.geo import distance_m
from faded_skies.simulate import wire
from faded_skies.simulate.client import Answer, Api, Refused, going_on, new_key
from faded_skies.simulate.scene import SHOP, Scene
from faded_skies.simulate.sockets import Socket

TRUNK = 6
"""Orders that a driver takes along at once."""

TICK = 1.0
"""Seconds between two positions."""

AT_THE_DOOR = (15, 60)
"""Seconds of real life until somebody opens."""

BATCH = 5
"""Positions in one call of the API, on drives where the phone sends them that way."""

FLOAT = 10_000
"""Cents of change that a driver takes along."""

# Shares of drives and of handovers.
BY_API, WRONG_ID_FIRST, FORGETS_CASH, NOBODY_THERE = 0.2, 0.08, 0.1, 0.02

GONE = frozenset({"INVALID_STATE", "NOT_FOUND"})
"""The order was cancelled, or given to somebody else, a moment ago."""

_BY_PHONE = {person.phone[-4:]: person for person in CUSTOMERS}


class Driver:
    """One demo driver. `load` is how many orders are on their list."""

    def __init__(self, person: Person, scene: Scene) -> None:
        self.person = person
        self._scene = scene
        self._tally = scene.tally
        self._chance = scene.chance(person.email)
        self.api = Api(scene.plan.url, scene.tally)
        self.socket = Socket(
            scene.plan.url, token=lambda: self.api.token, hear=lambda *_: None, tally=scene.tally
        )
        self.id = ""
        self.load = 0
        self.doing = "signing in"
        self._at = SHOP
        self._cash = 0

    async def come_in(self) -> None:
        """Sign in and begin the shift. Raises Refused, Unexplained."""
        answer = await self.api.sign_in(self.person.email, PASSWORD)
        self.id = answer.read(wire.text, "user", "id")
        await self._begin()

    async def run(self) -> None:
        """Deliver until the scene is closing and everything on board is delivered."""
        while True:
            done = False
            with going_on(self._tally):
                done = await self._round()
            if done:
                break
            await asyncio.sleep(TICK)
        with going_on(self._tally):
            await self._shift(online=False, closingCash=self._cash / 100)
        self.doing = "home"

    async def _round(self) -> bool:
        """Take orders along and bring them; True when the day is over."""
        stops = await self._stops()
        aboard = [stop for stop in stops if stop.status == "out_for_delivery"]
        packed = [stop for stop in stops if stop.status == "preparing"]
        if not aboard:
            if self._scene.closing.is_set():
                return True
            await self._go_back()
            if self._scene.closing.is_set():
                return True
            aboard = [stop for stop in packed[:TRUNK] if await self._pick_up(stop)]
        while aboard:
            next_stop = min(aboard, key=lambda stop: distance_m(*self._at, *stop.door))
            aboard.remove(next_stop)
            with going_on(self._tally):
                await self._bring(next_stop)
            self.load = max(0, self.load - 1)
        self.doing = "waiting at the shop"
        return False

    async def _stops(self) -> list[wire.Stop]:
        answer = await self.api.call("GET", "/api/driver/orders")
        stops = answer.read(wire.several(wire.stop), "orders")
        self.load = len(stops)
        return stops

    async def _begin(self) -> None:
        """Begin the shift with a float, or go on with one that was begun with another."""
        try:
            answer = await self._shift(online=True, openingCash=FLOAT / 100, refusals={"INVALID_STATE"})
        except Refused:
            answer = await self._shift(online=True)
        self._cash = answer.read(wire.cents, "cash", "openingCash")

    async def _shift(self, *, online: bool, refusals: Collection[str] = (), **cash: float) -> Answer:
        answer = await self.api.call(
            "POST", "/api/driver/shift", json={"online": online, **cash}, refusals=refusals
        )
        if answer.read(wire.yes_or_no, "shift", "online") is not online:
            raise answer.unexplained(f"the shift is not {'online' if online else 'offline'}")
        return answer

    async def _pick_up(self, stop: wire.Stop) -> bool:
        try:
            await self._step(stop, "pickup", becomes="out_for_delivery", refusals=GONE)
        except Refused:
            return False
        return True

    async def _bring(self, stop: wire.Stop) -> None:
        self.doing = f"driving to a door {distance_m(*self._at, *stop.door) / 1000:.0f} km away"
        await self._drive(stop.door, stop.id)
        await self._step(stop, "arrive", becomes="out_for_delivery")
        self.doing = "at the door"
        await asyncio.sleep(self._chance.uniform(*AT_THE_DOOR) / self._scene.plan.speed)
        person = _BY_PHONE.get((stop.contact or "")[-4:])
        if person is None or self._chance.sometimes(NOBODY_THERE):
            await self._step(
                stop,
                "return",
                becomes="returned",
                body={"reason": "Nobody with a valid ID came to the door."},
            )
            self._tally.counts["brought_back"] += 1
            return
        await self._hand_over(stop, person)

    async def _hand_over(self, stop: wire.Stop, person: Person) -> None:
        next_year = (datetime.now(UTC) + timedelta(days=400)).date()
        check: dict[str, object] = {
            "method": "visual",
            "documentType": "drivers_license",
            "dateOfBirth": person.date_of_birth.isoformat(),
            "expiresAt": next_year.isoformat(),
            "nameMatches": True,
        }
        cash: dict[str, object] = {}
        if stop.cash_due:
            bills = -(-stop.cash_due // 2000) * 2000
            exact = self._chance.sometimes(0.5)
            cash = {"cashReceived": (stop.cash_due if exact else bills) / 100}
        if self._chance.sometimes(WRONG_ID_FIRST):
            stranger = {**check, "dateOfBirth": (person.date_of_birth + timedelta(days=1)).isoformat()}
            await self._must_refuse(stop, {"idCheck": stranger, **cash}, "ID_CHECK_FAILED")
        if cash and self._chance.sometimes(FORGETS_CASH):
            await self._must_refuse(stop, {"idCheck": check}, "CASH_MISSING")
        await self._step(stop, "deliver", becomes="delivered", body={"idCheck": check, **cash})
        self._cash += stop.cash_due

    async def _must_refuse(self, stop: wire.Stop, body: dict[str, object], code: str) -> None:
        try:
            await self._step(stop, "deliver", becomes="", body=body, refusals=frozenset({code}))
        except Refused as refused:
            if refused.code != code:
                raise

    async def _step(
        self,
        stop: wire.Stop,
        step: str,
        *,
        becomes: str,
        body: dict[str, object] | None = None,
        refusals: frozenset[str] = frozenset(),
    ) -> None:
        """Take one step with an order, which must bring it into the given state. Raises Refused, Unexplained."""
        answer = await self.api.call(
            "POST",
            f"/api/driver/orders/{{id}}/{step}",
            of=stop.id,
            json=body,
            key=new_key(),
            refusals=refusals,
        )
        state = answer.read(wire.text, "order", "status")
        if state != becomes:
            raise answer.unexplained(f"after {step} the order is {state}")

    async def _go_back(self) -> None:
        if self._at == SHOP:
            return
        self.doing = "driving back to the shop"
        await self._drive(SHOP, None)

    async def _drive(self, goal: Point, order_id: str | None) -> None:
        """Drive by road and tell the position every second, by socket or a few at a time by the API."""
        tell = self._tell_by_api if self._chance.sometimes(BY_API) else self._tell_by_socket
        kept: list[dict[str, object]] = []
        for position in drive(route(self._at, goal), every=TICK * self._scene.plan.speed):
            started = time.monotonic()
            self._at = Point(position.lat, position.lng)
            kept.append(_report(position, order_id))
            with going_on(self._tally):
                kept = await tell(kept)
            await asyncio.sleep(max(0.0, started + TICK - time.monotonic()))
        self._at = goal

    async def _tell_by_socket(self, reports: list[dict[str, object]]) -> list[dict[str, object]]:
        for report in reports:
            await self.socket.ask("driver-location-update", report)
        return []

    async def _tell_by_api(self, reports: list[dict[str, object]]) -> list[dict[str, object]]:
        if len(reports) < BATCH:
            return reports
        answer = await self.api.call(
            "POST", "/api/driver/location", json={"positions": reports}, refusals=GONE
        )
        if answer.read(wire.whole, "received") != len(reports):
            raise answer.unexplained("not all positions were taken")
        return []


def _report(position: Position, order_id: str | None) -> dict[str, object]:
    report: dict[str, object] = {
        "lat": position.lat,
        "lng": position.lng,
        "heading": position.heading,
        "speed": position.speed,
        "timestamp": time.time_ns() // 1_000_000,
    }
    return report if order_id is None else {**report, "orderId": order_id}
