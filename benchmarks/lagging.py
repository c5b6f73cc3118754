"""By how much the event loop is late while people sign in: 20 a second, whether or not the answers keep up."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import orjson

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.load import UnexpectedAnswerError, percentile_ms, request_bytes
from benchmarks.measuring import free_port, running_server, server_environment
from benchmarks.server import LAG_PATH
from benchmarks.shop import PASSWORD, fill
from faded_skies import bootstrap
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

SIGN_INS_A_SECOND = 20
SECONDS = 20
AIM_MS = 10
_SETTLING_SECONDS = 1


@dataclass(frozen=True)
class Lag:
    """Percentiles of the loop's lateness in milliseconds, idle and with sign-ins, and how long these took."""

    cores: int
    idle_p50: float
    idle_p99: float
    busy_p50: float
    busy_p99: float
    busy_most: float
    sign_in_p50: float
    sign_in_p99: float


def measure_lag(*, seconds: float = SECONDS, progress: Callable[[str], None]) -> list[Lag]:
    """Measure with the server on one core, and on two (which it then shares with database and load)."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines:
            environment = server_environment(folder, engines, free_port())
            return asyncio.run(_measure(environment, seconds, progress))


async def _measure(environment: dict[str, str], seconds: float, progress: Callable[[str], None]) -> list[Lag]:
    await migrate(environment["DATABASE_URL"])
    async with bootstrap.application(Settings.model_validate(environment), serves=False) as application:
        shop = await fill(application, products=10, customers=100)
    bodies = [{"email": customer.email, "password": PASSWORD} for customer in shop.customers]
    requests = [request_bytes("POST", "/api/auth/login", body=body, Connection="close") for body in bodies]
    found = []
    for cores in ((SERVER_CORE,), (SERVER_CORE, LOAD_CORE)):
        progress(f"Measuring the event loop's lag with {len(cores)} core(s)")
        port = int(environment["PORT"])
        async with running_server(environment, port, None, cores=cores):
            found.append(await _on_cores(port, requests, len(cores), seconds))
    return found


async def _on_cores(port: int, requests: Sequence[bytes], cores: int, seconds: float) -> Lag:
    await _lags(port)
    await asyncio.sleep(_SETTLING_SECONDS)
    await _lags(port)
    await asyncio.sleep(seconds / 2)
    idle = await _lags(port)
    took = await _sign_ins(port, requests, seconds)
    busy = await _lags(port)
    return Lag(
        cores,
        percentile_ms(idle, 0.5),
        percentile_ms(idle, 0.99),
        percentile_ms(busy, 0.5),
        percentile_ms(busy, 0.99),
        max(busy) * 1000,
        percentile_ms(took, 0.5),
        percentile_ms(took, 0.99),
    )


async def _sign_ins(port: int, requests: Sequence[bytes], seconds: float) -> list[float]:
    """Send one every 50 ms, however long the others take. Raises UnexpectedAnswerError."""
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def one(number: int, request: bytes) -> float:
        await asyncio.sleep(started + number / SIGN_INS_A_SECOND - loop.time())
        sent = loop.time()
        await _ask(port, request)
        return loop.time() - sent

    count = int(seconds * SIGN_INS_A_SECOND)
    return list(await asyncio.gather(*(one(*pair) for pair in enumerate(islice(cycle(requests), count)))))


async def _lags(port: int) -> list[float]:
    lags: list[float] = orjson.loads(await _ask(port, request_bytes("GET", LAG_PATH, Connection="close")))
    return lags


async def _ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise UnexpectedAnswerError(answer[:2000].decode())
    return answer.partition(b"\r\n\r\n")[2]
