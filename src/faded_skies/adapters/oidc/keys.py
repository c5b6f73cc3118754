"""A provider's public keys: read once, read again when it signs with one that we do not know."""

import asyncio
import time
from typing import Any

import jwt

from faded_skies.adapters.oidc.endpoints import Discovery
from faded_skies.adapters.oidc.wire import Wire
from faded_skies.domains.identity.errors import ProviderRefused, ProviderUnavailable

_KEPT_SECONDS = 3600
_BETWEEN_MISSES_SECONDS = 60


class SigningKeys:
    """Keys by `kid`, kept an hour. An unknown one has them read again, at most once a minute."""

    def __init__(self, wire: Wire, discovery: Discovery) -> None:
        self._wire = wire
        self._discovery = discovery
        self._turn = asyncio.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at: float | None = None
        self._missed_at: float | None = None

    async def find(self, kid: str) -> jwt.PyJWK:
        """Return the key of this name. Raises ProviderRefused when there is none, or ProviderUnavailable."""
        async with self._turn:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at > _KEPT_SECONDS:
                await self._read(now)
            elif kid not in self._keys and (
                self._missed_at is None or now - self._missed_at > _BETWEEN_MISSES_SECONDS
            ):
                self._missed_at = now
                await self._read(now)
            key = self._keys.get(kid)
        if key is None:
            raise ProviderRefused
        return key

    async def _read(self, now: float) -> None:
        document = await self._wire.get((await self._discovery.endpoints()).keys)
        listed = document.get("keys")
        if not isinstance(listed, list):
            raise ProviderUnavailable
        self._keys = {key.key_id: key for key in map(_usable, listed) if key is not None and key.key_id}
        self._read_at = now


def _usable(listed: Any) -> jwt.PyJWK | None:
    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    try:
        return jwt.PyJWK(listed)
    except jwt.PyJWTError:
        return None  # a kind of key that came after us (RFC 7517 §5)
