"""Real servers for tests, on a port of 127.0.0.1 that the system chooses, and real processes that can be killed."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from faded_skies.platform.http.heads import BoundedHeads
from faded_skies.platform.settings import Settings

SOURCE = Path(__file__).parents[1] / "src"


@asynccontextmanager
async def serving(asgi: ASGIApp) -> AsyncIterator[str]:
    """Serve the application in this process; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(
            asgi,
            host="127.0.0.1",
            port=0,
            http=BoundedHeads,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not running.done(), "the server did not start"
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def until(condition: Callable[[], Awaitable[object]], what: str, seconds: float = 60) -> None:
    """Wait for a condition; `what` says which in a failure."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


class Program:
    """A process of its own that can be killed and started again; what it prints goes to a log."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._argv = argv
        self._environment = {"PATH": os.defpath, "PYTHONPATH": str(SOURCE), **environment}
        self.log = log
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._argv, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Kill it as `kill -9` does, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def printed(self, text: str) -> int:
        """Return how often it has printed this, in all its lives."""
        return self.log.read_text().count(text)


class Server(Program):
    """A server process; `address` stays the same over its lives."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], log: Path, *, address: str
    ) -> None:
        self.address = address
        super().__init__(argv, environment, log)

    async def ready(self) -> None:
        """Wait for its first answer."""
        async with httpx.AsyncClient(base_url=self.address) as client:

            async def answers() -> bool:
                assert self.is_running, f"the server ended: {self.log.read_text()[-2000:]}"
                try:
                    return (await client.get("/health/live")).is_success
                except httpx.TransportError:
                    return False

            await until(answers, "the server answers")


@dataclass(frozen=True)
class Deployed:
    """A server and a worker on the same database and Valkey."""

    server: Server
    worker: Program


def needed_of(settings: Settings) -> dict[str, str]:
    """Return the variables without which no process starts."""
    return {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "JWT_SECRET": settings.jwt_secret.get_secret_value(),
        "VAULT_MASTER_KEYS": settings.vault_master_keys.get_secret_value(),
    }


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables under which a process has these settings, with a sandbox that thinks and delivers."""
    return {
        "NODE_ENV": "development",
        "FADED_SKIES_DEMO": "true",
        **needed_of(settings),
        "FADED_SKIES_DATA": str(settings.data),
        "MFA_REQUIRED": str(settings.mfa_required),
        "RATE_LIMIT_MAX": str(settings.rate_limit_max),
        "RATE_LIMIT_AUTH_MAX": str(settings.rate_limit_auth_max),
        "RATE_LIMIT_ORDER_MAX": str(settings.rate_limit_order_max),
        "RATE_LIMIT_CHAT_MAX": str(settings.rate_limit_chat_max),
        "LOG_LEVEL": "info",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serve_process(environment: Mapping[str, str], log: Path, *, port: int) -> Iterator[Server]:
    """Run `faded-skies serve` as a process of its own; killed in the end. Await `ready` before using it."""
    argv = [sys.executable, "-m", "faded_skies", "serve"]
    server = Server(argv, {**environment, "PORT": str(port)}, log, address=f"http://127.0.0.1:{port}")
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def worker_process(
    environment: Mapping[str, str], log: Path, *, argv: Sequence[str] = ("-m", "faded_skies", "worker")
) -> Iterator[Program]:
    """Run `faded-skies worker`, or another program of Python, as a process of its own; killed in the end."""
    worker = Program([sys.executable, *argv], environment, log)
    try:
        yield worker
    finally:
        worker.kill()
