"""The shop's registration at Google (https://developers.google.com/identity/openid-connect/openid-connect)."""

from collections.abc import Mapping
from typing import Any

from faded_skies.adapters.oidc.provider import Registration
from faded_skies.platform.settings.providers import GoogleClient

ISSUER = "https://accounts.google.com"


def google(client: GoogleClient, *, redirect_uri: str, issuer: str = ISSUER) -> Registration:
    """Return the registration. Google also signs as its issuer without the scheme."""
    return Registration(
        name="google",
        issuer=issuer,
        other_issuers=frozenset({issuer.removeprefix("https://")}),
        client_id=client.client_id,
        secret=client.secret.get_secret_value,
        redirect_uri=redirect_uri,
        scope="openid email profile",
        full_name=_full_name,
    )


def _full_name(claims: Mapping[str, Any], _: Mapping[str, str]) -> str | None:
    name = claims.get("name")
    return name if isinstance(name, str) else None
