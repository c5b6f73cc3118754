"""What places need of the outside."""

from collections.abc import Collection
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
    """Where an address is, how exactly that is known, and which ZIP code it has there.

    `cities` are the names the ZIP code is used with, the usual one first. `street_known` is False when the map has
    looked for the street and does not know it; `nearest` is then what it has that is like it, if anything.
    """

    latitude: float
    longitude: float
    precision: Literal["rooftop", "street", "zip"]
    formatted_address: str
    cities: tuple[str, ...]
    state: str
    zip_code: str
    street_known: bool = True
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An address that somebody may be typing. `place_id` leads to it."""

    description: str
    place_id: str


@dataclass(frozen=True, slots=True)
class FoundAddress:
    """The address of a suggestion; `address_line1` is None where only the town and its ZIP code are known."""

    address_line1: str | None
    city: str
    state: str
    zip_code: str
    latitude: float
    longitude: float
    precision: Literal["rooftop", "street", "zip"]
    formatted_address: str


class Geocoder(Protocol):
    """Finds addresses on the map. Called outside transactions."""

    async def locate(self, place: Place) -> Located | None:
        """Return where the address is; None when there is no such ZIP code."""
        ...


class AddressFinder(Protocol):
    """Completes addresses while they are typed. Called outside transactions.

    `session` groups the calls of one typing person until they choose, as the map's owner wants them counted.
    """

    async def suggest(
        self, text: str, *, near: tuple[float, float] | None, session: str | None
    ) -> list[Suggestion]:
        """Return likely addresses near a point (degrees), the likeliest first."""
        ...

    async def find(self, place_id: str, *, session: str | None) -> FoundAddress | None:
        """Return a suggestion's address; None when there is no such id. Raises Unavailable."""
        ...


class Gazetteer(Geocoder, Protocol):
    """Knows towns and ZIP codes without asking anybody, so that nobody pays for what strangers ask."""

    async def county(self, zip_code: str) -> str | None:
        """Return the county of a ZIP code, "Travis County"; None where none is known. Some codes lie in two."""
        ...

    async def town(self, city: str, *, states: Collection[str]) -> tuple[float, float] | None:
        """Return the middle of a town in one of the states, in degrees; None when there is none of this name."""
        ...


class TownLaw(Protocol):
    """What the law says of towns."""

    def __call__(self, *, city: str, state: str | None) -> bool:
        """Tell whether we may deliver in the town of exactly this name; `state` None is not told."""
        ...
