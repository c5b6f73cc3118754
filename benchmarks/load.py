"""The load: a few kept-alive connections, each sending the next request as soon as its answer is there.

A client of our own, because it must be light and the machine may have no other: requests are bytes made beforehand, and
of an answer it reads the status and Content-Length only.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


class UnexpectedAnswerError(Exception):
    """The server answered something else than the benchmark is about."""


@dataclass
class Volley:
    """What came of a number of requests. Latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def percentile_ms(self, share: float) -> float:
        return percentile_ms(self.latencies, share)


def percentile_ms(seconds: Sequence[float], share: float) -> float:
    """Return a percentile, in milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def request_bytes(method: str, path: str, *, body: object = None, **headers: str) -> bytes:
    """Return a whole HTTP/1.1 request; `headers` with underscores for hyphens."""
    content = b"" if body is None else orjson.dumps(body)
    fields = {"Host": "127.0.0.1", "User-Agent": "benchmarks", "Accept": "*/*"}
    if body is not None:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], *, status: int, until: float, volley: Volley) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._expected = b"HTTP/1.1 %d" % status
        self._until = until
        self._volley = volley
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_END_OF_HEAD)
        if head < 0:
            return
        start = self._buffer.find(_LENGTH, 0, head) + len(_LENGTH)
        length = int(self._buffer[start : self._buffer.index(b"\r", start)])
        if len(self._buffer) < head + len(_END_OF_HEAD) + length:
            return
        now = time.perf_counter()
        self._volley.latencies.append(now - self._sent_at)
        if not self._buffer.startswith(self._expected):
            self._fail(UnexpectedAnswerError(self._buffer[:2000].decode()))
            return
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or UnexpectedAnswerError("The server closed the connection."))

    def _next(self) -> None:
        self._sent_at = time.perf_counter()
        request = next(self._requests, None) if self._sent_at < self._until else None
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self._transport.close()


async def fire(
    port: int, requests: Iterator[bytes], *, status: int, connections: int, seconds: float
) -> Volley:
    """Send until the time is over or the requests are. Raises UnexpectedAnswerError on any other status."""
    volley = Volley()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    protocols = [
        (
            await loop.create_connection(
                lambda: _Connection(requests, status=status, until=started + seconds, volley=volley),
                "127.0.0.1",
                port,
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for protocol in protocols))
    volley.seconds = time.perf_counter() - started
    return volley
