"""What more server processes bring: the floor and the uncached list from one, two and three of them, behind nothing.

All of them, the load, the database and Valkey share the machine's cores, so this tells what a process costs the others
and not how a service grows over machines. The connections are dealt out evenly, as a balancer would.
"""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Case, all_cases
from benchmarks.cores import LOAD_CORE, SERVER_CORE, cpu_seconds, on_core
from benchmarks.load import fire
from benchmarks.measuring import free_port, running_server, server_environment
from benchmarks.shop import fill
from faded_skies import bootstrap
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

COUNTS = (1, 2, 3)
ROUNDS = 3
SECONDS = 2.0
CONNECTIONS = 24
CASES = ("floor", "list")


@dataclass(frozen=True)
class Served:
    """What so many processes did together with one case: of each round, requests a second and CPU µs a request."""

    processes: int
    title: str
    per_second: list[float]
    cpu_us: list[float]


def measure_processes(
    *,
    counts: Sequence[int] = COUNTS,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    products: int = 2_000,
    progress: Callable[[str], None],
) -> list[Served]:
    """Measure in a folder of the system's temporary one, and leave nothing."""
    with (
        tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name,
        on_core(SERVER_CORE, LOAD_CORE),
    ):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines:
            environment = server_environment(folder, engines, free_port())
            return asyncio.run(_measure(environment, counts, rounds, seconds, products, progress))


async def _measure(
    environment: dict[str, str],
    counts: Sequence[int],
    rounds: int,
    seconds: float,
    products: int,
    progress: Callable[[str], None],
) -> list[Served]:
    await migrate(environment["DATABASE_URL"])
    found: list[Served] = []
    async with bootstrap.application(Settings.model_validate(environment), serves=False) as application:
        shop = await fill(application, products=products, customers=1)
        cases = [case for case in all_cases(application, shop) if case.name in CASES]
        for count in counts:
            progress(f"{count} server processes")
            async with AsyncExitStack() as stack:
                servers: list[tuple[int, int]] = []
                for port in [free_port() for _ in range(count)]:
                    own = environment | {"PORT": str(port)}
                    pid = await stack.enter_async_context(
                        running_server(own, port, None, cores=(SERVER_CORE, LOAD_CORE))
                    )
                    servers.append((port, pid))
                for case in cases:
                    await _volley(case, servers, seconds)
                    took = [await _volley(case, servers, seconds) for _ in range(rounds)]
                    found.append(
                        Served(count, case.title, [one[0] for one in took], [one[1] for one in took])
                    )
    return found


async def _volley(case: Case, servers: Sequence[tuple[int, int]], seconds: float) -> tuple[float, float]:
    """Return requests a second of all servers together, and their CPU µs for each."""
    spent = sum(cpu_seconds(pid) for _, pid in servers)
    volleys = await asyncio.gather(
        *(
            fire(
                port,
                case.requests(),
                status=case.status,
                connections=CONNECTIONS // len(servers),
                seconds=seconds,
            )
            for port, _ in servers
        )
    )
    spent = sum(cpu_seconds(pid) for _, pid in servers) - spent
    requests = sum(len(volley.latencies) for volley in volleys)
    return requests / max(volley.seconds for volley in volleys), spent / requests * 1e6
