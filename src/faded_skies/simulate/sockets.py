"""A Socket.IO client as one person's app has it: Engine.IO 4 over a WebSocket, back again when it is lost.

Written on `websockets`, which the server needs anyway: the client of python-socketio wants aiohttp, whose mere
presence would cost each of our server processes 10 MB, because python-socketio imports it where it finds it.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from faded_skies.simulate.client import TIMEOUT, Answer, Refused, Unexplained, judge
from faded_skies.simulate.tally import Failure, Tally

OK, REFUSED = 200, 400  # how an acknowledgement reads as an answer
PAUSE = 1.0  # seconds before a lost connection is tried again

# Packet types: Engine.IO's in the first character, Socket.IO's in the second.
_OPEN, _PING, _PONG = "0", "2", "3"
_CONNECT, _EVENT, _ACK = "40", "42", "43"


class Socket:
    """One connection. `hear` gets every event's name and data; `losses` counts how often it was lost."""

    def __init__(
        self, url: str, *, token: Callable[[], str], hear: Callable[[str, Any], None], tally: Tally
    ) -> None:
        scheme, _, rest = url.partition("://")
        wide = {"http": "ws", "https": "wss"}[scheme]
        self._url = f"{wide}://{rest.rstrip('/')}/socket.io/?EIO=4&transport=websocket"
        self._token = token
        self._hear = hear
        self._tally = tally
        self._connection: ClientConnection | None = None
        self._ready = asyncio.Event()
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._next_ack = 0
        self.losses = 0

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                # Engine.IO has heartbeats of its own.
                async with connect(self._url, ping_interval=None, open_timeout=TIMEOUT) as connection:
                    patience = await self._enter(connection)
                    self._connection = connection
                    self._ready.set()
                    await self._listen(connection, patience)
            except (OSError, TimeoutError, WebSocketException) as lost:
                self._lost(f"{type(lost).__name__} {lost}")
            except (KeyError, TypeError, ValueError) as wrong:
                self._lost(f"wrong shape: {type(wrong).__name__} {wrong}")
            finally:
                self._drop()
            await asyncio.sleep(PAUSE)

    async def ask(self, event: str, data: object) -> Answer:
        """Send an event and return its acknowledgement. Raises Refused, Unexplained."""
        call = f"SOCKET {event}"
        self._next_ack += 1
        number = self._next_ack
        ack = self._acks[number] = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._ready.wait()
                assert self._connection is not None  # noqa: S101 - ready says so
                await self._connection.send(f"{_EVENT}{number}{json.dumps([event, data])}")
                body = await ack
        except (TimeoutError, WebSocketException) as lost:
            raise Unexplained(Failure(f"no acknowledgement: {type(lost).__name__}", call)) from lost
        finally:
            self._acks.pop(number, None)
        self._tally.measured(call, (time.perf_counter() - started) * 1000)
        try:
            return judge(acknowledged(call, body), {"NOT_FOUND", "INVALID_STATE"})
        except Refused as refused:
            self._tally.refusals[refused.code, call] += 1
            raise

    async def _enter(self, connection: ClientConnection) -> float:
        """Shake hands; return how many seconds the server may be silent. Raises ValueError when it refuses."""
        async with asyncio.timeout(TIMEOUT):
            opened = str(await connection.recv())
            if not opened.startswith(_OPEN):
                raise ValueError("the connection did not begin with an open packet")
            terms = json.loads(opened[len(_OPEN) :])
            await connection.send(_CONNECT + json.dumps({"token": self._token()}))
            joined = str(await connection.recv())
            if not joined.startswith(_CONNECT):
                raise ValueError(f"the server refused the connection: {joined[:100]}")
        return float(terms["pingInterval"] + terms["pingTimeout"]) / 1000

    async def _listen(self, connection: ClientConnection, patience: float) -> None:
        while True:
            async with asyncio.timeout(patience):
                packet = str(await connection.recv())
            if packet == _PING:
                await connection.send(_PONG)
            elif packet.startswith(_EVENT):
                event, *data = json.loads(packet[len(_EVENT) :])
                self._tally.events[event] += 1
                self._hear(event, data[0] if data else None)
            elif packet.startswith(_ACK):
                number, bracket, rest = packet[len(_ACK) :].partition("[")
                ack = self._acks.get(int(number))
                if ack is not None and not ack.done():
                    ack.set_result(next(iter(json.loads(bracket + rest)), None))
            else:
                raise ValueError(f"packet {packet[:2]}")

    def _lost(self, why: str) -> None:
        # One failure a loss, however many attempts it takes to come back.
        if self._ready.is_set() or self.losses == 0:
            self._tally.fail(Failure(f"the socket was lost: {why}", "SOCKET connect"))
        self.losses += 1

    def _drop(self) -> None:
        self._connection = None
        self._ready.clear()


def acknowledged(call: str, body: Any) -> Answer:
    """Return an acknowledgement (`{ok: true, …}` or `{ok: false, error, code}`) as an answer."""
    if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
        return Answer(
            call, REFUSED, "", "", None, f"no acknowledgement of the contract: {type(body).__name__}"
        )
    said = f"{body.get('code')}: {body.get('error')}" if not body["ok"] else ""
    return Answer(call, OK if body["ok"] else REFUSED, "", "", body, said)
