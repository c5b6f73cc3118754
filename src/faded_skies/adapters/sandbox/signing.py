"""Signatures of deliveries: `t=<Unix seconds>,v1=<HMAC-SHA256 of "t.body">`, good for five minutes."""

import hashlib
import hmac
import time

from faded_skies.domains.payments.errors import BadSignature
from faded_skies.platform.settings import Settings

HEADER = "sandbox-signature"
TOLERANCE_SECONDS = 300


def webhook_secret(settings: Settings) -> bytes:
    """Return SANDBOX_WEBHOOK_SECRET, else a key derived from the JWT secret, so that a demo needs none."""
    if settings.sandbox_webhook_secret is not None:
        return settings.sandbox_webhook_secret.get_secret_value().encode()
    return hmac.digest(
        settings.jwt_secret.get_secret_value().encode(), b"faded-skies sandbox webhooks", hashlib.sha256
    )


def sign(secret: bytes, body: bytes, *, at: int) -> str:
    """Return the header for a body sent `at` Unix seconds."""
    return f"t={at},v1={_digest(secret, body, at)}"


def verify(secret: bytes, body: bytes, header: str) -> None:
    """Raise BadSignature unless one v1 signature of the header fits the body and is recent."""
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for key, _, value in parts if key.strip() == "t"]
    given = [value for key, _, value in parts if key.strip() == "v1"]
    if (
        len(times) != 1
        or not (times[0].isascii() and times[0].isdigit())
        or len(times[0]) > len("9999999999")
    ):
        raise BadSignature
    at = int(times[0])
    if abs(time.time() - at) > TOLERANCE_SECONDS:
        raise BadSignature
    expected = _digest(secret, body, at).encode()
    if not any(hmac.compare_digest(expected, one.encode("utf-8", "replace")) for one in given):
        raise BadSignature


def _digest(secret: bytes, body: bytes, at: int) -> str:
    return hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
