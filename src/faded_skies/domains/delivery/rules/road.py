"""What is decided at the door and on the road. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

from faded_skies.domains.delivery.errors import CashMissing
from faded_skies.platform.errors import Refused
from faded_skies.platform.geo import distance_m
from faded_skies.platform.money import Cents, money_text, to_dollars

CITY_SPEED_M_S = 11.176
"""25 mph, the guide's estimate for a city."""

DETOUR = 1.3
"""How much longer streets are than the straight line."""

MOST_AHEAD = timedelta(seconds=60)
"""How far a phone's clock may be ahead of ours."""

MOST_BEHIND = timedelta(hours=24)
"""How late a phone that had no network may hand in a position."""


MOST_SPEED_M_S = 70.0
JUMP_M = 500.0
"""A position further than this is a jump if a car would have gone faster than the most; nearer, the signal is poor."""

BELIEVED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fix:
    """A place in degrees and its time in epoch milliseconds."""

    lat: float
    lng: float
    timestamp: int


@dataclass(frozen=True, slots=True)
class IdCheck:
    """What the driver read on a document by eye, or a scanner from its `barcode`."""

    document_type: str
    date_of_birth: date
    expires_on: date
    name_matches: bool
    method: Literal["visual", "barcode"] = "visual"


def change_due(due: Cents, received: Cents | None) -> Cents | None:
    """Return the change to give; None when nothing was due. Raises CashMissing, Refused."""
    if due == 0:
        if received:
            raise Refused("cashReceived", "This order is paid. Give the cash back and leave this field out.")
        return None
    if received is None or received < due:
        raise CashMissing(
            f"Collect {money_text(due)} in cash before you hand over, and enter what you received.",
            amountDue=to_dollars(due),
        )
    return received - due


def check_time(field: str, timestamp: int, *, now: int) -> None:
    """Raise Refused unless the time of a position is near enough. Both in epoch milliseconds."""
    if timestamp > now + MOST_AHEAD / timedelta(milliseconds=1):
        raise Refused(field, "This time lies in the future. Set the clock of the phone to automatic.")
    if timestamp < now - MOST_BEHIND / timedelta(milliseconds=1):
        raise Refused(field, "This position is older than 24 hours. Leave it out.")


def find_jumps(fixes: Sequence[Fix], *, last: Fix | None) -> set[int]:
    """Return the places of positions that no car can have come to from the last one that is believed.

    `last` is what was believed before. What is believed counts for a minute only, so that a wrong one heals.
    """
    jumps = set()
    for place, fix in sorted(enumerate(fixes), key=lambda one: one[1].timestamp):
        if last is not None and _is_jump(last, fix):
            jumps.add(place)
        else:
            last = fix
    return jumps


def _is_jump(one: Fix, other: Fix) -> bool:
    seconds = abs(other.timestamp - one.timestamp) / 1000
    if seconds >= BELIEVED_SECONDS:
        return False
    metres = distance_m(one.lat, one.lng, other.lat, other.lng)
    return metres > JUMP_M and metres > MOST_SPEED_M_S * seconds


def eta_minutes(lat: float, lng: float, *, to_lat: float, to_lng: float) -> int:
    """Return the minutes a drive takes, rounded up."""
    return ceil(distance_m(lat, lng, to_lat, to_lng) * DETOUR / CITY_SPEED_M_S / 60)
