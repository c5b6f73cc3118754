"""Opaque tokens: chance at the client, a digest with us."""

import hashlib
import secrets


def new_token() -> str:
    return secrets.token_urlsafe(32)  # 256 bits


def digest(token: str) -> bytes:
    """Return what a token is known by, here or where others made it."""
    # A plain hash is enough: the token is chance already, there is no word list to try.
    return hashlib.sha256(token.encode()).digest()
