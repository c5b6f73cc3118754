"""What delivery needs from outside."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from faded_skies.domains.delivery.rules import Choice, Courier, Sheet, Waiting, nearest

__all__ = ["Choice", "Courier", "DepartureGate", "PaperPrinter", "RouteSolver", "Sheet", "Waiting", "nearest"]


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

    async def before_departure(self, trip_id: UUID) -> None:
        """Return once the trip may leave as far as the gate is concerned. Asked outside of any transaction.

        Raises Unavailable with a sentence for the driver.
        """
        ...


class RouteSolver(Protocol):
    """Chooses drivers for orders that wait. It may be slow, so it is asked outside of any transaction."""

    async def choose(
        self, shop: tuple[float, float], waiting: Sequence[Waiting], couriers: Sequence[Courier]
    ) -> list[Choice]:
        """Return one choice for each order, with the reason. `shop` in degrees; the oldest order comes first.

        A driver gets no more than they have room for, and nothing that `rules.obstacle` forbids. Raises Unavailable.
        """
        ...
