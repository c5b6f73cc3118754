"""What is decided at the door and on the road. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

from faded_skies.domains.delivery.errors import CashMissing
from faded_skies.platform.errors import Refused
from faded_skies.platform.geo import distance_m
from faded_skies.platform.money import Cents, to_dollars

CITY_SPEED_M_S = 11.176
"""25 mph, the guide's estimate for a city."""

DETOUR = 1.3
"""How much longer streets are than the straight line."""

MOST_AHEAD = timedelta(seconds=60)
"""How far a phone's clock may be ahead of ours."""

MOST_BEHIND = timedelta(hours=24)
"""How late a phone that had no network may hand in a position."""


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
            f"Collect ${due / 100:,.2f} in cash before you hand over, and enter what you received.",
            amountDue=to_dollars(due),
        )
    return received - due


def check_time(field: str, timestamp: int, *, now: int) -> None:
    """Raise Refused unless the time of a position is near enough. Both in epoch milliseconds."""
    if timestamp > now + MOST_AHEAD / timedelta(milliseconds=1):
        raise Refused(field, "This time lies in the future. Set the clock of the phone to automatic.")
    if timestamp < now - MOST_BEHIND / timedelta(milliseconds=1):
        raise Refused(field, "This position is older than 24 hours. Leave it out.")


def eta_minutes(lat: float, lng: float, *, to_lat: float, to_lng: float) -> int:
    """Return the minutes a drive takes, rounded up."""
    return ceil(distance_m(lat, lng, to_lat, to_lng) * DETOUR / CITY_SPEED_M_S / 60)
