"""Where drivers are, in Valkey: their live positions, and the stream of all on their way to the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from faded_skies.domains.delivery.models.road import Position
from faded_skies.domains.delivery.rules import Fix
from faded_skies.platform.valkey import Valkey

LIVE_SECONDS = 60
"""How long a live position is kept."""

POSITIONS = "driver:told"
"""Positions on their way to the database, an entry for all calls that were taken together."""

EARLIER_POSITIONS = "driver:positions"
"""Where releases before put an entry for each call."""

MOST_WAITING = 100_000
"""About how many entries may wait for the database; beyond it the oldest are lost, not the memory."""

Row: TypeAlias = tuple[str, int, str | None, float, float, float | None, float | None, bool]
"""A position for the database: driver, epoch milliseconds, order, degrees, compass degrees, m/s, and is it suspect.

As it lies in the stream: the busiest path makes no objects that the next step takes apart again.
"""

SHOWN_SECONDS = 25 * 60 * 60
"""How long it is known which order a driver named last: as long as a stored position shows where they are."""

_WINDOW = 60
_ESTIMATED_AGAIN_AFTER = 60
"""Seconds."""

# Arguments and answers are one text each: the client takes its time over every single one. The answer has two places
# for each driver: whether they may tell anything more in this minute, and their live position.
_ENTER = """
local found = {}
for _, driver in ipairs(cjson.decode(ARGV[4])) do
    local key = 'rate_limit:' .. driver .. ':positions:' .. ARGV[3]
    local calls = redis.call('INCR', key)
    if calls == 1 then redis.call('EXPIRE', key, ARGV[2]) end
    found[#found + 1] = calls <= tonumber(ARGV[1]) and 'true' or 'false'
    found[#found + 1] = redis.call('GET', 'driver:location:' .. driver) or 'null'
end
return '[' .. table.concat(found, ',') .. ']'
"""
# A position that arrives late must not put the car back. The answer has a digit for each latest position, 1 when it is
# the newest, else 0; and behind it the order that the driver named until now, where it was another one. While the live
# position names the same order, that costs nothing.
_PUSH = """
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'told', ARGV[3])
local answer = {}
for _, one in ipairs(cjson.decode(ARGV[4])) do
    local driver, live, at, named = unpack(one)
    local key, became = 'driver:location:' .. driver, '0'
    local held = redis.call('GET', key)
    held = held and cjson.decode(held)
    if not held or held.lastUpdate < at then
        redis.call('SET', key, live, 'EX', ARGV[2])
        became = '1'
        if not held or (held.orderId ~= cjson.null and held.orderId or '') ~= named then
            local shown = redis.call('SET', 'driver:shown:' .. driver, named, 'EX', ARGV[5], 'GET')
            if shown and shown ~= named then became = became .. shown end
        end
    end
    answer[#answer + 1] = became
end
return table.concat(answer, ',')
"""
_BEGIN_MINUTES = """
local begun = {}
for _, driver in ipairs(cjson.decode(ARGV[2])) do
    if redis.call('SET', 'driver:eta:' .. driver, '1', 'NX', 'EX', ARGV[1]) then begun[#begun + 1] = driver end
end
return begun
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a driver told in one call; `suspects` are the places of positions that cannot be true.

    `latest` is the newest of the others.
    """

    driver_id: UUID
    positions: Sequence[Position]
    suspects: Collection[int]
    latest: Position | None


@dataclass(frozen=True, slots=True)
class Noted:
    """A latest position that is its driver's newest.

    `left` is the order that the driver named before, where this position names another one or none.
    """

    driver_id: UUID
    position: Position
    left: UUID | None


async def enter(
    valkey: Valkey, driver_ids: Sequence[UUID], *, most: int, now: datetime
) -> list[tuple[bool, Fix | None]]:
    """Count a call of each driver; return whether it is among their `most` of this minute, and where they are."""
    window = int(now.timestamp()) // _WINDOW
    drivers = orjson.dumps(driver_ids)
    found = orjson.loads(await valkey.eval(_ENTER, 0, str(most), str(_WINDOW), str(window), drivers))
    return [
        (may, None if held is None else Fix(held["lat"], held["lng"], held["lastUpdate"]))
        for may, held in zip(found[::2], found[1::2], strict=True)
    ]


async def push(valkey: Valkey, told: Sequence[Told]) -> list[Noted]:
    """Queue all that was told for the database, and remember the latest position of each call where it is the newest.

    One round trip. Returns those.
    """
    entry = orjson.dumps([[one.driver_id, one.positions, list(one.suspects)] for one in told])
    latest = [(one.driver_id, one.latest) for one in told if one.latest is not None]
    lives = orjson.dumps([_live(driver_id, position) for driver_id, position in latest])
    limits = (str(MOST_WAITING), str(LIVE_SECONDS))
    answer: Any = await valkey.eval(_PUSH, 1, POSITIONS, *limits, entry, lives, str(SHOWN_SECONDS))
    became = answer.decode().split(",") if latest else []
    return [
        Noted(driver_id, position, UUID(left) if (left := one[1:]) else None)
        for (driver_id, position), one in zip(latest, became, strict=True)
        if one[0] == "1"
    ]


def _live(driver_id: UUID, latest: Position) -> tuple[UUID, str, int, str]:
    live = {
        "lat": latest.lat,
        "lng": latest.lng,
        "heading": latest.heading,
        "speed": latest.speed,
        "orderId": latest.order_id,
        "lastUpdate": latest.timestamp,
    }
    return driver_id, orjson.dumps(live).decode(), latest.timestamp, str(latest.order_id or "")


async def begin_minutes(valkey: Valkey, driver_ids: Collection[str]) -> list[str]:
    """Return the drivers for whom nobody has begun a minute between two estimates yet; it begins for them now."""
    begun: Any = await valkey.eval(
        _BEGIN_MINUTES, 0, str(_ESTIMATED_AGAIN_AFTER), orjson.dumps(list(driver_ids))
    )
    return [driver_id.decode() for driver_id in begun]


def read_entry(fields: dict[bytes, bytes]) -> list[Row]:
    """Return what an entry of either stream holds."""
    if b"told" in fields:
        calls = orjson.loads(fields[b"told"])
    else:
        positions, suspects = fields[b"positions"], fields.get(b"suspects", b"[]")
        calls = [(fields[b"driver"].decode(), orjson.loads(positions), orjson.loads(suspects))]
    return [
        (
            driver,
            one["timestamp"],
            one["order_id"],
            one["lat"],
            one["lng"],
            one["heading"],
            one["speed"],
            place in suspects,
        )
        for driver, positions, suspects in calls
        for place, one in enumerate(positions)
    ]


async def find_live_position(valkey: Valkey, driver_id: UUID) -> Position | None:
    """Return the driver's position of the last minute."""
    held = await valkey.get(f"driver:location:{driver_id}")
    if held is None:
        return None
    live = orjson.loads(held)
    return Position(
        order_id=None if live["orderId"] is None else UUID(live["orderId"]),
        lat=live["lat"],
        lng=live["lng"],
        heading=live["heading"],
        speed=live["speed"],
        timestamp=live["lastUpdate"],
    )
