"""The cookie that tells one browser from another while it signs in at a provider.

Without it, a stranger could begin a sign-in and have somebody else's browser finish it (RFC 6749 §10.12). Apple's
answer is a form posted from its own pages, with which browsers send only SameSite=None, and that only when Secure;
the __Host- prefix keeps other hosts of the domain from planting one (RFC 6265bis §4.1.3).
"""

import re

from fastapi import Request, Response

from faded_skies.domains.identity.service import STATE_LIFETIME
from faded_skies.platform.settings import Settings

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(settings: Settings) -> str:
    return "__Host-fs-sign-in" if settings.api_is_https else "fs-sign-in"


def browser_of(request: Request, settings: Settings) -> str | None:
    """Return the browser's secret, if it has one of ours."""
    secret = request.cookies.get(cookie_name(settings), "")
    return secret if _SECRET.fullmatch(secret) else None


def remember(response: Response, settings: Settings, secret: str) -> None:
    """Give the browser its secret for as long as a sign-in may take."""
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=int(STATE_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        secure=settings.api_is_https,
        # In development over plain http only Google works, whose answer is a plain navigation.
        samesite="none" if settings.api_is_https else "lax",
    )


def forget(response: Response, settings: Settings) -> None:
    """Take the secret away."""
    response.delete_cookie(
        cookie_name(settings),
        path="/",
        httponly=True,
        secure=settings.api_is_https,
        samesite="none" if settings.api_is_https else "lax",
    )
