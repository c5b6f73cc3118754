"""Checking an ID token (OpenID Connect Core 1.0 §3.1.3.7)."""

import hmac
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import jwt
from jwt.types import Options

from faded_skies.adapters.oidc.keys import SigningKeys
from faded_skies.domains.identity.errors import ProviderRefused
from faded_skies.platform import clock

_ALGORITHMS = ["RS256"]  # what both providers sign with, by their documents
_LEEWAY = timedelta(minutes=1)
_READER = jwt.PyJWT()
_OPTIONS: Options = {
    "enforce_minimum_key_length": True,
    # Read below, by our own clock and more strictly.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}
_MOST_TOKEN = 16 * 1024
_MOST_SUBJECT = 255  # OpenID Connect Core 1.0 §2


class IdTokens:
    """Reads ID tokens of these issuers that are made for this client."""

    def __init__(self, keys: SigningKeys, *, issuers: Collection[str], client_id: str) -> None:
        self._keys = keys
        self._issuers = tuple(issuers)  # not a set: the claim may be anything, also what has no hash
        self._client_id = client_id

    async def read(self, token: str, *, nonce: str) -> dict[str, Any]:
        """Return the claims. Raises ProviderRefused for any flaw, ProviderUnavailable without keys."""
        try:
            claims = await self._verified(token)
        except (jwt.PyJWTError, ValueError, TypeError):
            raise ProviderRefused from None
        now = clock.now().timestamp()
        leeway = _LEEWAY.total_seconds()
        sound = (
            claims.get("iss") in self._issuers
            # A second audience would be somebody else who can use the token; we trust nobody so.
            and claims.get("aud") in (self._client_id, [self._client_id])
            and claims.get("azp", self._client_id) == self._client_id
            and _is_number(claims.get("exp"))
            and claims["exp"] > now - leeway
            and _is_number(claims.get("iat"))
            and claims["iat"] < now + leeway
            and isinstance(claims.get("nonce"), str)
            and hmac.compare_digest(claims["nonce"].encode(), nonce.encode())
            and isinstance(claims.get("sub"), str)
            and 1 <= len(claims["sub"]) <= _MOST_SUBJECT
            and claims["sub"].isprintable()
        )
        if not sound:
            raise ProviderRefused
        return claims

    async def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _MOST_TOKEN:
            raise ProviderRefused
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str):
            raise ProviderRefused
        return _READER.decode(
            token,
            await self._keys.find(kid),
            algorithms=_ALGORITHMS,
            options=_OPTIONS,
        )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
