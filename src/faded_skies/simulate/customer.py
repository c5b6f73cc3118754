"""A customer: signed in, with an address, ways to pay, and ears on the socket."""

import asyncio
from typing import Any

from faded_skies.demo.people import PASSWORD, Person
from faded_skies.simulate import wire
from faded_skies.simulate.client import Api, Unexplained
from faded_skies.simulate.scene import Scene
from faded_skies.simulate.sockets import Socket
from faded_skies.simulate.tally import Failure

GOOD_CARD, GOOD_LAST_FOUR = "pm_card_visa", "4242"


class Customer:
    """One demo customer with one socket: visits the shop one at a time, follows orders side by side."""

    def __init__(self, person: Person, scene: Scene) -> None:
        self.person = person
        self.scene = scene
        self.tally = scene.tally
        self.chance = scene.chance(person.email)
        self.api = Api(scene.plan.url, scene.tally)
        self.socket = Socket(scene.plan.url, token=lambda: self.api.token, hear=self.hear, tally=scene.tally)
        self.address_id = ""
        self.methods: dict[str, str] = {}
        """Id of a payment method by what it is: card, cash, fs_coin."""
        self.exhausted: set[str] = set()
        """Product classes whose daily limit this person has met."""
        self.heard: dict[str, set[str]] = {}
        """States that the socket told, by order."""
        self.newest_before: str | None = None
        """The latest order from before this simulation."""
        self.busy = False
        """On a visit."""
        self.unanswered = 0
        """Orders that were on their way when an interruption came; whether they were placed nobody was told."""
        self.watches: set[asyncio.Task[None]] = set()
        self._told: set[tuple[str, str, str]] = set()

    async def come_in(self) -> None:
        """Sign in and make sure of an address and of ways to pay. Raises Refused, Unexplained."""
        await self.api.sign_in(self.person.email, PASSWORD)
        self.address_id = await self._address()
        await self._ways_to_pay()
        before = await self.api.call("GET", "/api/orders", query={"limit": 1})
        newest = before.read(wire.several(wire.order), "orders")
        self.newest_before = newest[0].id if newest else None

    async def stop_following(self, patience: float) -> None:
        """Wait for the followed orders to end, then stop; a watch that died of a mistake raises it here."""
        if not self.watches:
            return
        done, left = await asyncio.wait(self.watches, timeout=patience)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for task in done:
            task.result()

    def hear(self, event: str, data: Any) -> None:
        """Take what the socket tells; each state of an order comes once."""
        if event != "order-status":
            return
        try:
            told = (wire.text(data["orderId"]), wire.text(data["status"]), wire.text(data["createdAt"]))
        except (KeyError, TypeError) as wrong:
            self.tally.fail(Failure(f"wrong shape: {type(wrong).__name__} {wrong}", "SOCKET order-status"))
            return
        if told in self._told:
            self.tally.fail(Failure(f"told twice that an order is {told[1]}", "SOCKET order-status"))
        self._told.add(told)
        self.heard.setdefault(told[0], set()).add(told[1])
        if told[0] in self.scene.orders:
            self.scene.orders[told[0]].news.set()

    async def add_card(self, test_id: str, *, refusals: frozenset[str] = frozenset()) -> str:
        """Add a card and return its id. Raises Refused, Unexplained."""
        answer = await self.api.call(
            "POST",
            "/api/payments/methods",
            json={"type": "card", "stripePaymentMethodId": test_id},
            refusals=refusals,
        )
        return answer.read(wire.text, "paymentMethod", "id")

    async def _address(self) -> str:
        """Return the id of the demo address, which is added when it is not there."""
        home = self.person.address
        if home is None:
            raise Unexplained(Failure("this demo person has no address", "simulate"))
        answer = await self.api.call("GET", "/api/users/addresses")
        for known in answer.read(wire.several(dict), "addresses"):
            if known.get("addressLine1") == home.line1:
                return wire.text(known["id"])
        body = {
            "name": "Home",
            "addressLine1": home.line1,
            "city": home.city,
            "state": home.state,
            "zipCode": home.zip_code,
            "addressType": "home",
            "isPrimary": True,
            "pin": {"latitude": home.latitude, "longitude": home.longitude},
        }
        if home.instructions:
            body["deliveryInstructions"] = home.instructions
        added = await self.api.call("POST", "/api/users/addresses", json=body)
        if not added.read(wire.yes_or_no, "address", "inServiceArea"):
            raise added.unexplained("a demo address lies outside of the service areas")
        return added.read(wire.text, "address", "id")

    async def _ways_to_pay(self) -> None:
        answer = await self.api.call("GET", "/api/payments/methods")
        for method in answer.read(wire.several(dict), "paymentMethods"):
            kind = wire.text(method["type"])
            if kind != "card" or method.get("lastFour") == GOOD_LAST_FOUR:
                self.methods[kind] = wire.text(method["id"])
        if "card" not in self.methods:
            self.methods["card"] = await self.add_card(GOOD_CARD)
        for kind in ("cash", "fs_coin"):
            if kind not in self.methods:
                added = await self.api.call("POST", "/api/payments/methods", json={"type": kind})
                self.methods[kind] = added.read(wire.text, "paymentMethod", "id")
