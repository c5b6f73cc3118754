"""What idle sockets cost in memory, and how soon 500, 2,000 and 5,000 watchers of an order see its driver move.

One server process on a core of its own; the clients, its database and its Valkey share the other. The clients are bare
WebSockets that speak as much of Engine.IO and Socket.IO as they need. The floor of the fan-out is the server's answer
to one client alone in the same run.
"""

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.cores import LOAD_CORE, SERVER_CORE, on_core
from benchmarks.load import percentile_ms
from benchmarks.measuring import free_port, running_server, server_environment
from benchmarks.shop import fill
from faded_skies import bootstrap
from faded_skies.platform import valkey
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.rooms import Manager, Realtime
from faded_skies.platform.settings import Settings

IDLE = 5_000
WATCHERS = (500, 2_000, 5_000)
AIM_WATCHERS = 2_000
ROUNDS = 20
AIM_MS = 250
AIM_MB = 400
_AT_ONCE = 100
_SETTLING_SECONDS = 2
_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 60
_PING, _PONG = "2", "3"
_TOLD = '42["driver-location"'


@dataclass(frozen=True)
class Told:
    """Milliseconds until a message was at each of so many watchers."""

    watchers: int
    p50: float
    p99: float


@dataclass(frozen=True)
class Watched:
    """Bytes that `idle` sockets cost the server, and how soon one and how soon many watchers had a message."""

    idle: int
    idle_bytes: int
    alone: Told
    told: list[Told]


def measure_watching(
    *,
    idle: int = IDLE,
    watchers: Sequence[int] = WATCHERS,
    rounds: int = ROUNDS,
    progress: Callable[[str], None],
) -> Watched:
    """Measure in a folder of the system's temporary one, and leave nothing."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="faded-skies-bench-") as name, on_core(LOAD_CORE):
        folder = Path(name)
        folder.chmod(0o711)  # the engines drop root's rights
        with start(folder) as engines:
            environment = server_environment(folder, engines, free_port())
            return asyncio.run(_measure(environment, idle, watchers, rounds, progress))


async def _measure(
    environment: dict[str, str],
    idle: int,
    watchers: Sequence[int],
    rounds: int,
    progress: Callable[[str], None],
) -> Watched:
    await migrate(environment["DATABASE_URL"])
    async with bootstrap.application(Settings.model_validate(environment), serves=False) as application:
        shop = await fill(application, products=10, customers=1)
    port = int(environment["PORT"])
    async with valkey.connect(environment["REDIS_URL"]) as bus:
        realtime = Realtime(Manager(bus, write_only=True))
        async with running_server(environment, port, None, cores=(SERVER_CORE,)) as pid:
            server = psutil.Process(pid)
            crowd = _Crowd(port, shop.customers[0].token)
            await crowd.grow(1)
            await asyncio.sleep(_SETTLING_SECONDS)
            room = f"user:{shop.customers[0].id}"
            alone = _told(1, await crowd.tell(realtime, room, rounds))
            before = server.memory_full_info().uss
            progress(f"Connecting {idle} sockets")
            await crowd.grow(idle)
            await asyncio.sleep(_SETTLING_SECONDS)
            cost = server.memory_full_info().uss - before
            told: list[Told] = []
            for count in sorted(watchers, reverse=True):
                await crowd.grow(count)
                await crowd.shrink(count)
                await asyncio.sleep(_SETTLING_SECONDS)
                progress(f"Telling {count} watchers, {rounds} times")
                told.insert(0, _told(count, await crowd.tell(realtime, room, rounds)))
            await crowd.shrink(0)
    return Watched(idle, cost, alone, told)


def _told(watchers: int, took: list[float]) -> Told:
    return Told(watchers, percentile_ms(took, 0.5), percentile_ms(took, 0.99))


class _Crowd:
    """Connected clients of one person; `tell` says after how many seconds each had each message."""

    def __init__(self, port: int, token: str) -> None:
        self._url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        self._hello = "40" + orjson.dumps({"token": token}).decode()
        self._clients: list[tuple[ClientConnection, asyncio.Task[None]]] = []
        self._came: asyncio.Queue[float] = asyncio.Queue()

    async def grow(self, count: int) -> None:
        while (missing := count - len(self._clients)) > 0:
            await asyncio.gather(*(self._join() for _ in range(min(missing, _AT_ONCE))))

    async def _join(self) -> None:
        client = await connect(
            self._url, compression=None, ping_interval=None, max_queue=None, open_timeout=60
        )
        await client.recv()
        await client.send(self._hello)
        await client.recv()
        self._clients.append((client, asyncio.create_task(self._listen(client))))

    async def _listen(self, client: ClientConnection) -> None:
        async for message in client:
            if message == _PING:
                await client.send(_PONG)
            elif isinstance(message, str) and message.startswith(_TOLD):
                self._came.put_nowait(time.perf_counter())

    async def shrink(self, count: int) -> None:
        leaving, self._clients = self._clients[count:], self._clients[:count]
        for place in range(0, len(leaving), _AT_ONCE):
            await asyncio.gather(*(client.close() for client, _ in leaving[place : place + _AT_ONCE]))
        await asyncio.gather(*(task for _, task in leaving))

    async def tell(self, realtime: Realtime, room: str, rounds: int) -> list[float]:
        took: list[float] = []
        data = {"lat": 30.2672, "lng": -97.7431, "heading": 90.0, "speed": 11.2, "timestamp": 1, "eta": 7}
        for _ in range(rounds):
            gone = sum(task.done() for _, task in self._clients)
            if gone:
                raise RuntimeError(
                    f"{gone} of {len(self._clients)} sockets were lost: the machine is too busy."
                )
            began = time.perf_counter()
            await realtime.tell("driver-location", data, rooms=[room])
            async with asyncio.timeout(_PATIENCE_SECONDS):
                took += [await self._came.get() - began for _ in self._clients]
            await asyncio.sleep(_PAUSE_SECONDS)
        return took
