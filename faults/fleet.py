"""The processes of the shop, and what befalls them and their connections."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx

from faded_skies.platform.embedded import lifeline

_RESTART_SECONDS = 0.05
_PATIENCE_SECONDS = 300
# A connection in the middle of something; the harness asks on one that is idle by then.
_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'faded-skies%'
  AND state IN ('active', 'idle in transaction')
ORDER BY random() LIMIT 1
"""


class Program:
    """A process that is started again whenever it ends, until it shall stay down.

    It ends with the harness, however that goes: it holds one end of a pipe (the product's own lifeline).
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._argv = (sys.executable, *arguments)
        self._environment = dict(environment)
        self._log = log
        self.deaths = 0
        self._process: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        """Keep it running until cancelled; then it ends."""
        line, ours = os.pipe()
        try:
            while True:
                self._process = self._start(line)
                while self._process.poll() is None:
                    await asyncio.sleep(_RESTART_SECONDS)
                self.deaths += 1
        finally:
            self.kill()
            os.close(line)
            os.close(ours)

    def _start(self, line: int) -> "subprocess.Popen[bytes]":
        """Start it, with chances of its own in each of its lives."""
        environment = self._environment | {lifeline.VARIABLE: str(line)}
        if "FAULTS_SEED" in environment:
            environment["FAULTS_SEED"] += f" life {self.deaths}"
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._argv,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(line,),
            )

    async def renew(self) -> None:
        """Ask it to end, as an update does, and wait until its next life begins."""
        process, before = self._process, self.deaths
        assert process is not None
        process.terminate()
        while self.deaths == before:
            await asyncio.sleep(_RESTART_SECONDS)

    def kill(self) -> bool:
        """Kill it as `kill -9` does; False when it was dead already."""
        if self._process is None or self._process.poll() is not None:
            return False
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return True


@asynccontextmanager
async def running(programs: Sequence[Program], servers: Collection[str]) -> AsyncIterator[None]:
    """Keep programs running meanwhile, from when their servers answer. Raises TimeoutError when one does not."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(program.run()) for program in programs]
        try:
            await ready(servers)
            yield
        finally:
            for task in tasks:
                task.cancel()


async def ready(servers: Collection[str]) -> None:
    """Wait until all of them answer. Raises TimeoutError when one does not in time."""
    for server in servers:
        await answering([server])


async def answering(servers: Collection[str]) -> None:
    """Wait until any of them answers. Raises TimeoutError when none does in time."""
    async with asyncio.timeout(_PATIENCE_SECONDS), httpx.AsyncClient() as http:
        while True:
            for server in servers:
                with suppress(httpx.HTTPError):
                    if (await http.get(f"{server}/health/live")).is_success:
                        return
            await asyncio.sleep(_RESTART_SECONDS)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def troubled(
    programs: Sequence[Program],
    doors: Collection[str],
    database_url: str,
    chance: random.Random,
    counts: Counter[str],
) -> AsyncIterator[None]:
    """Kill programs and cut connections to the database now and then meanwhile."""
    async with asyncio.TaskGroup() as group:
        troubles = [
            group.create_task(_kill(programs, doors, chance, counts)),
            group.create_task(_cut(database_url, chance, counts)),
        ]
        try:
            yield
        finally:
            for trouble in troubles:
                trouble.cancel()


async def _kill(
    programs: Sequence[Program], doors: Collection[str], chance: random.Random, counts: Counter[str]
) -> None:
    """Kill one after the other, but only while somebody answers: a slow machine starts more slowly than we kill."""
    while True:
        await asyncio.sleep(chance.uniform(2, 7))
        await answering(doors)
        counts["a process killed at any moment"] += chance.choice(programs).kill()


async def _cut(database_url: str, chance: random.Random, counts: Counter[str]) -> None:
    """End a connection that is in the middle of something, when there is one."""
    connection = await asyncpg.connect(database_url)
    try:
        while True:
            await asyncio.sleep(chance.uniform(0.2, 1))
            if await connection.fetchval(_CUT):
                counts["a database connection cut in the middle"] += 1
    finally:
        await connection.close()
