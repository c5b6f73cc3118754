"""A small server beside work that serves nobody: health and figures of a worker, on a port of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from faded_skies.platform.errors import StartRefused
from faded_skies.platform.http.heads import BoundedHeads
from faded_skies.platform.lifecycle import Lifecycle


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the work."""
        yield


@asynccontextmanager
async def listening(app: ASGIApp, *, host: str, port: int, lifecycle: Lifecycle) -> AsyncIterator[None]:
    """Answer beside what the block does. Raises StartRefused when the port cannot be had."""
    config = uvicorn.Config(
        app, host=host, port=port, http=BoundedHeads, ws="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Quiet(config)
    lifecycle.connections = lambda: len(server.server_state.connections)
    serving = asyncio.create_task(_serve(server))
    while not server.started:
        if serving.done():
            raise StartRefused(
                f"METRICS_PORT {port} cannot be used on {host}: choose another, or leave it out."
            )
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _serve(server: uvicorn.Server) -> None:
    try:
        await server.serve()
    except SystemExit:  # what uvicorn does about a port that is taken
        return
