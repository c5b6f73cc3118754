"""Identifiers: UUIDv7 (RFC 9562 §5.7), made by the application so that any PostgreSQL will do."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7: 48 bits of Unix milliseconds, then chance. Rows made later sort later, to the millisecond."""
    chance = int.from_bytes(os.urandom(10), "big")
    value = (time.time_ns() // 1_000_000) << 80 | chance
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def uuid_text(value: object) -> str:
    """Write a UUID of any make, as orjson's `default`: asyncpg has a class of its own. Raises TypeError."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
