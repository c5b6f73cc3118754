"""A worker is killed between a plan and its commit: nobody was given anything by halves, and the next round gives."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from factories.delivery import make_order
from factories.road import Road, make_road
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery.queries.dispatch import _KEEP
from faded_skies.domains.orders.queries.reading import _LOCK
from faded_skies.domains.orders.service import Status
from faded_skies.platform.settings import Settings
from servers import environment_of, until, worker_process

ORDERS = 6

# What is held, and at which statement that stops the worker: before its first row, and before its last.
STEPS = [
    ("SELECT id FROM orders ORDER BY id FOR UPDATE", _LOCK),
    ("LOCK TABLE dispatch_decisions IN SHARE MODE", _KEEP),
]
_WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND left(query, 500) = left($1, 500)
"""
_OF_PLANS = {
    "given": "SELECT count(*)::int FROM orders WHERE driver_id IS NOT NULL",
    "stops": "SELECT count(*)::int FROM stops",
    "expected": "SELECT count(*)::int FROM stops WHERE expected_at IS NOT NULL",
    "decisions": "SELECT count(*)::int FROM dispatch_decisions WHERE driver_id IS NOT NULL",
    "offers": "SELECT count(*)::int FROM pgqueuer WHERE entrypoint = 'delivery.write_of_offer'",
    "told": "SELECT count(*)::int FROM messages WHERE kind = 'offer'",
}

pytestmark = pytest.mark.timeout(280)


async def written(road: Road) -> dict[str, int]:
    """Return how much of plans is written, by what."""
    return {name: await road.db.fetchval(statement) for name, statement in _OF_PLANS.items()}


async def test_killed_between_the_plan_and_its_commit(
    app: Application,
    client: httpx.AsyncClient,
    settings: Settings,
    tmp_path: Path,
    quiet: Callable[[], Awaitable[None]],
) -> None:
    road = await make_road(app, client)
    for _ in range(ORDERS):
        await make_order(app, road.customer.id, status=Status.PREPARING)
    await app.worker.drain()
    await road.staff("PATCH", "settings", {"automaticDispatch": True})
    nothing = await written(road)
    assert set(nothing.values()) == {0}
    begun = await road.post("shift", {"online": True}, who=road.other)
    assert begun.status_code == 200, begun.text  # which asks for a round

    with worker_process(environment_of(settings), tmp_path / "worker.log") as worker:
        for held, stops_at in STEPS:
            async with app.ports.db.transaction() as tx:
                await tx.fetch(held)

                async def is_about_to_write(stops_at: str = stops_at) -> bool:
                    return bool(await road.db.fetchval(_WAITS, stops_at))

                await until(is_about_to_write, f"the round waits for what is held by {held}", 90)
                worker.kill()
                assert await written(road) == nothing
            await asyncio.sleep(0.2)  # its connections are noticed to be gone
            assert await written(road) == nothing
            worker.start()

        async def all_told() -> bool:
            return (await written(road))["told"] == ORDERS

        await until(all_told, "the next round gave everything, and drivers were told", 90)
        await quiet()

    assert await written(road) == dict.fromkeys(
        ("given", "stops", "expected", "decisions", "told"), ORDERS
    ) | {"offers": 0}
    assert await road.db.fetchval("SELECT count(DISTINCT plan_id) FROM dispatch_decisions") == 1
    drivers = "SELECT bool_and(o.driver_id = s.driver_id) FROM orders o JOIN stops s ON s.order_id = o.id"
    assert await road.db.fetchval(drivers) is True
