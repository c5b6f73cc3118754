"""Where a provider's endpoints are, by its own word (OpenID Connect Discovery 1.0 §4)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from faded_skies.adapters.oidc.kept import Kept
from faded_skies.adapters.oidc.wire import Wire
from faded_skies.domains.identity.errors import ProviderUnavailable


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of a provider."""

    authorization: str
    token: str
    keys: str


class Discovery:
    """Reads the provider's document, at most once an hour."""

    def __init__(self, wire: Wire, issuer: str) -> None:
        self._wire = wire
        self._issuer = issuer
        self._kept = Kept(self._read)

    async def endpoints(self) -> Endpoints:
        """Return the addresses. Raises ProviderUnavailable, also when the document is another issuer's."""
        return await self._kept.get()

    async def _read(self) -> Endpoints:
        document = await self._wire.get(f"{self._issuer}/.well-known/openid-configuration")
        addresses = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if document.get("issuer") != self._issuer or not all(map(self._is_sound, addresses)):
            raise ProviderUnavailable
        return Endpoints(*map(str, addresses))

    def _is_sound(self, address: object) -> bool:
        # A document read over TLS may not lead us, or the person, to an address without it.
        return isinstance(address, str) and urlsplit(address).scheme == urlsplit(self._issuer).scheme
