"""A data folder that any account may reach, processes that use it, and the proof that none is left."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import redis

from faded_skies.platform.embedded import Engines, start

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
SITE_PACKAGES = Path(asyncpg.__file__).parents[1]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15) -> None:
    """Wait for a condition; `what` says which in a failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class App:
    """A process of its own that uses the engines."""

    def __init__(
        self,
        data: Path,
        *,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        **kwargs: Any,
    ) -> None:
        paths = f"{SOURCE}{os.pathsep}{SITE_PACKAGES}"
        self.process = subprocess.Popen(
            [python, str(HERE / "app.py"), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.defpath, "PYTHONPATH": paths, **(environment or {})},
            text=True,
            **kwargs,
        )

    def engines(self) -> Engines:
        """Where its engines are, once they answer."""
        assert self.process.stdout is not None
        return Engines(*json.loads(self.process.stdout.readline()))

    def leave(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Folder:
    """A data folder and what runs on it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def processes(self) -> list[psutil.Process]:
        """Every living process that works in the data folder or was started with its name."""
        return self.processes_named(
            str(self.data), *(str(place.resolve()) for place in self.data.glob("pg*"))
        )

    def processes_named(self, *places: str) -> list[psutil.Process]:
        """Living processes that name a place or work in it; `info` keeps how they looked."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd", "status"], ad_value=None):
            arguments, cwd = process.info["cmdline"] or [], process.info["cwd"] or ""
            alive = process.info["status"] not in {None, psutil.STATUS_ZOMBIE}
            named = any(place in text for text in (*arguments, cwd) for place in places)
            if alive and named and process.pid != os.getpid():
                found.append(process)
        return found

    def watchdogs(self) -> list[psutil.Process]:
        return [process for process in self.processes() if "watchdog.py" in str(process.info["cmdline"])]

    def postmaster(self) -> psutil.Process:
        (found,) = [
            process for process in self.processes() if "/postgres'" in str(process.info["cmdline"][:1])
        ]
        return found

    def valkey(self) -> psutil.Process:
        (found,) = [
            process for process in self.processes() if "valkey-server" in str(process.info["cmdline"][:1])
        ]
        return found

    def wait_until_empty(self) -> None:
        wait_until(lambda: not self.processes(), f"nothing runs on {self.data}")


@pytest.fixture
def until() -> Callable[[Callable[[], object], str], None]:
    return wait_until


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder every account may pass through, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def empty_folder(open_folder: Path) -> Iterator[Folder]:
    """Whatever a test does, nothing is left running on its folder."""
    folder = Folder(open_folder / "var")
    yield folder
    try:
        folder.wait_until_empty()
    finally:
        for process in folder.processes():
            process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="session")
def yesterday() -> Iterator[Path]:
    """A data folder after its first day, stopped."""
    folder = Path(tempfile.mkdtemp(prefix="shop-", dir="/tmp"))
    folder.chmod(0o755)
    start(folder / "var").stop()
    yield folder / "var"
    shutil.rmtree(folder)


@pytest.fixture
def folder(yesterday: Path, empty_folder: Folder) -> Folder:
    """A folder with the data of yesterday, which starts faster than an empty one."""
    subprocess.run(["cp", "-a", yesterday, empty_folder.data], check=True)
    return empty_folder


@pytest.fixture
def start_app() -> Iterator[Callable[..., App]]:
    apps: list[App] = []

    def start(data: Path, **kwargs: Any) -> App:
        app = App(data, **kwargs)
        apps.append(app)
        return app

    yield start
    for app in apps:
        if app.process.poll() is None:
            app.kill()


@pytest.fixture
def sql() -> Callable[[Engines, str], Any]:
    def fetch(engines: Engines, statement: str) -> Any:
        async def ask() -> Any:
            connection = await asyncpg.connect(engines.database_url)
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

        return asyncio.run(ask())

    return fetch


@pytest.fixture
def cache() -> Iterator[Callable[[Engines], "redis.Redis"]]:
    clients: list[redis.Redis] = []

    def connect(engines: Engines) -> redis.Redis:
        clients.append(redis.Redis.from_url(engines.redis_url, decode_responses=True))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
