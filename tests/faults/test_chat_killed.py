"""A chat over two servers and a worker, of which the customer's server and the worker are killed."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import socketio

from factories.identity import SignedInPerson, signed_in
from factories.support import messages_of, open_ticket
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.settings import Settings
from servers import Deployed, environment_of, free_port, serve_process


class Line:
    """A client's connection, and the messages it was told of."""

    def __init__(self) -> None:
        self.io = socketio.AsyncClient(reconnection=False)
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.io.on("new-message", self.told.put)

    async def connect(self, address: str, person: SignedInPerson) -> None:
        await self.io.connect(address, auth={"token": person.access_token}, transports=["websocket"])

    async def send(self, event: str, data: object) -> dict[str, Any]:
        answer: dict[str, Any] = await self.io.call(event, data, timeout=10)
        assert answer["ok"] is True, answer
        return answer

    async def hears(self, *texts: str) -> None:
        """Wait until it was told of all of these; a killed worker's successor may tell of one again."""
        missing = set(texts)
        async with asyncio.timeout(60):
            while missing:
                missing.discard((await self.told.get())["message"])


async def test_a_chat_goes_on_when_a_server_and_the_worker_are_killed(
    app: Application, client: httpx.AsyncClient, settings: Settings, deployed: Deployed, tmp_path: Path
) -> None:
    customer, agent = await signed_in(app), await signed_in(app, Role.AGENT)
    ticket = await open_ticket(client, customer)
    named = {"ticketId": ticket["id"]}
    asking, helping = Line(), Line()
    with serve_process(environment_of(settings), tmp_path / "second.log", port=free_port()) as second:
        await deployed.server.ready()
        await second.ready()
        try:
            await asking.connect(second.address, customer)
            await helping.connect(deployed.server.address, agent)
            for line in (asking, helping):
                await line.send("join-chat", named)
            sent = await asking.send("send-message", named | {"message": "1"})
            for line in (asking, helping):
                await line.hears("1")

            second.kill()
            deployed.worker.kill()
            await helping.send("send-message", named | {"message": "2"})
            await helping.send("send-message", named | {"message": "3"})
            await asyncio.wait_for(asking.io.wait(), 10)
            assert asking.told.empty()

            again = Line()
            await again.connect(deployed.server.address, customer)
            try:
                since = {"sinceMessageId": sent["message"]["id"]}
                missed = await again.send("join-chat", named | since)
                assert [one["message"] for one in missed["messages"]] == ["2", "3"]
                deployed.worker.start()
                await helping.hears("2", "3")
                await again.send("send-message", named | {"message": "4"})
                await helping.hears("4")
            finally:
                await again.io.disconnect()
        finally:
            await asking.io.disconnect()
            await helping.io.disconnect()
    told = [one["message"] for one in await messages_of(client, customer, ticket)]
    assert told == ["Only one of two came.", "1", "2", "3", "4"]
