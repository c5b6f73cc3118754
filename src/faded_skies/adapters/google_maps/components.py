"""The parts of an address as Google names them, whichever of its APIs tells them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_TOWNS = ("locality", "postal_town", "sublocality", "neighborhood", "administrative_area_level_3")


@dataclass(frozen=True, slots=True)
class Components:
    """What of an address is told; "" is not told. `towns` are its names, the legal town first."""

    number: str
    street: str
    towns: tuple[str, ...]
    state: str
    zip_code: str
    country: str

    @property
    def line1(self) -> str:
        return " ".join(part for part in (self.number, self.street) if part)


def read(parts: Sequence[Mapping[str, Any]], *, long: str, short: str) -> Components:
    """Return the parts; `long` and `short` are the API's keys for the two spellings."""

    def told(kind: str, spelling: str) -> str:
        return next((str(part.get(spelling, "")) for part in parts if kind in _kinds(part)), "")

    return Components(
        number=told("street_number", long),
        street=told("route", short),
        towns=tuple(dict.fromkeys(town for kind in _TOWNS if (town := told(kind, long)))),
        state=told("administrative_area_level_1", short).upper(),
        zip_code=told("postal_code", long)[:5],
        country=told("country", short).upper(),
    )


def _kinds(part: Mapping[str, Any]) -> Collection[str]:
    kinds: Collection[str] = part.get("types", ())
    return kinds
