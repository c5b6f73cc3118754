"""Bodies larger than the rest: which paths take them, and how many may be in memory at once."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.types import Message, Receive

from faded_skies.platform.errors import Unavailable

_AT_ONCE = 6
_PATIENCE = 10.0


class TooManyUploads(Unavailable):
    code = "TOO_MANY_UPLOADS"
    sentence = "Many people are uploading files at this moment. Try again in half a minute."


class LargeBodies:
    """`limits` are bytes of a POST by path; {} in one stands for any one part.

    At most `at_once` such bodies are read or kept by this process.
    """

    def __init__(
        self, limits: Mapping[str, int], *, at_once: int = _AT_ONCE, patience: float = _PATIENCE
    ) -> None:
        self._limits = {path: most for path, most in limits.items() if "{}" not in path}
        self._patterns = [
            (re.compile(re.escape(path).replace(r"\{\}", "[^/]+")), most)
            for path, most in limits.items()
            if "{}" in path
        ]
        self._turn = asyncio.Semaphore(at_once)
        self._patience = patience

    @property
    def full(self) -> bool:
        return self._turn.locked()

    def most(self, method: str, path: str) -> int | None:
        """Return how many bytes may come; None when it is a request like the rest."""
        if method != "POST":
            return None
        if path in self._limits:
            return self._limits[path]
        return next((most for pattern, most in self._patterns if pattern.fullmatch(path)), None)

    @asynccontextmanager
    async def place(self, receive: Receive) -> AsyncIterator[Receive]:
        """Give a `receive` that waits for a place before the first byte is read, and keep the place to the end.

        Who is refused before that, for lack of a token perhaps, takes none. After `patience` seconds of waiting it
        raises TooManyUploads.
        """
        taken = False

        async def patiently() -> Message:
            nonlocal taken
            if not taken:
                try:
                    await asyncio.wait_for(self._turn.acquire(), self._patience)
                except TimeoutError:
                    raise TooManyUploads(retryAfter=30) from None
                taken = True
            return await receive()

        try:
            yield patiently
        finally:
            if taken:
                self._turn.release()
