"""What a provider publishes for everybody, kept for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from faded_skies.domains.identity.errors import ProviderUnavailable

T = TypeVar("T")

_KEPT_SECONDS = 3600
_AFTER_FAILURE_SECONDS = 5


class Kept(Generic[T]):
    """Reads something at most once an hour, one call at a time.

    After a failure nobody asks again for five seconds: else everybody who waits for a provider that is away would
    wait for their own call, one after the other.
    """

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._value: T | None = None
        self._read_at = 0.0
        self._failed_at: float | None = None

    async def get(self, *, but: T | None = None) -> T:
        """Return it; read anew when it is old, or is still the one that would not do. Raises ProviderUnavailable."""
        async with self._turn:
            now = time.monotonic()
            if self._value is not None and self._value is not but and now - self._read_at <= _KEPT_SECONDS:
                return self._value
            if self._failed_at is not None and now - self._failed_at < _AFTER_FAILURE_SECONDS:
                raise ProviderUnavailable
            try:
                self._value = await self._read()
            except ProviderUnavailable:
                self._failed_at = time.monotonic()
                raise
            self._read_at, self._failed_at = now, None
            return self._value
