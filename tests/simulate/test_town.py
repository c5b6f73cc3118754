"""A few seconds of the whole shop: the seeded demo, a real server, the worker, and everybody in town."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from faded_skies.bootstrap import Application
from faded_skies.demo.seed import seed
from faded_skies.platform.settings import Settings
from faded_skies.simulate.scene import Plan, Scene
from faded_skies.simulate.summary import as_json
from faded_skies.simulate.tally import Tally
from faded_skies.simulate.town import Town
from servers import serving


@pytest.fixture
async def shop(settings: Settings, app: Application) -> AsyncIterator[str]:
    """The address of the demo shop, open and with a worker at work."""
    await seed(settings, progress=lambda _: None)
    working = asyncio.create_task(app.worker.run())
    async with serving(app.asgi) as address:
        yield address
    app.worker.stop()
    await working


def scene_at(url: str, *, minutes: float) -> Scene:
    plan = Plan(
        url=url,
        minutes=minutes,
        customers=6,
        drivers=4,
        orders_per_minute=240,
        speed=2000,
        seed=7,
        staff=True,
    )
    return Scene(plan, Tally(random.Random(7)))


async def test_nothing_unexplained_happens(shop: str, app: Application) -> None:
    scene = scene_at(shop, minutes=0.1)
    await Town(scene).live()
    summary = as_json(scene, seconds=6)
    assert summary["unexplained"] == {"total": 0, "failures": []}
    states = scene.states()
    assert states["delivered"] > 0
    assert set(states) <= {"delivered", "cancelled", "returned"}
    assert sum(states.values()) == scene.tally.counts["placed"] > 5
    assert scene.tally.events["order-status"] >= 3 * states["delivered"]
    assert scene.tally.events["driver-location"] > 0
    drawers = await app.ports.db.fetch(
        "SELECT status, float_cents, counted_cents - float_cents - collected_cents FROM cash_drawers"
    )
    assert [tuple(drawer) for drawer in drawers] == [("counted", 10_000, 0)] * 4


async def test_an_interruption_ends_it_at_once_and_the_books_are_checked(shop: str) -> None:
    scene = scene_at(shop, minutes=60)
    town = Town(scene)
    living = asyncio.create_task(town.live())
    async with asyncio.timeout(30):
        while scene.tally.counts["placed"] < 3:  # noqa: ASYNC110 - the tally does not tell when it changes
            await asyncio.sleep(0.05)
        town.interrupt()
        await living
    assert scene.phase == "done"
    assert scene.tally.failures == []
    assert scene.tally.latencies()["GET /api/orders"].times >= 12  # before and after, for each customer
