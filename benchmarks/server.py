"""The server under measurement: the product's own, with one constant answer in front of all routes as the floor.

The constant passes every layer a request passes: the front, CORS, rate limit and routing. Others ask for a
token or the database besides, and one tells by how much the event loop was late since it was last asked.
"""

import asyncio
import cProfile
import os
import pstats
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from unittest import mock

import uvloop
from fastapi import APIRouter

from faded_skies import bootstrap, permissions, registry
from faded_skies.main import serve
from faded_skies.platform.access import Permission
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn
from faded_skies.platform.http.provide import Db
from faded_skies.platform.settings import read_settings

FLOOR_PATH = "/api/constant"
SIGNED_PATH = "/api/constant/signed"
QUERY_PATH = "/api/constant/query"
LAG_PATH = "/api/constant/lag"
PROFILE = "BENCHMARKS_PROFILE"
"""Names the environment variable with the file for the profiler's report; unset, there is no profiler."""

floor = APIRouter()


@floor.get(FLOOR_PATH)
async def constant() -> Json:
    """Answer the same bytes each time."""
    return Json(b'{"status":"alive"}')


@floor.get(SIGNED_PATH)
async def constant_for_somebody(_: SignedIn) -> Json:
    """Answer the same bytes to whoever has a session."""
    return Json(b'{"status":"alive"}')


@floor.get(QUERY_PATH)
async def constant_after_a_query(db: Db) -> Json:
    """Answer the same bytes after one visit to the database."""
    await db.fetchval("SELECT 1")
    return Json(b'{"status":"alive"}')


class LagMeter:
    """Asks the event loop for a turn every two milliseconds, and notes how many seconds too late each came."""

    EVERY = 0.002

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def read(self) -> list[float]:
        """Return what was noted since the last reading; the first one starts the meter."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._note())
        lags, self._lags = self._lags, []
        return lags

    async def _note(self) -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(self.EVERY)
            self._lags.append(max(0.0, time.perf_counter() - asked - self.EVERY))


_meter = LagMeter()


@floor.get(LAG_PATH)
async def lags() -> list[float]:
    """Tell the lags since it was last asked, in seconds."""
    return _meter.read()


_DOORS = [
    Permission(
        name="benchmarks.constant",
        doors=(f"GET {FLOOR_PATH}", f"GET {QUERY_PATH}", f"GET {LAG_PATH}"),
        public=True,
    ),
    Permission(name="benchmarks.signed", doors=(f"GET {SIGNED_PATH}",), roles=permissions.EVERYBODY),
]


def run() -> None:
    """Serve until SIGINT, with the settings of the environment."""
    routers = registry.routers

    def with_floor() -> Sequence[APIRouter]:
        return [floor, *routers()]

    with (
        mock.patch.object(registry, "routers", with_floor),
        mock.patch.object(bootstrap, "TABLE", [*permissions.TABLE, *_DOORS]),
        suppress(KeyboardInterrupt),
    ):
        uvloop.run(serve(read_settings()))


def run_profiled(path: Path) -> None:
    """Serve as `run` does, and write where the event loop's thread spent its time."""
    profiler = cProfile.Profile()
    profiler.runcall(run)
    with path.open("w") as report:
        pstats.Stats(profiler, stream=report).sort_stats("tottime").print_stats(100)


if __name__ == "__main__":
    if PROFILE in os.environ:
        run_profiled(Path(os.environ[PROFILE]))
    else:
        run()
