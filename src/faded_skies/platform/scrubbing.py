"""The last line of defence of the logs: what is secret or personal becomes `[scrubbed]`, by its key or by its shape.

Code does not log such things in the first place; this catches what slips through, such as a library's warning.
"""

import logging
import re
import traceback
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

SCRUBBED = "[scrubbed]"
_MOST_DEPTH = 8

# Compared without case, _ and -. A key that ends in one of these is meant too (new_password, card_number).
_KEYS = (
    "addressline",
    "addressline1",
    "addressline2",
    "apikey",
    "authorization",
    "barcode",
    "birthdate",
    "cardnumber",
    "clientsecret",
    "cookie",
    "dateofbirth",
    "documentnumber",
    "email",
    "firstname",
    "fullname",
    "lastname",
    "licencenumber",
    "masterkeys",
    "mfatoken",
    "passwd",
    "password",
    "phone",
    "phonenumber",
    "privatekey",
    "recoverycodes",
    "secret",
    "signature",
    "street",
    "token",
    "useragent",
)
_EXACT = frozenset({"dob", "otp", "pin", "name", "number"})
_OUR_CODE = re.compile(
    r"[A-Z][A-Z_]*|[0-9]{3}"
)  # what answers carry: EMAIL_TAKEN; other codes are somebody's secret

# Each with a text that must stand in whatever it matches: most lines hold none of them, and cost next to nothing.
_SHAPES = tuple(
    (needle, re.compile(shape, re.IGNORECASE | re.DOTALL))
    for needle, shape in (
        ("-----", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
        ("eyJ", r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),  # a JWT (RFC 7519)
        (" ", r"\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),  # RFC 9110 §11.4
        ("://", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:]*:[^\s@]{1,256}@"),  # an address with a password in it
        ("@", r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"),  # an e-mail address
        ("(", r"\(\d{3}\) ?\d{3}-\d{4}"),  # a phone number as we take it
        ("", r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])"),  # the number of a card or document
    )
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")  # ours: 32 bytes in base64url
_TOKEN_LENGTH = 43


@lru_cache(maxsize=1024)
def scrub_text(text: str) -> str:
    """Return the text without what has the shape of a secret or of personal data."""
    for needle, shape in _SHAPES:
        if needle in text:
            text = shape.sub(SCRUBBED, text)
    return _TOKEN.sub(SCRUBBED, text) if len(text) >= _TOKEN_LENGTH else text


def scrub(value: Any, *, key: str = "", depth: int = 0) -> Any:
    """Return the value with every text in it scrubbed; what stands under a telling key is left out whole."""
    if value is None or isinstance(value, bool):
        return value
    if _tells(key, value) or depth >= _MOST_DEPTH:
        return SCRUBBED
    match value:
        case str():
            found: Any = scrub_text(value)
        case int() | float():
            found = value
        case bytes() | bytearray() | memoryview():
            found = SCRUBBED
        case Mapping():
            found = {name: scrub(held, key=str(name), depth=depth + 1) for name, held in value.items()}
        case list() | tuple() | set() | frozenset():
            found = [scrub(held, depth=depth + 1) for held in value]
        case _:
            found = scrub_text(str(value))
    return found


def scrub_event(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """As a processor of structlog: what the log writes itself stays, everything beside it is scrubbed."""
    return {key: held if key in _OURS else scrub(held, key=key) for key, held in event.items()}


# Written by the log itself, in each line: dear to look at each time, and never anybody's words.
_OURS = frozenset({"event", "level", "timestamp", "process", "ms", "status", "method", "exception"})


class Scrubber(logging.Filter):
    """The same for lines of libraries. Of an exception stays where it happened and its type, not what it says."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = scrub_text(record.getMessage())
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            where = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
            text = f"{text} ({record.exc_info[0].__name__} at {where})"
        record.msg, record.args = text, None
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _tells(key: str, value: object) -> bool:
    if key == "code":
        return _OUR_CODE.fullmatch(str(value)) is None
    return _is_telling(key)


@lru_cache(maxsize=1024)
def _is_telling(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return plain in _EXACT or plain.endswith(_KEYS)
