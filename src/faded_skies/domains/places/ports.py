"""What places need of the outside."""

from dataclasses import dataclass
from typing import Literal, Protocol

Precision = Literal["rooftop", "street", "zip", "pin"]


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address in the United States."""

    address_line1: str
    address_line2: str | None
    city: str
    state: str
    zip_code: str


@dataclass(frozen=True, slots=True)
class Located:
    """Where an address is, how exactly that is known, and whose its ZIP code is.

    `cities` are the names the ZIP code is used with, the usual one first.
    """

    latitude: float
    longitude: float
    precision: Precision
    formatted_address: str
    cities: tuple[str, ...]
    state: str


class Geocoder(Protocol):
    """Finds addresses on the map. Called outside transactions."""

    async def locate(self, place: Place) -> Located | None:
        """Return where the address is; None when there is no such ZIP code."""
        ...
