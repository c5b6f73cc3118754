"""The processes of the shop, and what befalls them."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from aiohttp import web

_WORK = """
import asyncio
from faded_skies.platform.settings import read_settings
from faded_skies.worker import work
asyncio.run(work(read_settings()))
"""
WORKER = ("-c", _WORK)


class Program:
    """A process that is started again whenever it ends, until it shall stay down."""

    def __init__(self, argv: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self._argv = (sys.executable, *argv)
        self._environment = dict(environment)
        self._log = log
        self.deaths = 0
        self._process: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        """Keep it running until cancelled; then it ends."""
        try:
            while True:
                with self._log.open("ab") as log:
                    self._process = subprocess.Popen(  # noqa: ASYNC220 - starting takes milliseconds
                        self._argv, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                    )
                while self._process.poll() is None:
                    await asyncio.sleep(0.05)
                self.deaths += 1
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill it as `kill -9` does."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Post:
    """Takes the sandbox's deliveries and brings them to the shop at once, late, twice, or never."""

    def __init__(self, servers: list[str], chance: random.Random) -> None:
        self._servers = servers
        self._chance = chance
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        """Answer that it was taken, whatever becomes of it."""
        body, headers = await request.read(), dict(request.headers)
        fate = self._chance.choices(
            ("webhook at once", "webhook late", "webhook twice", "webhook never"), (5, 3, 2, 1)
        )[0]
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
        if fate == "webhook late":
            await asyncio.sleep(self._chance.uniform(0.2, 3))
        async with httpx.AsyncClient(timeout=5) as http:
            for _ in range(2 if fate == "webhook twice" else 1):
                url = f"{self._chance.choice(self._servers)}/webhooks/sandbox"
                with suppress(httpx.HTTPError):
                    await http.post(url, content=body, headers=kept)

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


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def killing(programs: list[Program], chance: random.Random, counts: Counter[str]) -> None:
    """Kill one of the programs every now and then, until cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(1.5, 5))
        chance.choice(programs).kill()
        counts["a process killed at any moment"] += 1
