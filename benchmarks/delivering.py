"""How soon a webhook is answered, 200 a second, beside the bare commit of the row that is kept of it.

A server for each gateway takes its deliveries in turn, and in turn with them the same row is inserted by hand and
committed at the same rate on the same database: that is what the disk's sync costs anybody.
"""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson

from benchmarks.cores import LOAD_CORE, cpu_seconds, on_core
from benchmarks.events import SENDERS, Sender
from benchmarks.load import percentile_ms
from benchmarks.measuring import free_port, running_server, server_environment
from benchmarks.steady import KeptAlive, steadily
from faded_skies.platform.embedded import Engines, start
from faded_skies.platform.ids import new_id
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings

A_SECOND = 200
ROUNDS = 7
SECONDS = 5.0
REPEATS_EVERY = 20
"""One in so many deliveries is the one before it once more."""
AIM_MS = 10
_BARE = "bare"
_CONNECTIONS = 8

_ROW = """
INSERT INTO webhook_events (id, source, external_id, kind, payload) VALUES ($1, $2, $3, 'payment.succeeded', $4)
"""
_KEPT = "SELECT count(*) FROM webhook_events WHERE source = $1"
_TOLD = "SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'payments.work_delivery%'"


class LostDeliveryError(Exception):
    """Not each delivery was kept and told of exactly once, so what was measured is not what is promised."""


@dataclass
class Latencies:
    """What one kind took, in milliseconds, and the server's CPU in microseconds for each; an entry for each round."""

    title: str
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def add(self, seconds: list[float], *, cpu: float) -> None:
        self.p50.append(percentile_ms(seconds, 0.5))
        self.p99.append(percentile_ms(seconds, 0.99))
        self.cpu_us.append(cpu / len(seconds) * 1e6)


@dataclass(frozen=True)
class Delivering:
    """Deliveries of each gateway, bare commits, and by how much the load itself began too late."""

    deliveries: list[Latencies]
    commits: Latencies
    load_late_p99_ms: float


def measure_delivering(
    *, rounds: int = ROUNDS, seconds: float = SECONDS, progress: Callable[[str], None]
) -> Delivering:
    """Measure with the servers on one core, load and engines on the other. Raises LostDeliveryError."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines:
            return asyncio.run(_measure(folder, engines, rounds, int(seconds * A_SECOND), progress))


async def _measure(
    folder: Path, engines: Engines, rounds: int, count: int, progress: Callable[[str], None]
) -> Delivering:
    await migrate(engines.database_url)
    lateness: list[float] = []
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            asyncpg.create_pool(engines.database_url, min_size=_CONNECTIONS, max_size=_CONNECTIONS)
        )
        receivers = []
        for sender in SENDERS:
            environment = server_environment(folder, engines, port := free_port()) | sender.settings
            pid = await stack.enter_async_context(running_server(environment, port, None))
            receivers.append(_Receiver(sender, Settings.model_validate(environment), port, pid))
        commits = Latencies("Bare insert and commit")
        for number in range(rounds + 1):
            progress(f"Delivering webhooks, round {number} of {rounds}" if number else "Warming up")
            for receiver in receivers:
                await receiver.receive(count, lateness)
            commits.add(await _commit(pool, count, lateness), cpu=0)
            await pool.execute("VACUUM ANALYZE webhook_events, pgqueuer")
        await _check(pool, receivers)
    for measured in (commits, *(receiver.latencies for receiver in receivers)):
        del measured.p50[0], measured.p99[0], measured.cpu_us[0]  # the warming up
    return Delivering([receiver.latencies for receiver in receivers], commits, percentile_ms(lateness, 0.99))


class _Receiver:
    """A server that takes one gateway's deliveries, and what it took."""

    def __init__(self, sender: Sender, settings: Settings, port: int, pid: int) -> None:
        self.sender = sender
        self.latencies = Latencies(f"Delivery of {sender.title}")
        self.names: set[str] = set()
        self._settings = settings
        self._connections = KeptAlive(port)
        self._pid = pid

    async def receive(self, count: int, lateness: list[float]) -> None:
        """Deliver so many, some of them twice."""
        requests: list[bytes] = []
        for number in range(count):
            if number % REPEATS_EVERY == REPEATS_EVERY - 1:
                requests.append(requests[-1])
                continue
            self.names.add(name := f"evt_{uuid4().hex}")
            requests.append(self.sender.request(self._settings, name))

        async def deliver(number: int) -> None:
            await self._connections.ask(requests[number])

        spent = cpu_seconds(self._pid)
        took = await steadily(A_SECOND, count, deliver, lateness=lateness)
        self.latencies.add(took, cpu=cpu_seconds(self._pid) - spent)
        await self._connections.close()  # by the next round the server would have


async def _commit(pool: "asyncpg.Pool[asyncpg.Record]", count: int, lateness: list[float]) -> list[float]:
    rows = [
        (
            new_id(),
            _BARE,
            f"evt_{uuid4().hex}",
            orjson.dumps(
                {"about": "charge", "intentId": str(new_id()), "externalId": f"pi_{uuid4().hex[:24]}"}
            ).decode(),
        )
        for _ in range(count)
    ]

    async def insert(number: int) -> None:
        await pool.execute(_ROW, *rows[number])

    return await steadily(A_SECOND, count, insert, lateness=lateness)


async def _check(pool: "asyncpg.Pool[asyncpg.Record]", receivers: list[_Receiver]) -> None:
    for receiver in receivers:
        kept = await pool.fetchval(_KEPT, receiver.sender.source)
        if kept != len(receiver.names):
            raise LostDeliveryError(f"{len(receiver.names)} were delivered, {kept} were kept")
    told, sent = await pool.fetchval(_TOLD), sum(len(receiver.names) for receiver in receivers)
    if told != sent:
        raise LostDeliveryError(f"{sent} were delivered, {told} were told of")
