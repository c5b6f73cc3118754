"""Our small Socket.IO client against the server that the product uses."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import socketio
import uvicorn

from faded_skies.simulate.client import Refused, Unexplained
from faded_skies.simulate.sockets import Socket
from faded_skies.simulate.tally import Tally

TOKEN = "right"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - neither uvicorn nor the tally tells when it changes
            await asyncio.sleep(0.01)


class Server:
    """A python-socketio server on a port of its own."""

    def __init__(self) -> None:
        self.io = socketio.AsyncServer(async_mode="asgi", ping_interval=0.2, ping_timeout=5)
        self.io.on("connect", self._connect)
        self.io.on("track-order", self._track)
        app = socketio.ASGIApp(self.io)
        self._uvicorn = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio"))
        self.sids: list[str] = []

    async def _connect(self, sid: str, _environ: Any, auth: Any) -> None:
        if auth != {"token": TOKEN}:
            raise socketio.exceptions.ConnectionRefusedError("Authentication error")
        self.sids.append(sid)

    async def _track(self, _sid: str, data: Any) -> dict[str, object]:
        if data["orderId"] == "mine":
            return {"ok": True, "order": {"id": "mine"}}
        return {"ok": False, "error": "There is no such order.", "code": data["orderId"]}

    async def start(self) -> str:
        self._task = asyncio.create_task(self._uvicorn.serve())
        await until(lambda: self._uvicorn.started)
        port = self._uvicorn.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        self._uvicorn.should_exit = True
        await self._task


class Ears:
    """A socket, what it heard, and what was counted."""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.tally = Tally(random.Random(1))
        self.socket = Socket(
            url, token=lambda: token, hear=lambda *said: self.heard.put_nowait(said), tally=self.tally
        )
        self._task = asyncio.create_task(self.socket.run())

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    running = Server()
    url = await running.start()
    yield running, url
    await running.stop()


@pytest.fixture
async def ears(server: tuple[Server, str]) -> AsyncIterator[Ears]:
    listening = Ears(server[1])
    yield listening
    await listening.close()


async def test_an_acknowledgement_comes_back_and_is_measured(ears: Ears) -> None:
    answer = await ears.socket.ask("track-order", {"orderId": "mine"})
    assert answer.body == {"ok": True, "order": {"id": "mine"}}
    assert ears.tally.latencies()["SOCKET track-order"].times == 1
    assert ears.tally.failed == 0


async def test_a_refusal_is_explained_or_not(ears: Ears) -> None:
    with pytest.raises(Refused):
        await ears.socket.ask("track-order", {"orderId": "NOT_FOUND"})
    with pytest.raises(Unexplained, match="refused with UNAVAILABLE"):
        await ears.socket.ask("track-order", {"orderId": "UNAVAILABLE"})
    assert ears.tally.refused() == {"NOT_FOUND": {"SOCKET track-order": 1}}


async def test_events_are_heard_and_counted(server: tuple[Server, str], ears: Ears) -> None:
    await ears.socket.ask("track-order", {"orderId": "mine"})
    await server[0].io.emit("order-status", {"orderId": "mine", "status": "confirmed"})
    assert await ears.heard.get() == ("order-status", {"orderId": "mine", "status": "confirmed"})
    assert ears.tally.events == {"order-status": 1}


async def test_the_server_s_heartbeat_is_answered(server: tuple[Server, str], ears: Ears) -> None:
    await ears.socket.ask("track-order", {"orderId": "mine"})
    for _ in range(3):
        await asyncio.sleep(0.25)  # longer than a ping takes
        await ears.socket.ask("track-order", {"orderId": "mine"})
    assert len(server[0].sids) == 1
    assert ears.socket.losses == 0


async def test_a_lost_connection_comes_back_and_is_one_failure(
    server: tuple[Server, str], ears: Ears
) -> None:
    await ears.socket.ask("track-order", {"orderId": "mine"})
    await server[0].io.disconnect(server[0].sids[0])
    await until(lambda: ears.socket.losses > 0)
    await ears.socket.ask("track-order", {"orderId": "mine"})
    assert len(server[0].sids) == 2
    assert [failure.call for failure in ears.tally.failures] == ["SOCKET connect"]


async def test_a_bad_token_is_a_failure_that_says_so(server: tuple[Server, str]) -> None:
    stranger = Ears(server[1], token="wrong")
    await until(lambda: stranger.tally.failed > 0)
    await stranger.close()
    assert "Authentication error" in stranger.tally.failures[0].what
    assert server[0].sids == []
