"""Connected Socket.IO clients that hear, and hold what they hear against its promised shape."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import socketio

from factories.identity import SignedInPerson
from faded_skies import registry
from faded_skies.bootstrap import Application
from faded_skies.platform.ids import new_id

SHAPES = {event.name: event.payload for event in registry.server_events()}


class Client:
    """A connected client and what it heard."""

    def __init__(self, app: Application, person: SignedInPerson) -> None:
        self._app = app
        self._person = person
        self._heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.io = socketio.AsyncClient(reconnection=False)
        self.io.on("*", self._hear)

    async def _hear(self, event: str, data: object) -> None:
        self._heard.put_nowait((event, data))

    async def send(self, event: str, data: object) -> dict[str, Any]:
        """Send an event and return its acknowledgement."""
        answer: dict[str, Any] = await self.io.call(event, data, timeout=5)
        return answer

    async def heard(self) -> list[tuple[str, Any]]:
        """Return what came since the last call: all that was told before a fence, which is told now."""
        fence = str(new_id())
        await self._app.ports.realtime.tell("fence", fence, rooms=[f"user:{self._person.id}"])
        events: list[tuple[str, Any]] = []
        async with asyncio.timeout(5):
            while (one := await self._heard.get()) != ("fence", fence):
                SHAPES[one[0]].model_validate_json(orjson.dumps(one[1]))
                events.append(one)
        return events


@asynccontextmanager
async def connected(app: Application, address: str, person: SignedInPerson) -> AsyncIterator[Client]:
    client = Client(app, person)
    await client.io.connect(address, auth={"token": person.access_token}, transports=["websocket"])
    try:
        yield client
    finally:
        await client.io.disconnect()
