"""Recovery codes: how they look, and how a typed code is read. Pure but for chance."""

import re
import secrets
from base64 import b32encode

COUNT = 10
_BYTES = 15  # 120 bits: from 112 on a plain hash may keep them (NIST SP 800-63B-4 §3.1.2.2)
_GROUP = 4
_TIME_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODE = re.compile(r"[a-z2-7]{24}")


def new_codes() -> list[str]:
    """Return fresh codes, such as `k3dm-…` with six groups of four."""
    return [_grouped(b32encode(secrets.token_bytes(_BYTES)).decode().lower()) for _ in range(COUNT)]


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def bare(typed: str) -> str:
    """Return a typed code without blanks, dashes and capitals."""
    return "".join(typed.replace("-", "").split()).lower()


def is_time_code(code: str) -> bool:
    """Tell whether a bare code is of the form that an authenticator app shows."""
    return _TIME_CODE.fullmatch(code) is not None


def is_recovery_code(code: str) -> bool:
    """Tell whether a bare code is of the form of a recovery code."""
    return _RECOVERY_CODE.fullmatch(code) is not None
