"""A customer follows one order: what the socket tells is held against what the API answers."""

import asyncio
import time
from contextlib import suppress

from faded_skies.simulate import wire
from faded_skies.simulate.client import Answer, going_on
from faded_skies.simulate.customer import Customer
from faded_skies.simulate.scene import Placed

SOCKET_PATIENCE = 10.0
"""Seconds by which the socket may lag behind the API."""


def follow(customer: Customer, order: wire.Order) -> None:
    """Note an order that the customer placed, and follow it until it ends."""
    customer.scene.orders[order.id] = placed = Placed(order.id, order.status)
    task = asyncio.create_task(Watch(customer, placed).run())
    customer.watches.add(task)

    def forget(ended: asyncio.Task[None]) -> None:
        # One that died of a mistake stays, so that the mistake is raised when the watches are stopped.
        if ended.cancelled() or ended.exception() is None:
            customer.watches.discard(ended)

    task.add_done_callback(forget)


class Watch:
    """Follows one order to its end: looks whenever the socket tells something, and now and then without."""

    def __init__(self, customer: Customer, placed: Placed) -> None:
        self._customer = customer
        self._placed = placed
        self._losses = customer.socket.losses
        self._unheard_since: dict[str, float] = {}
        self._reported: set[str] = set()

    async def run(self) -> None:
        tally = self._customer.tally
        with going_on(tally):
            ack = await self._customer.socket.ask("track-order", {"orderId": self._placed.id})
            if ack.read(wire.text, "order", "id") != self._placed.id:
                raise ack.unexplained("the acknowledgement is about another order")
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._customer.chance.uniform(6, 12)):
                    await self._placed.news.wait()
            self._placed.news.clear()
            with going_on(tally):
                if await self._look():
                    return

    async def _look(self) -> bool:
        """Ask where the order stands; True when it has ended and the socket has told everything."""
        answer = await self._customer.api.call("GET", "/api/orders/{id}/tracking", of=self._placed.id)
        self._placed.status = answer.read(wire.text, "order", "status")
        states = [line.status for line in answer.read(wire.several(wire.line), "tracking")]
        heard = self._customer.heard.get(self._placed.id, set())
        if heard - set(states):
            raise answer.unexplained("the socket told of a state that the API does not know")
        waiting = self._compare(answer, set(states), heard)
        return self._placed.status in wire.FINAL and not waiting

    def _compare(self, answer: Answer, states: set[str], heard: set[str]) -> bool:
        """Report states that the socket did not tell in time; True while some may still come."""
        if self._customer.socket.losses > self._losses:
            return False  # what is told while a socket is away is not told again
        now = time.monotonic()
        waiting = False
        for state in states - heard - self._reported:
            if now - self._unheard_since.setdefault(state, now) < SOCKET_PATIENCE:
                waiting = True
                continue
            self._reported.add(state)
            raise answer.unexplained(
                f"the socket did not tell within {SOCKET_PATIENCE:.0f} s that the order is {state}"
            )
        return waiting
