"""The worker process: runs queued and periodic jobs."""

import asyncio
import signal

from faded_skies import bootstrap
from faded_skies.platform import logging
from faded_skies.platform.embedded import lifeline
from faded_skies.platform.settings import Settings


async def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; jobs under way are finished first."""
    logging.configure(settings.log_level, process="work")
    lifeline.watch()
    async with bootstrap.application(settings, serves=False) as application:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, application.worker.stop)
        await application.worker.run()
