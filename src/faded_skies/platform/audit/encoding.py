"""What a row's mac and link are computed over: bytes that stand for one content only, today and in ten years.

Never change what a version writes: old rows are checked with it. A new form gets a new first word.
"""

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

Sign = Callable[[bytes], bytes]
"""The keyed digest (HMAC-SHA256) of a message under the audit log's own key."""

GENESIS = bytes(32)
"""The link that stands before a chain's first row."""

_ROW = b"faded-skies audit row 1\n"
_SEAL = b"faded-skies audit seal 1\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CONSTANTS: dict[bool | None, bytes] = {None: b"n", True: b"t", False: b"f"}


@dataclass(frozen=True, slots=True)
class Content:
    """What a row says. `recorded_us` is Unix time in microseconds, as text; `details` is JSON of any spelling.

    Both are text because a forger may put into the database what Python's types cannot hold.
    """

    id: UUID
    recorded_us: str | None
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: UUID | None
    details: str
    reason: str | None
    address: str | None
    user_agent: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of the log: its content, its place in a chain, and what proves both.

    Rows of before the chain have no place and no proof.
    """

    seq: int
    content: Content
    chain: int | None
    position: int | None
    link: bytes | None
    mac: bytes | None


@dataclass(frozen=True, slots=True)
class Seal:
    """Says with a key where a chain stood: its row `position` had the link `link`."""

    chain: int
    number: int
    position: int
    link: bytes
    sealed_us: str | None
    mac: bytes = b""


def microseconds(moment: datetime) -> str:
    """Return Unix time in microseconds, as text."""
    return str((moment - _EPOCH) // _MICROSECOND)


def moment_text(us: str | None) -> str | None:
    """Return the RFC 3339 form of a time in microseconds; what no calendar holds stays as it is."""
    try:
        return (_EPOCH + int(us or "") * _MICROSECOND).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return us


def row_message(content: Content) -> bytes:
    """Return what the row's mac is computed over.

    Raises ValueError or RecursionError for details that no writer of ours made.
    """
    return _ROW + b"".join(
        [
            _part(content.id.bytes),
            _text(content.recorded_us),
            _part(content.actor_id.bytes if content.actor_id else None),
            _text(content.action),
            _text(content.object_type),
            _part(content.object_id.bytes if content.object_id else None),
            _part(_json(content.details)),
            _text(content.reason),
            _text(content.address),
            _text(content.user_agent),
            _text(content.request_id),
        ]
    )


def seal_message(seal: Seal) -> bytes:
    """Return what the seal's mac is computed over."""
    place = struct.pack(">hqq", seal.chain, seal.number, seal.position)
    return _SEAL + place + _part(seal.link) + _text(seal.sealed_us)


def next_link(previous: bytes, *, chain: int, position: int, seq: int, mac: bytes) -> bytes:
    """Return a row's link. `append_audit` of migration 9 does the same."""
    return hashlib.sha256(previous + struct.pack(">hqq", chain, position, seq) + mac).digest()


def _part(value: bytes | None) -> bytes:
    # The length goes first, so no two lists of parts give the same bytes.
    return b"-" if value is None else b"%d:%b" % (len(value), value)


def _text(value: str | None) -> bytes:
    return _part(None if value is None else value.encode())


def _json(text: str) -> bytes:
    """Return the same bytes for every spelling of a JSON value: jsonb orders keys and writes numbers its own way."""
    if text == "{}":
        return b"m0:"
    return _value(json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=_no_number))


def _value(value: object) -> bytes:
    match value:
        case None | True | False:
            return _CONSTANTS[value]
        case Decimal():
            return b"d" + _part(_number(value).encode())
        case str():
            return b"s" + _text(value)
        case list():
            return b"l%d:" % len(value) + b"".join(map(_value, value))
        case dict():
            pairs = sorted(value.items())
            return b"m%d:" % len(pairs) + b"".join(_text(key) + _value(one) for key, one in pairs)
        case _:
            raise ValueError(f"JSON has no {type(value).__name__}")


def _number(value: Decimal) -> str:
    # By digits, not by normalize(): that rounds.
    sign, digits, exponent = value.as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    kept = written.rstrip("0")
    return f"{'-' * sign}{kept}e{int(exponent) + len(written) - len(kept)}" if kept else "0"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")
