"""Everybody in town for a while: they come in, order and deliver, go home, and then the books are checked."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress

from faded_skies.demo.people import CUSTOMERS, DRIVERS
from faded_skies.simulate.checks import check
from faded_skies.simulate.customer import Customer
from faded_skies.simulate.driver import Driver
from faded_skies.simulate.scene import Scene
from faded_skies.simulate.staff import Staff
from faded_skies.simulate.visit import ABANDONS, visit

AT_THE_DOOR = 4
"""How many people sign in at the same time: passwords are costly to check, on purpose."""

LAST_VISITS = 30.0
"""Seconds that the last visits may take."""

LAST_WATCHES = 25.0
"""Seconds for customers to hear how their orders ended."""


class Town:
    """The people of one simulation."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._chance = scene.chance("town")
        self.customers = [Customer(person, scene) for person in CUSTOMERS[: scene.plan.customers]]
        self.drivers = [Driver(person, scene) for person in DRIVERS[: scene.plan.drivers]]
        self._staff = Staff(scene, self.drivers) if scene.plan.staff else None
        self._interrupted = asyncio.Event()

    def interrupt(self) -> None:
        """Stop everybody where they are; the books are still checked."""
        self._interrupted.set()

    async def live(self) -> None:
        """Run the whole simulation. Raises Refused or Unexplained when somebody cannot come in."""
        sockets: list[asyncio.Task[None]] = []
        try:
            await self._come_in()
            sockets += [asyncio.create_task(customer.socket.run()) for customer in self.customers]
            sockets += [asyncio.create_task(driver.socket.run()) for driver in self.drivers]
            await self._unless_interrupted(self._day())
            self._scene.phase = "checking the books"
            await self._check()
            for task in sockets:
                if task.done():
                    task.result()  # a socket ends only by a mistake of ours
            self._scene.phase = "done"
        finally:
            await _stop(sockets)
            for person in self._everybody():
                await person.api.close()

    def _everybody(self) -> Iterable[Customer | Driver | Staff]:
        return (*self.customers, *self.drivers, *([self._staff] if self._staff else []))

    async def _come_in(self) -> None:
        self._scene.phase = "signing in"
        door = asyncio.Semaphore(AT_THE_DOOR)

        async def enter(person: Customer | Driver | Staff) -> None:
            async with door:
                await person.come_in()

        await _all(enter(person) for person in self._everybody())

    async def _unless_interrupted(self, day: Coroutine[object, object, None]) -> None:
        living = asyncio.create_task(day)
        waiting = asyncio.create_task(self._interrupted.wait())
        await asyncio.wait((living, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if living.done():
            await living
        await _stop([living])

    async def _day(self) -> None:
        """Opening hours, and what must be done afterwards."""
        scene = self._scene
        async with asyncio.TaskGroup() as group:
            scene.phase = "open"
            staff = group.create_task(self._staff.run()) if self._staff else None
            for driver in self.drivers:
                group.create_task(driver.run())
            await self._visits(group)
            scene.phase = "closing: bringing home what is on the road"
            scene.closing.set()
            if staff:
                await staff
        if self._staff:
            await self._staff.close()
        scene.phase = "waiting for the last news"
        await _all(customer.stop_following(LAST_WATCHES) for customer in self.customers)

    async def _visits(self, group: asyncio.TaskGroup) -> None:
        """Let customers come by at random (a Poisson process) until the time is over, and the last ones leave."""
        plan = self._scene.plan
        per_second = plan.orders_per_minute / (1 - ABANDONS) / 60
        visits: set[asyncio.Task[None]] = set()
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.minutes * 60):
                while True:
                    await asyncio.sleep(self._chance.expovariate(per_second))
                    idle = [customer for customer in self.customers if not customer.busy]
                    if not idle:
                        self._scene.tally.counts["nobody_free"] += 1
                        continue
                    task = group.create_task(visit(self._chance.choice(idle)))
                    visits.add(task)
                    task.add_done_callback(visits.discard)
        if visits:
            await asyncio.wait(visits, timeout=LAST_VISITS)
        await _stop(visits)

    async def _check(self) -> None:
        ended = not self._interrupted.is_set()
        await _all(customer.stop_following(0) for customer in self.customers)
        await _all(check(customer, closed=ended and self._staff is not None) for customer in self.customers)


async def _all(stories: Iterable[Coroutine[object, object, None]]) -> None:
    """Run all at once; the first error ends the others and is raised as itself."""
    tasks = [asyncio.create_task(story) for story in stories]
    try:
        for task in asyncio.as_completed(tasks):
            await task
    finally:
        await _stop(tasks)


async def _stop(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel what still runs; what failed before is not raised again."""
    stopped = list(tasks)
    for task in stopped:
        task.cancel()
    await asyncio.gather(*stopped, return_exceptions=True)
