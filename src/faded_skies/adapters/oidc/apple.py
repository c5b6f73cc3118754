"""The shop's registration at Apple (https://developer.apple.com/documentation/signinwithapplerestapi)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt
import orjson

from faded_skies.adapters.oidc.provider import Registration
from faded_skies.platform import clock
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.settings.providers import AppleClient

ISSUER = "https://appleid.apple.com"
_LIFETIME = timedelta(hours=1)  # Apple takes up to six months
_RENEWED_BEFORE = timedelta(minutes=5)
_MOST_USER = 4096


def apple(client: AppleClient, *, redirect_uri: str, issuer: str = ISSUER) -> Registration:
    """Return the registration. Raises StartRefused when the private key is none."""
    return Registration(
        name="apple",
        issuer=issuer,
        client_id=client.client_id,
        secret=ClientSecret(client).current,
        redirect_uri=redirect_uri,
        scope="name email",
        full_name=_full_name,
        # Apple gives a name or an address only to who takes its answer as a form.
        parameters={"response_mode": "form_post"},
    )


class ClientSecret:
    """Apple's client secret: a JWT that we sign with the key we got there, made anew each hour."""

    def __init__(self, client: AppleClient) -> None:
        self._client = client
        self._made = ""
        self._good_until = clock.now()
        try:
            self.current()
        except (jwt.PyJWTError, ValueError, TypeError):
            raise StartRefused(
                "APPLE_PRIVATE_KEY is not the private key (P-256, PEM) that Apple gave you as AuthKey_….p8."
            ) from None

    def current(self) -> str:
        """Return a secret that is good for at least five minutes."""
        now = clock.now()
        if now >= self._good_until - _RENEWED_BEFORE:
            self._good_until = now + _LIFETIME
            self._made = jwt.encode(
                {
                    "iss": self._client.team_id,
                    "sub": self._client.client_id,
                    "aud": ISSUER,
                    "iat": int(now.timestamp()),
                    "exp": int(self._good_until.timestamp()),
                },
                # One line is how a variable is often set.
                self._client.private_key.get_secret_value().replace("\\n", "\n"),
                algorithm="ES256",
                headers={"kid": self._client.key_id},
            )
        return self._made


def _full_name(_: Mapping[str, Any], answer: Mapping[str, str]) -> str | None:
    """Read the name that Apple sends along the very first time only."""
    text = answer.get("user", "")
    if not text or len(text) > _MOST_USER:
        return None
    try:
        user = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    name = user.get("name") if isinstance(user, dict) else None
    if not isinstance(name, dict):
        return None
    parts = [part.strip() for part in (name.get("firstName"), name.get("lastName")) if isinstance(part, str)]
    return " ".join(part for part in parts if part) or None
