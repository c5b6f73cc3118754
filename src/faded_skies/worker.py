"""The worker process: runs queued and periodic jobs."""

import asyncio
import signal
from contextlib import AsyncExitStack

from faded_skies import bootstrap
from faded_skies.bootstrap.telemetry import open_telemetry
from faded_skies.platform import logging
from faded_skies.platform.embedded import lifeline
from faded_skies.platform.http.beside import listening
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.settings import Settings


async def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; jobs under way are finished first. On METRICS_PORT it tells how it does."""
    logging.configure(settings.log_level, process="work")
    lifeline.watch()
    with open_telemetry(settings, "work"):
        await _work(settings)


async def _work(settings: Settings) -> None:
    async with bootstrap.application(settings, serves=False) as application:
        loop = asyncio.get_running_loop()
        lifecycle: Lifecycle = application.ports.get(Lifecycle)

        def leave() -> None:
            lifecycle.is_leaving = True
            application.worker.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, leave)
        async with AsyncExitStack() as stack:
            if settings.metrics_port is not None:
                beside = listening(
                    application.beside, host=settings.host, port=settings.metrics_port, lifecycle=lifecycle
                )
                await stack.enter_async_context(beside)
            await application.worker.run()
