"""Codes of authenticator apps: HOTP (RFC 4226) over steps of 30 seconds (RFC 6238), with SHA-1 and six digits.

Those are the values that every app knows. Pure: the time is a value.
"""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
# RFC 6238 §5.2 asks for at most one step of delay; a phone's clock may be as much ahead.
SKEW = 1
_SECRET_BYTES = 20  # RFC 4226 §4 R6
_ISSUER = "Faded Skies"


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def step_of(moment: datetime) -> int:
    """Return the number of the time step that the moment lies in."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_of(secret: bytes, step: int) -> str:
    """Return the code of a time step (RFC 4226 §5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, code: str, *, now: int) -> int | None:
    """Return the newest step near `now` that has this code, None for a wrong one; always the same work."""
    found = None
    for step in range(now - SKEW, now + SKEW + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            found = step
    return found


def written(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32 (RFC 4648 §6); 20 bytes need no padding."""
    return b32encode(secret).decode()


def setup_url(secret: bytes, *, email: str) -> str:
    """Return what the QR code holds (draft-linuxgemini-otpauth-uri; Google Authenticator's Key Uri Format)."""
    issuer = quote(_ISSUER)
    return (
        f"otpauth://totp/{issuer}:{quote(email)}?secret={written(secret)}&issuer={issuer}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )
