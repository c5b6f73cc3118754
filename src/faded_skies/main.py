"""The server process: HTTP and Socket.IO on one port."""

import gc
import signal

import uvicorn

from faded_skies import bootstrap
from faded_skies.platform import logging
from faded_skies.platform.embedded import lifeline
from faded_skies.platform.http.heads import BoundedHeads
from faded_skies.platform.settings import Settings

GRACE_SECONDS = 5


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests under way get five seconds to finish."""
    logging.configure(settings.log_level, process="serve")
    lifeline.watch()
    async with bootstrap.application(settings) as application:
        # What the application is made of lives as long as the process: collections need not walk it again.
        gc.collect()
        gc.freeze()
        config = uvicorn.Config(
            application.asgi,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=BoundedHeads,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        # uvicorn raises the signal it was ended by once more, which would end us before everything is closed.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _already_ending)
        await uvicorn.Server(config).serve()


def _already_ending(*_: object) -> None:
    return
