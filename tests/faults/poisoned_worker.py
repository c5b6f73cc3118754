"""A worker with two more jobs: one that kills it, and one that writes down that it ran."""

import asyncio
import os
import signal

from faded_skies import bootstrap
from faded_skies.platform.events import Event, Subscription
from faded_skies.platform.jobs import Worker
from faded_skies.platform.settings import Settings, read_settings

SLOW = 0.3  # seconds; long enough that the poison kills whoever started with it


async def work(settings: Settings) -> None:
    async with bootstrap.application(settings, serves=False) as application:
        db = application.ports.db

        async def kill(_: Event) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        async def note(_: Event) -> None:
            await asyncio.sleep(SLOW)
            await db.fetch("UPDATE harmless SET done = done + 1")

        subscriptions = [Subscription("test.kill", Event, kill), Subscription("test.note", Event, note)]
        await Worker(url=settings.database_url, db=db, subscriptions=subscriptions, periodic=[]).run()


if __name__ == "__main__":
    asyncio.run(work(read_settings()))
