"""When a driver comes to which door. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from faded_skies.domains.delivery.rules.road import CITY_SPEED_M_S, DETOUR

SPEED_M_S = CITY_SPEED_M_S / DETOUR
"""How fast a car comes nearer in a straight line, before enough trips tell."""

FEWEST_DRIVES = 20
SLOWEST_M_S, FASTEST_M_S = 1.0, 40.0

LEAST_SECONDS, LEAST_METRES = 60.0, 300.0
"""A shorter drive teaches nothing: most of it is parking, and the moment at which a button was pressed."""

AT_THE_DOOR = timedelta(minutes=4)
"""What a stop takes: parking, the ID, the handover."""


def arrivals(
    seconds: Sequence[float], arrived: Sequence[datetime | None], *, now: datetime
) -> list[datetime]:
    """Return when the driver is at each door, in order, if they set out now.

    `seconds` is the drive to each door from the one before; where they have arrived already, nothing of it is left
    and the stop takes what is left of its time.
    """
    found = []
    moment = now
    for drive, since in zip(seconds, arrived, strict=True):
        moment = moment if since is not None else moment + timedelta(seconds=drive)
        found.append(moment)
        moment += AT_THE_DOOR if since is None else max(timedelta(), AT_THE_DOOR - (now - since))
    return found


def believable_speed(median_m_s: float | None, drives: int) -> float:
    """Return the speed (m/s, straight line) by which distances are reckoned, learned from so many drives."""
    if median_m_s is None or drives < FEWEST_DRIVES:
        return SPEED_M_S
    return min(max(median_m_s, SLOWEST_M_S), FASTEST_M_S)
