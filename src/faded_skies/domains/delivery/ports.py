"""What delivery needs from outside."""

from typing import Protocol
from uuid import UUID

from faded_skies.domains.delivery.rules import Sheet

__all__ = ["DepartureGate", "PaperPrinter", "Sheet"]


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
