"""A shop on an event loop of its own, for machines whose steps are not coroutines."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from factories.trade import JSON, Trade, open_trade
from faded_skies import bootstrap
from faded_skies.platform.settings import Settings

Got = TypeVar("Got")


@dataclass
class Stage:
    """An open shop and its loop; `run` does one thing in it."""

    loop: asyncio.AbstractEventLoop
    trade: Trade

    def run(self, work: Coroutine[Any, Any, Got]) -> Got:
        return self.loop.run_until_complete(work)

    def post(self, path: str, who: dict[str, str], body: JSON | None = None) -> httpx.Response:
        """Ask; a server's error fails the test."""
        answer = self.run(self.trade.client.post(path, json=body, headers=who))
        assert answer.status_code < 500, answer.text
        return answer


@contextmanager
def open_stage(settings: Settings, *cards: str) -> Iterator[Stage]:
    """Open the shop, with further test cards for its customer."""
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()

    async def opened() -> Trade:
        app = await stack.enter_async_context(bootstrap.application(settings))
        transport = httpx.ASGITransport(app=app.asgi)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://test")
        )
        return await open_trade(app, client, *cards)

    stage = Stage(loop, loop.run_until_complete(opened()))
    yield stage
    stage.run(stack.aclose())
    loop.close()
