"""A steady load: so many a second, each at its moment, whether or not the others have been answered."""

import asyncio
import gc
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable

from benchmarks.load import UnexpectedAnswerError

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


async def steadily(
    a_second: int, count: int, act: Callable[[int], Awaitable[None]], *, lateness: list[float]
) -> list[float]:
    """Begin `act` with each number at its moment, and return the seconds each took.

    `lateness` gets by how many seconds this process itself began each too late, which is not the other side's doing.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def one(number: int) -> float:
        due = started + number / a_second
        await asyncio.sleep(due - loop.time())
        began = loop.time()
        lateness.append(began - due)
        await act(number)
        return loop.time() - began

    gc.disable()  # a full collection would stop this process for 100 ms, as if the other side had
    try:
        return list(await asyncio.gather(*(one(number) for number in range(count))))
    finally:
        gc.enable()


class KeptAlive:
    """Connections to a port of this machine, opened when none is free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[StreamReader, StreamWriter]] = []

    async def ask(self, request: bytes) -> None:
        """Send a whole request and read the answer. Raises UnexpectedAnswerError unless it is a 200."""
        reader, writer = (
            self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        )
        writer.write(request)
        head = await reader.readuntil(_END_OF_HEAD)
        start = head.index(_LENGTH) + len(_LENGTH)
        body = await reader.readexactly(int(head[start : head.index(b"\r", start)]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise UnexpectedAnswerError((head + body)[:2000].decode())
        self._free.append((reader, writer))

    async def close(self) -> None:
        """Close what is free; call it when nothing is being asked."""
        for _, writer in self._free:
            writer.close()
            await writer.wait_closed()
        self._free.clear()
