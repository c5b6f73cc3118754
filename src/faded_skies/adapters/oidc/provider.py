"""One provider of identities: where to send a person, and what to make of their return."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import structlog

from faded_skies.adapters.oidc.endpoints import Discovery
from faded_skies.adapters.oidc.id_tokens import IdTokens
from faded_skies.adapters.oidc.keys import SigningKeys
from faded_skies.adapters.oidc.wire import Wire
from faded_skies.domains.identity.errors import ProviderRefused, ProviderUnavailable, SignInCancelled
from faded_skies.domains.identity.ports import ProvedIdentity
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

_CANCELLED = {"access_denied", "user_cancelled_authorize"}
_TROUBLED = {"temporarily_unavailable", "server_error"}
_OURS = {"invalid_client", "unauthorized_client", "invalid_request", "redirect_uri_mismatch"}
_WORD = re.compile(r"[a-z_]{1,64}")
_MOST_CODE = 4096
_OK = 200
_LIMITED = 429
_FAILED = 500


@dataclass(frozen=True, kw_only=True)
class Registration:
    """How the shop is known to a provider, and what is particular there.

    `secret` gives the client secret of the moment, `full_name` reads the name from the claims and from what the
    browser brought (only the name: nobody signed it).
    """

    name: str
    issuer: str
    client_id: str
    secret: Callable[[], str]
    redirect_uri: str
    scope: str
    full_name: Callable[[Mapping[str, Any], Mapping[str, str]], str | None]
    other_issuers: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)


class OidcProvider:
    """An `IdentityProvider` that speaks OpenID Connect."""

    def __init__(self, wire: Wire, registration: Registration) -> None:
        self._wire = wire
        self._shop = registration
        self._discovery = Discovery(wire, registration.issuer)
        self._id_tokens = IdTokens(
            SigningKeys(wire, self._discovery),
            issuers={registration.issuer, *registration.other_issuers},
            client_id=registration.client_id,
        )

    @property
    def name(self) -> str:
        return self._shop.name

    async def authorization_url(self, *, state: str, nonce: str, code_challenge: str) -> str:
        refuse_inside_transaction("The sign-in provider")
        endpoint = (await self._discovery.endpoints()).authorization
        query = {
            "response_type": "code",
            "client_id": self._shop.client_id,
            "redirect_uri": self._shop.redirect_uri,
            "scope": self._shop.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
            **self._shop.parameters,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def redeem(self, answer: Mapping[str, str], *, code_verifier: str, nonce: str) -> ProvedIdentity:
        refuse_inside_transaction("The sign-in provider")
        if error := answer.get("error"):
            raise self._situation(error)
        code = answer.get("code")
        if not code or len(code) > _MOST_CODE:
            raise ProviderRefused
        token = await self._exchange(code, code_verifier)
        claims = await self._id_tokens.read(token, nonce=nonce)
        email = claims.get("email")
        return ProvedIdentity(
            subject=claims["sub"],
            email=email if isinstance(email, str) else None,
            # Apple writes booleans as strings: https://developer.apple.com/documentation/signinwithapple
            email_verified=claims.get("email_verified") in (True, "true"),
            full_name=self._shop.full_name(claims, answer),
        )

    async def _exchange(self, code: str, code_verifier: str) -> str:
        """Trade the code for an ID token (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        status, body = await self._wire.post(
            (await self._discovery.endpoints()).token,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._shop.redirect_uri,
                "client_id": self._shop.client_id,
                "client_secret": self._shop.secret(),
                "code_verifier": code_verifier,
            },
        )
        if status == _LIMITED or status >= _FAILED:
            raise ProviderUnavailable
        if status != _OK:
            raise self._situation(body.get("error"))
        token = body.get("id_token")
        if not isinstance(token, str):
            raise ProviderRefused
        return token

    def _situation(self, error: object) -> Exception:
        """Return what an OAuth error code means for the person; tell the shop when it is the shop's mistake."""
        word = error if isinstance(error, str) and _WORD.fullmatch(error) else "unreadable"
        if word in _CANCELLED:
            return SignInCancelled()
        if word in _OURS:
            log.error("sign_in_provider_refuses_the_shop", provider=self.name, error=word)
            return ProviderUnavailable()
        return ProviderUnavailable() if word in _TROUBLED else ProviderRefused()
