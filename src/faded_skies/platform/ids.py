"""Identifiers: UUIDv7 (RFC 9562 §5.7), made by the application so that any PostgreSQL will do."""

import os
import time
from datetime import datetime
from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7: 48 bits of Unix milliseconds, then chance. Rows made later sort later, to the millisecond."""
    return _at(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big"))


def lowest_id(moment: datetime) -> UUID:
    """Return the id before all that are made from this moment on: what is older is found by the primary key."""
    return _at(int(moment.timestamp() * 1000), 0)


def _at(milliseconds: int, chance: int) -> UUID:
    value = milliseconds << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def uuid_text(value: object) -> str:
    """Write a UUID of any make, as orjson's `default`: asyncpg has a class of its own. Raises TypeError."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
