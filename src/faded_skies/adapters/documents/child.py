"""Runs the programs that read hostile files: one short-lived process a file, a few at a time."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from faded_skies.platform.errors import Unavailable
from faded_skies.platform.outbound import refuse_inside_transaction

_LONGEST = 40.0
"""Seconds by the clock; the child itself may use half of it of the processor."""
_PATIENCE = 15.0
"""Seconds that a file waits for those before it: who sends slow ones holds up others, not for ever."""
_LAST_WORDS = 2.0
_MOST_OUTPUT = 32 * 1024 * 1024


class BrokenChildError(Exception):
    """The child crashed, was killed at a limit, took too long or wrote too much."""


class Children:
    """Starts children, at most `at_once` at the same time; the rest wait their turn."""

    def __init__(
        self, *, at_once: int = 1, longest: float = _LONGEST, most_output: int = _MOST_OUTPUT
    ) -> None:
        self._turn = asyncio.Semaphore(at_once)
        self._longest = longest
        self._most_output = most_output

    async def run(self, program: Sequence[str], body: bytes) -> bytes:
        """Give the program `body` on stdin and return its stdout. Raises BrokenChildError, Unavailable."""
        refuse_inside_transaction("The document reader")
        async with self._taken():
            # Nothing of our environment: it holds the keys of the shop.
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                *program,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={},
                cwd=os.sep,
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(self._longest):
                    return await self._talk(child, body)
            except TimeoutError:
                raise BrokenChildError("It took too long.") from None
            finally:
                await _end(child)

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("Many files are being read right now. Send yours again in a minute.") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _talk(self, child: Process, body: bytes) -> bytes:
        writing = asyncio.create_task(_write(child, body))
        try:
            written = await self._read(child)
            if await child.wait() != 0:
                raise BrokenChildError(f"It ended with {child.returncode}.")
            return written
        finally:
            writing.cancel()
            await asyncio.wait([writing])

    async def _read(self, child: Process) -> bytes:
        assert child.stdout is not None  # noqa: S101 - it is a pipe, as asked for
        written = bytearray()
        while part := await child.stdout.read(64 * 1024):
            written += part
            if len(written) > self._most_output:
                raise BrokenChildError("It wrote without end.")
        return bytes(written)


async def _write(child: Process, body: bytes) -> None:
    assert child.stdin is not None  # noqa: S101 - as above
    # A child that refuses early closes the pipe: that is its answer's business, not ours.
    with suppress(ConnectionError):
        child.stdin.write(body)
        await child.stdin.drain()
        child.stdin.close()
        await child.stdin.wait_closed()


async def _end(child: Process) -> None:
    """Kill the child, with whatever it may have started, and wait until nothing of it is left."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    assert child.stdout is not None  # noqa: S101 - as above
    with suppress(TimeoutError):  # something that fled from the group still holds the pipe
        async with asyncio.timeout(_LAST_WORDS):
            while await child.stdout.read(64 * 1024):
                pass  # an unread pipe would stay open
    await child.wait()
