"""Opens the providers that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from faded_skies.adapters.oidc.apple import apple
from faded_skies.adapters.oidc.google import google
from faded_skies.adapters.oidc.provider import OidcProvider, Registration
from faded_skies.adapters.oidc.wire import Wire
from faded_skies.domains.identity.ports import IdentityProviders
from faded_skies.platform.settings import Settings

_TIMEOUT_SECONDS = 5


@asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[IdentityProviders]:
    """Open a provider for each client id in the settings. Raises StartRefused."""
    registrations = []
    if settings.google is not None:
        registrations.append(google(settings.google, redirect_uri=callback(settings, "google")))
    if settings.apple is not None:
        registrations.append(apple(settings.apple, redirect_uri=callback(settings, "apple")))
    if not registrations:
        yield IdentityProviders([])  # no client: reading the trusted certificates is a third of a start
        return
    async with providers_of(registrations) as providers:
        yield providers


@asynccontextmanager
async def providers_of(registrations: list[Registration]) -> AsyncIterator[IdentityProviders]:
    """Open providers by their registrations."""
    async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False) as http:
        wire = Wire(http)
        yield IdentityProviders([OidcProvider(wire, registration) for registration in registrations])


def callback(settings: Settings, name: str) -> str:
    """Return where a provider sends people back to."""
    return f"{settings.api_url.rstrip('/')}/api/auth/oauth/{name}/callback"
