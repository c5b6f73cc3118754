"""The person at the counter: packs orders, gives them to drivers, and clears up at closing time."""

import asyncio
from collections import deque
from collections.abc import Sequence

from faded_skies.demo.people import ADMIN, PASSWORD
from faded_skies.simulate import wire
from faded_skies.simulate.client import Api, Refused, going_on, new_key
from faded_skies.simulate.driver import TRUNK, Driver
from faded_skies.simulate.scene import Scene

LOOK = 1.0
"""Seconds between two looks at the board."""

PAGE = 100


class Staff:
    """The demo admin. Also handles orders that people place by hand meanwhile."""

    def __init__(self, scene: Scene, drivers: Sequence[Driver]) -> None:
        self._scene = scene
        self._drivers = drivers
        self._packed: deque[str] = deque()
        self.api = Api(scene.plan.url, scene.tally)

    async def come_in(self) -> None:
        """Sign in, and find what earlier days left packed and undelivered. Raises Refused, Unexplained."""
        await self.api.sign_in(ADMIN.email, PASSWORD)
        answer = await self.api.call("GET", "/api/admin/orders", query={"status": "preparing", "limit": PAGE})
        packed = reversed(answer.read(wire.several(wire.order), "orders"))
        self._packed.extend(order.id for order in packed if not order.has_driver)

    async def run(self) -> None:
        while not self._scene.closing.is_set():
            with going_on(self._scene.tally):
                await self._pack()
            await self._hand_out()
            await asyncio.sleep(LOOK)

    async def close(self) -> None:
        """Cancel the orders of this simulation that never left; nobody will bring them."""
        for placed in self._scene.orders.values():
            if placed.status in wire.FINAL or placed.status == "out_for_delivery":
                continue
            with going_on(self._scene.tally):
                answer = await self.api.call(
                    "PATCH",
                    "/api/admin/orders/{id}/status",
                    of=placed.id,
                    json={"status": "cancelled", "reason": "The simulation is over."},
                    refusals={"INVALID_STATE"},
                )
                placed.status = answer.read(wire.order, "order").status
                self._scene.tally.counts["cancelled_at_closing"] += 1

    async def _pack(self) -> None:
        query: dict[str, str | int] = {"status": "confirmed", "limit": PAGE}
        board = await self.api.call("GET", "/api/admin/orders", query=query)
        for order in reversed(board.read(wire.several(wire.order), "orders")):
            with going_on(self._scene.tally):
                answer = await self.api.call(
                    "PATCH",
                    "/api/admin/orders/{id}/status",
                    of=order.id,
                    json={"status": "preparing"},
                    refusals={"INVALID_STATE"},
                )
                if answer.read(wire.order, "order").status != "preparing":
                    raise answer.unexplained("packed, and still not being packed")
                await self._scan(order)
                self._packed.append(order.id)

    async def _scan(self, order: wire.Order) -> None:
        """Take what was ordered from the shelf, lot after lot, and scan each tag."""
        scans: list[dict[str, str | int]] = []
        for product_id, wanted in order.goods.items():
            answer = await self.api.call(
                "GET", "/api/admin/lots", query={"productId": product_id, "limit": PAGE}
            )
            left = wanted
            for lot in answer.read(wire.several(wire.lot), "lots"):
                taken = min(left, lot.units) if lot.on_sale else 0
                if taken:
                    scans.append({"tag": lot.tag, "quantity": taken})
                    left -= taken
        answer = await self.api.call(
            "POST",
            "/api/admin/orders/{id}/pack",
            of=order.id,
            json={"lines": scans},
            key=new_key(),
            refusals={"INVALID_STATE", "TOO_FEW_UNITS"},
        )
        if not answer.read(wire.yes_or_no, "packed"):
            raise answer.unexplained("all scanned, and still not packed")

    async def _hand_out(self) -> None:
        """Give what is packed to the drivers who have the least to do."""
        while self._packed:
            driver = min(self._drivers, key=lambda one: one.load)
            if driver.load >= TRUNK:
                return
            order_id = self._packed.popleft()
            with going_on(self._scene.tally):
                try:
                    await self.api.call(
                        "POST",
                        "/api/admin/orders/{id}/assign",
                        of=order_id,
                        json={"driverId": driver.id},
                        key=new_key(),
                        refusals={"INVALID_STATE"},
                    )
                except Refused:
                    continue  # cancelled meanwhile
                driver.load += 1
