"""The server process: HTTP and Socket.IO on one port."""

import gc
import signal
import time
from types import FrameType

import uvicorn

from faded_skies import bootstrap
from faded_skies.bootstrap.telemetry import open_telemetry
from faded_skies.platform import logging
from faded_skies.platform.embedded import lifeline
from faded_skies.platform.http.heads import BoundedHeads
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.settings import Settings

GRACE_SECONDS = 5


class Server(uvicorn.Server):
    """Leaves as a balancer wants it: first it says that it is not ready, and serves on for a while.

    Who presses Ctrl-C, or asks a second time, does not want to wait.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._leaves_at: float | None = None
        lifecycle.connections = lambda: len(self.server_state.connections)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self._drain_seconds and not self._lifecycle.is_leaving:
            self._leaves_at = time.monotonic() + self._drain_seconds
        else:
            super().handle_exit(sig, frame)
        self._lifecycle.is_leaving = True

    async def on_tick(self, counter: int) -> bool:
        if self._leaves_at is not None and time.monotonic() >= self._leaves_at:
            return True
        return await super().on_tick(counter)


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, and DRAIN_FOR after it; requests under way get five seconds to finish."""
    logging.configure(settings.log_level, process="serve")
    lifeline.watch()
    with open_telemetry(settings, "serve"):
        await _serve(settings)


async def _serve(settings: Settings) -> None:
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
        lifecycle: Lifecycle = application.ports.get(Lifecycle)
        await Server(config, lifecycle, drain_seconds=settings.drain_for.total_seconds()).serve()


def _already_ending(*_: object) -> None:
    return
