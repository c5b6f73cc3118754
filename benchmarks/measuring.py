"""Starts engines and server on their cores and fires at each case in turn, round after round."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Case, all_cases
from benchmarks.cores import LOAD_CORE, SERVER_CORE, BusyMeter, cpu_seconds, on_core
from benchmarks.load import fire
from benchmarks.server import FLOOR_PATH, PROFILE
from benchmarks.shop import fill
from faded_skies import bootstrap
from faded_skies.platform.embedded import Engines, start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings
from faded_skies.supervisor import answers

ROOT = Path(__file__).resolve().parents[1]
SATURATED = 0.95
CLEARLY_IDLE = 0.90
DISTURBED = 0.15


@dataclass(frozen=True)
class Plan:
    """How much is measured. `only` names a case to measure beside the floor; `profile` gets the profiler's report."""

    rounds: int = 7
    seconds: float = 2.0
    connections: int = 24
    products: int = 2_000
    customers: int = 300
    only: str | None = None
    profile: Path | None = None


@dataclass(frozen=True)
class Sample:
    """One case in one round. `ratio` is its cost in those of the floor of the same round."""

    cpu_us: float
    ratio: float
    per_second: float
    p50_ms: float
    p99_ms: float
    bottleneck: bool
    """The load's core was full and the server's idle at times, so rate and latencies say nothing of our server."""
    strangers: float
    """The share of the server's core that other programs used meanwhile."""

    @property
    def void(self) -> bool:
        """Tell whether this sample is better left out: not the server was measured, or not the server alone."""
        return self.bottleneck or self.strangers > DISTURBED


Samples = dict[str, list[Sample]]


def measure(plan: Plan, *, progress: Callable[[str], None]) -> tuple[list[Case], Samples]:
    """Measure in a folder of the system's temporary one, and leave nothing. Raises KeyError for an unknown case."""
    # Not closed to others: the engines drop root's rights.
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)
        progress("Starting the engines")
        with start(folder) as engines:
            return asyncio.run(_measure(plan, folder, engines, progress))


async def _measure(
    plan: Plan, folder: Path, engines: Engines, progress: Callable[[str], None]
) -> tuple[list[Case], Samples]:
    await migrate(engines.database_url)
    port = free_port()
    environment = server_environment(folder, engines, port)
    async with bootstrap.application(Settings.model_validate(environment), serves=False) as application:
        progress(f"Filling a shop with {plan.products} products and {plan.customers} customers")
        shop = await fill(application, products=plan.products, customers=plan.customers)
        cases = _chosen(all_cases(application, shop), plan)
        async with running_server(environment, port, plan.profile) as pid:
            progress("Warming up")
            for case in cases:
                await _sample(case, pid, port, plan, floor_us=None)
            await application.ports.db.pool.execute("VACUUM ANALYZE")
            samples: Samples = {case.name: [] for case in cases}
            for number in range(plan.rounds):
                progress(f"Round {number + 1} of {plan.rounds}")
                floor_us = None
                for case in cases:
                    sample = await _sample(case, pid, port, plan, floor_us=floor_us)
                    floor_us = floor_us or sample.cpu_us
                    samples[case.name].append(sample)
    return cases, samples


def _chosen(cases: list[Case], plan: Plan) -> list[Case]:
    by_name = {case.name: case for case in cases}
    if plan.profile is not None and plan.only is not None:
        return [by_name[plan.only]]
    if plan.only is not None:
        only = by_name[plan.only]
        beside = by_name[only.aim.beside if only.aim else "floor"]
        return list({case.name: case for case in (by_name["floor"], beside, only)}.values())
    return cases


async def _sample(case: Case, pid: int, port: int, plan: Plan, *, floor_us: float | None) -> Sample:
    await case.prepare()
    requests = case.requests()
    meter = BusyMeter()
    spent = cpu_seconds(pid)
    volley = await fire(
        port, requests, status=case.status, connections=plan.connections, seconds=plan.seconds
    )
    spent = cpu_seconds(pid) - spent
    busy = meter.read()
    await case.clean()
    cpu_us = spent / len(volley.latencies) * 1e6
    return Sample(
        cpu_us=cpu_us,
        ratio=cpu_us / (floor_us or cpu_us),
        per_second=len(volley.latencies) / volley.seconds,
        p50_ms=volley.percentile_ms(0.50),
        p99_ms=volley.percentile_ms(0.99),
        bottleneck=busy.load >= SATURATED and busy.server < CLEARLY_IDLE,
        strangers=max(0.0, busy.server - spent / volley.seconds),
    )


@asynccontextmanager
async def running_server(
    environment: dict[str, str], port: int, profile: Path | None, *, cores: Sequence[int] = (SERVER_CORE,)
) -> AsyncIterator[int]:
    """Run the server under measurement on these cores, with the profiler when `profile` is given; gives its pid."""
    profiling = {} if profile is None else {PROFILE: str(profile)}
    with on_core(*cores):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.server",
            cwd=ROOT,
            env={**os.environ, **environment, **profiling},
        )
    try:
        while not answers("127.0.0.1", port, FLOOR_PATH):
            if process.returncode is not None:
                raise RuntimeError("The server did not start; the reason is printed above.")
            await asyncio.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


def server_environment(folder: Path, engines: Engines, port: int) -> dict[str, str]:
    """Return the server's settings: as in production, but with the sandbox, which delivers no webhooks under test."""
    wide = str(10**9)
    return {
        "NODE_ENV": "test",
        "DATABASE_URL": engines.database_url,
        "REDIS_URL": engines.redis_url,
        "JWT_SECRET": "a-secret-for-benchmarks-long-enough",
        "VAULT_MASTER_KEYS": "bench:dGhpcnR5LXR3byBieXRlcyBmb3IgdGVzdHMgYWxvbmU=",
        "FADED_SKIES_DATA": str(folder / "data"),
        "PORT": str(port),
        "MFA_REQUIRED": "false",
        "RATE_LIMIT_MAX": wide,
        "RATE_LIMIT_AUTH_MAX": wide,
        "RATE_LIMIT_ORDER_MAX": wide,
        "LOG_LEVEL": "warning",
    }


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
