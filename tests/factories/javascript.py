"""The real socket.io-client 4, in a process of Node's that the test drives."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson

from factories.identity import SignedInPerson
from factories.sockets import SHAPES
from node_peers import FOLDER, install, node

Line = dict[str, Any]
_PATIENCE_SECONDS = 60


class JavaScript:
    """Clients by name; `heard` gives the next event of one, held against its promised shape."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: dict[tuple[str, str], asyncio.Queue[Line]] = {}
        self._last = 0

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = json.loads(raw)
            self._queue(line["client"], line["is"]).put_nowait(line)

    def _queue(self, client: str, kind: str) -> "asyncio.Queue[Line]":
        return self._lines.setdefault((client, kind), asyncio.Queue())

    def _say(self, **order: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(order) + b"\n")

    async def next(self, client: str, kind: str) -> Line:
        """Return the next line of a kind: connect, connect_error, disconnect, upgrade, event, ack."""
        return await asyncio.wait_for(self._queue(client, kind).get(), _PATIENCE_SECONDS)

    async def connect(
        self,
        client: str,
        address: str,
        person: SignedInPerson | str,
        *,
        transports: tuple[str, ...] = ("polling", "websocket"),
    ) -> None:
        """Connect as somebody; by a bare text as a token where it must fail."""
        self.begin(client, address, person, transports=transports)
        if not isinstance(person, str):
            await self.next(client, "connect")

    def begin(
        self,
        client: str,
        address: str,
        person: SignedInPerson | str,
        *,
        transports: tuple[str, ...] = ("polling", "websocket"),
    ) -> None:
        """Begin to connect."""
        token = person if isinstance(person, str) else person.access_token
        self._say(do="connect", client=client, address=address, token=token, transports=transports)

    async def emit(self, client: str, event: str, data: object) -> Line:
        """Send an event and return its acknowledgement."""
        [answer] = await self.emit_all(client, event, [data])
        return answer

    async def emit_all(self, client: str, event: str, datas: Sequence[object]) -> list[Line]:
        """Send events in one breath and return their acknowledgements, which come in the same order."""
        first = self._last + 1
        for self._last, data in enumerate(datas, first):
            self._say(do="emit", client=client, id=self._last, event=event, data=data)
        lines = [await self.next(client, "ack") for _ in datas]
        assert [line["id"] for line in lines] == list(range(first, self._last + 1))
        assert all(line["answer"] is not None for line in lines), f"{event} was not acknowledged"
        return [line["answer"] for line in lines]

    async def heard(self, client: str, event: str) -> Line:
        """Return the data of the next event of this name; others before it are dropped."""
        while (line := await self.next(client, "event"))["event"] != event:
            pass
        SHAPES[event].model_validate_json(orjson.dumps(line["data"]))
        data: Line = line["data"]
        return data

    def silent(self, client: str, kind: str = "event") -> bool:
        """Tell whether a client has heard nothing of a kind since it was last asked."""
        return self._queue(client, kind).empty()


@asynccontextmanager
async def javascript() -> AsyncIterator[JavaScript]:
    """Run Node with the clients; killed in the end."""
    await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        node(),
        str(FOLDER / "socket-clients.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1024 * 1024,
    )
    clients = JavaScript(process)
    listening = asyncio.create_task(clients.listen())
    try:
        yield clients
    finally:
        process.kill()
        await process.wait()
        await listening
