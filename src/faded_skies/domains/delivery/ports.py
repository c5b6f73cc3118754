"""What delivery needs from outside."""

from typing import Protocol

from faded_skies.domains.delivery.rules import Sheet

__all__ = ["PaperPrinter", "Sheet"]


class PaperPrinter(Protocol):
    """Prints papers. It is slow, so it is asked outside of any transaction."""

    async def pdf(self, sheet: Sheet) -> bytes:
        """Return the sheet as a PDF; the same sheet is the same bytes. Raises Unavailable."""
        ...
