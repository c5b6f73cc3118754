"""What delivery needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from faded_skies.domains.delivery.rules import (
    AHEAD,
    AT_THE_DOOR,
    Courier,
    Goods,
    Question,
    Route,
    Sheet,
    obstacle,
    wants_batches,
)
from faded_skies.domains.orders.service import EtaSource

__all__ = [
    "AHEAD",
    "AT_THE_DOOR",
    "Courier",
    "DepartureGate",
    "EtaSource",
    "Goods",
    "Leg",
    "PaperPrinter",
    "Point",
    "Question",
    "Route",
    "RouteSolver",
    "Sheet",
    "TravelTimes",
    "Way",
    "obstacle",
    "wants_batches",
]

_DAY_SECONDS = 86_400

Point = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The drive from one point to the next. Raises ValueError for what no drive in a city takes."""

    seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= _DAY_SECONDS:
            raise ValueError("no drive takes so long")


@dataclass(frozen=True, slots=True)
class Way:
    """The drive along some points, a leg between each two of them, and who reckoned it."""

    legs: Sequence[Leg]
    source: EtaSource


class TravelTimes(Protocol):
    """Knows how long drives take. It may ask over the network, so it is asked outside of any transaction."""

    async def along(self, points: Sequence[Point]) -> Way:
        """Return the drive along two or more points, in this order, as it would be now.

        It always answers: where a vendor does not, the distance does, and the answer says so.
        """
        ...


class PaperPrinter(Protocol):
    """Prints papers. It is slow, so it is asked outside of any transaction."""

    async def pdf(self, sheet: Sheet) -> bytes:
        """Return the sheet as a PDF; the same sheet is the same bytes. Raises Unavailable."""
        ...


class DepartureGate(Protocol):
    """Has the last word before a departure, such as an authority that must know of it first."""

    @property
    def is_asked(self) -> bool:
        """Whether departures wait for its word; where not, nothing is prepared for asking it."""
        ...

    async def before_departure(self, trip_id: UUID, *, joining: UUID | None = None) -> None:
        """Return once the trip may leave as far as the gate is concerned. Asked outside of any transaction.

        A trip that has left may take the order along that is `joining` it.

        Raises Unavailable with a sentence for the driver.
        """
        ...


class RouteSolver(Protocol):
    """Proposes ways for drivers. It may be slow, so it is asked outside of any transaction."""

    async def propose(self, question: Question) -> Sequence[Route]:
        """Return drivers' ways with orders that wait, at most one a driver; each may name what they hold already.

        `rules.decide` takes out what breaks a rule, and gives orders that are on no way to the nearest driver. It
        always answers: where it finds nothing, or fails, with no ways.
        """
        ...
