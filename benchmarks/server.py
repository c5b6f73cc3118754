"""The server under measurement: the product's own, with one constant answer in front of all routes as the floor.

The constant passes every layer a request passes: the front, CORS, rate limit and routing.
"""

import cProfile
import os
import pstats
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from unittest import mock

import uvloop
from fastapi import APIRouter

from faded_skies import registry
from faded_skies.main import serve
from faded_skies.platform.http.answers import Json
from faded_skies.platform.settings import read_settings

FLOOR_PATH = "/api/constant"
PROFILE = "BENCHMARKS_PROFILE"
"""Names the environment variable with the file for the profiler's report; unset, there is no profiler."""

floor = APIRouter()


@floor.get(FLOOR_PATH)
async def constant() -> Json:
    """Answer the same bytes each time."""
    return Json(b'{"status":"alive"}')


def run() -> None:
    """Serve until SIGINT, with the settings of the environment."""
    routers = registry.routers

    def with_floor() -> Sequence[APIRouter]:
        return [floor, *routers()]

    with mock.patch.object(registry, "routers", with_floor), suppress(KeyboardInterrupt):
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
