"""How entries become rows: one statement, one round trip, at the very end of their transaction."""

import orjson

from faded_skies.platform import clock
from faded_skies.platform.audit import Entry, Origin
from faded_skies.platform.audit.encoding import Content, Sign, microseconds, row_message
from faded_skies.platform.ids import new_id, uuid_text

APPEND = "SELECT append_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"


def append_values(entries: list[Entry], where: Origin, sign: Sign) -> tuple[object, ...]:
    """Return the values of APPEND. The time is ours, not the server's: the mac covers it."""
    now = clock.now()
    contents = [
        Content(
            id=new_id(),
            recorded_us=microseconds(now),
            actor_id=entry.actor_id,
            action=entry.action,
            object_type=entry.object_type,
            object_id=entry.object_id,
            details=orjson.dumps(entry.details, default=uuid_text).decode(),
            reason=entry.reason,
            address=where.address,
            user_agent=where.user_agent,
            request_id=where.request_id,
        )
        for entry in entries
    ]
    return (
        now,
        where.address,
        where.user_agent,
        where.request_id,
        [one.id for one in contents],
        [one.actor_id for one in contents],
        [one.action for one in contents],
        [one.object_type for one in contents],
        [one.object_id for one in contents],
        [one.details for one in contents],
        [one.reason for one in contents],
        [sign(row_message(one)) for one in contents],
    )
