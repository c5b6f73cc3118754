"""A shop as it is deployed: a server and a worker, each a process of its own that can be killed."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog

from faded_skies.bootstrap import Application
from faded_skies.platform.settings import Settings
from servers import Deployed, environment_of, free_port, serve_process, until, worker_process

_BUSY = """
SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')
"""


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    """What this process logs, kept instead of drawn: structlog's default paints each traceback for seconds."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def database_url(fresh_database_url: str) -> str:
    """A database of each test's own: faults leave sandbox schemas, triggers and broken connections behind."""
    return fresh_database_url


@pytest.fixture
def deployed(settings: Settings, tmp_path: Path) -> Iterator[Deployed]:
    """A server and a worker on the test's database and Valkey. The sandbox thinks, and delivers to the server."""
    port = free_port()
    environment = environment_of(settings) | {"API_URL": f"http://127.0.0.1:{port}"}
    with (
        serve_process(environment, tmp_path / "serve.log", port=port) as server,
        worker_process(environment, tmp_path / "worker.log") as worker,
    ):
        yield Deployed(server, worker)


@pytest.fixture
def quiet(app: Application) -> Callable[[], Awaitable[None]]:
    """Waits until running workers have left nothing to do; what is held for staff stays."""

    async def wait() -> None:
        async def nothing_to_do() -> bool:
            busy: int = await app.ports.db.fetchval(_BUSY)
            return busy == 0

        await until(nothing_to_do, "the worker has done all jobs", 90)

    return wait
