"""Rounds that many ask for and that run one after the other."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Rounds:
    """Runs a round for whoever asks; those who asked before it began share it.

    Twenty events at once make two rounds, not twenty: the first one's, and one that began after all had asked.
    """

    def __init__(self, run: Callable[[], Awaitable[object]]) -> None:
        self._run = run
        self._turn = asyncio.Lock()
        self._began = float("-inf")

    async def ask(self) -> None:
        """Return when a round is over that began after this call. Raises what the round raised."""
        asked = time.monotonic()
        async with self._turn:
            if self._began > asked:
                return
            began = time.monotonic()
            await self._run()
            self._began = began
