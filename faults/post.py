"""The post between the sandbox and the shop: at once, late and so out of order, twice, or never."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
from aiohttp import web

FATES = {
    "webhook at once": 5,
    "webhook late, after newer ones": 3,
    "webhook twice": 2,
    "webhook never": 1,
}
"""What becomes of a delivery, each with how often."""


class Post:
    """Takes the sandbox's deliveries and brings them to one server of the shop or another."""

    def __init__(self, servers: Sequence[str], chance: random.Random) -> None:
        self._servers = servers
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        """Answer that it was taken, whatever becomes of it."""
        body, headers = await request.read(), dict(request.headers)
        fate = self._chance.choices(list(FATES), list(FATES.values()))[0]
        self.counts[fate] += 1
        if fate != "webhook never":
            task = asyncio.create_task(self._bring(body, headers, fate))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return web.Response()

    async def _bring(self, body: bytes, headers: dict[str, str], fate: str) -> None:
        kept = {
            name: value
            for name, value in headers.items()
            if name.lower().startswith(("sandbox-", "content-t"))
        }
        if fate.startswith("webhook late"):
            await asyncio.sleep(self._chance.uniform(0.2, 3))
        async with httpx.AsyncClient(timeout=5) as http:
            for _ in range(2 if fate == "webhook twice" else 1):
                url = f"{self._chance.choice(self._servers)}/webhooks/sandbox"
                with suppress(httpx.HTTPError):
                    await http.post(url, content=body, headers=kept)

    @property
    def is_under_way(self) -> bool:
        """Whether something was taken and not yet brought."""
        return bool(self._tasks)

    async def finish(self) -> None:
        """Wait until everything that is under way has been brought."""
        while self._tasks:
            await asyncio.gather(*self._tasks)


@asynccontextmanager
async def posting(post: Post, port: int) -> AsyncIterator[None]:
    """Listen for deliveries."""
    app = web.Application()
    app.router.add_post("/webhooks/sandbox", post.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await post.finish()
        await runner.cleanup()
