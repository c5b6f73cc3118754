"""The worker's endless work: it runs while the worker does, and again after a failure."""

import asyncio

from faded_skies.bootstrap import Application
from faded_skies.platform.jobs import Consumer, Worker
from faded_skies.platform.settings import Settings


async def test_a_consumer_that_fails_runs_again_and_stops_with_the_worker(
    app: Application, settings: Settings
) -> None:
    runs: list[str] = []
    steady = asyncio.Event()

    async def fail_first(stop: asyncio.Event) -> None:
        runs.append("started")
        if len(runs) == 1:
            raise RuntimeError("the first run fails")
        steady.set()
        await stop.wait()
        runs.append("stopped")

    worker = Worker(
        url=settings.database_url,
        db=app.ports.db,
        subscriptions=[],
        periodic=[],
        consumers=[Consumer("test.fails_first", fail_first)],
    )
    working = asyncio.create_task(worker.run())
    await asyncio.wait_for(steady.wait(), 10)
    assert not working.done()
    worker.stop()
    await asyncio.wait_for(working, 10)
    assert runs == ["started", "started", "stopped"]
