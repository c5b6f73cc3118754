"""A server that leaves sends away what may go elsewhere, and does the rest."""

from typing import Any

import httpx
import pytest
import websockets

from faded_skies.platform.http.leaving import ElsewhereWhenLeaving
from faded_skies.platform.lifecycle import Lifecycle
from servers import serving

MARK = {"X-Another-Server": "1"}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})


async def test_what_is_sent_elsewhere() -> None:
    lifecycle = Lifecycle()
    layer = ElsewhereWhenLeaving(app, lifecycle=lifecycle)
    async with serving(layer) as address, httpx.AsyncClient(base_url=address) as client:

        async def statuses() -> dict[str, int]:
            calls = {
                f"{method}{' marked' if headers else ''}": await client.request(method, "/", headers=headers)
                for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
                for headers in ({}, MARK)
            }
            return {call: answer.status_code for call, answer in calls.items() if answer.status_code != 200}

        socket = address.replace("http", "ws")
        assert await statuses() == {}
        async with websockets.connect(socket, additional_headers=MARK):
            pass
        lifecycle.is_leaving = True
        assert await statuses() == {"GET marked": 502, "HEAD marked": 502}
        answer = await client.get("/", headers=MARK)
        assert (answer.json()["code"], answer.headers["connection"]) == ("LEAVING", "close")
        async with websockets.connect(socket):
            pass
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(socket, additional_headers=MARK):
                raise AssertionError
        assert refused.value.response.status_code == 502
