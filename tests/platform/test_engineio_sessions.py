"""Engine.IO sessions in which nobody connects are ended; those of connected clients are not."""

import asyncio

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from factories.identity import signed_in
from factories.sockets import connected
from faded_skies import bootstrap
from faded_skies.platform import engineio_sessions
from faded_skies.platform.settings import Settings
from servers import serving

_OPEN = "/socket.io/?EIO=4&transport="


async def test_sessions_without_a_connected_client_are_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engineio_sessions, "IDLE_SECONDS", 0.3)
    monkeypatch.setattr(engineio_sessions, "_BETWEEN_LOOKS_SECONDS", 0.1)
    async with (
        bootstrap.application(settings) as app,
        serving(app.asgi) as address,
        httpx.AsyncClient(base_url=address) as client,
    ):
        person = await signed_in(app)
        url = f"ws{address.removeprefix('http')}{_OPEN}websocket"
        async with (
            connected(app, address, person) as listening,
            connect(url) as silent,
            connect(url) as refused,
        ):
            polling = (await client.get(f"{_OPEN}polling")).text
            sid = orjson.loads(polling.removeprefix("0"))["sid"]
            await refused.send('40{"token":"nonsense"}')
            async with asyncio.timeout(20):
                assert (await last_word(silent)).startswith("0{")  # that it is open, and nothing else
                assert "Authentication error" in await last_word(refused)
                while (answer := await client.get(f"{_OPEN}polling&sid={sid}")).is_success:
                    assert answer.text in {"1", "6"}  # closed; nothing
            assert answer.status_code == 400
            assert await listening.heard() == []


async def last_word(client: ClientConnection) -> str:
    """Return what came last before the server closed the connection."""
    word = ""
    try:
        while True:
            word = str(await client.recv())
    except ConnectionClosed:
        return word
