"""Opens the sandbox: its connections, its gateway, and the task that delivers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from faded_skies.adapters.sandbox.deliveries import Deliveries, by_http
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.signing import webhook_secret
from faded_skies.adapters.sandbox.store import open_pool
from faded_skies.adapters.sandbox.world import World
from faded_skies.platform.settings import Settings

_DEMO_THINKS_SECONDS = 0.15
_TIMEOUT_SECONDS = 5


@asynccontextmanager
async def open_sandbox(settings: Settings) -> AsyncIterator[SandboxGateway]:
    """Open the sandbox gateway. Nothing listens on a port under test, so nothing is delivered there."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url)
        stack.push_async_callback(pool.close)
        secret = webhook_secret(settings)
        think = _DEMO_THINKS_SECONDS if settings.demo else 0
        gateway = SandboxGateway(pool, secret=secret, think=think)
        if settings.environment != "test":
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=_TIMEOUT_SECONDS))
            deliver = by_http(client, f"{settings.api_url.rstrip('/')}/webhooks/sandbox")
            deliveries = Deliveries(pool, secret=secret, deliver=deliver)
            for endless in (deliveries.run(gateway.changed), World(pool, gateway.changed).run()):
                stack.push_async_callback(_stop, asyncio.create_task(endless))
        yield gateway


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
