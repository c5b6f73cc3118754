"""A provider's public keys: read once, read again when it signs with one that we do not know."""

import time
from collections.abc import Mapping
from typing import Any

import jwt

from faded_skies.adapters.oidc.endpoints import Discovery
from faded_skies.adapters.oidc.kept import Kept
from faded_skies.adapters.oidc.wire import Wire
from faded_skies.domains.identity.errors import ProviderRefused, ProviderUnavailable

_BETWEEN_MISSES_SECONDS = 60

Keys = Mapping[str, jwt.PyJWK]


class SigningKeys:
    """Keys by `kid`, kept an hour. An unknown one has them read again, at most once a minute."""

    def __init__(self, wire: Wire, discovery: Discovery) -> None:
        self._wire = wire
        self._discovery = discovery
        self._kept: Kept[Keys] = Kept(self._read)
        self._missed_at: float | None = None

    async def find(self, kid: str) -> jwt.PyJWK:
        """Return the key of this name. Raises ProviderRefused when there is none, or ProviderUnavailable."""
        keys = await self._kept.get()
        missed_at = self._missed_at
        if kid not in keys and (missed_at is None or time.monotonic() - missed_at > _BETWEEN_MISSES_SECONDS):
            keys = await self._kept.get(but=keys)
            # Only now: who misses the same key at the same moment shares what is read for the first.
            self._missed_at = time.monotonic()
        if kid not in keys:
            raise ProviderRefused
        return keys[kid]

    async def _read(self) -> Keys:
        document = await self._wire.get((await self._discovery.endpoints()).keys)
        listed = document.get("keys")
        if not isinstance(listed, list):
            raise ProviderUnavailable
        return {key.key_id: key for key in map(_usable, listed) if key is not None and key.key_id}


def _usable(listed: Any) -> jwt.PyJWK | None:
    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    try:
        return jwt.PyJWK(listed)
    except jwt.PyJWTError:
        return None  # a kind of key that came after us (RFC 7517 §5)
