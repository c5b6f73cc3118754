"""The PaperPrinter of the product: fpdf2 in a child process, so that a long paper holds nobody up."""

from dataclasses import asdict

import orjson
import structlog

from faded_skies.adapters.documents.child import BrokenChildError, Children
from faded_skies.domains.delivery.ports import Sheet
from faded_skies.platform.errors import Unavailable

log = structlog.get_logger()

_NOT_NOW = "This paper cannot be printed at the moment. Try again in a minute."
_PROGRAM = ("-m", "faded_skies.adapters.printing.sheet")


class Printer:
    """Prints sheets as PDF files, each in a child of its own."""

    def __init__(self, children: Children) -> None:
        self._children = children

    async def pdf(self, sheet: Sheet) -> bytes:
        """Return the PDF; see PaperPrinter."""
        told = asdict(sheet) | {
            "tables": [asdict(one) | {"numbers": sorted(one.numbers)} for one in sheet.tables]
        }
        try:
            printed = await self._children.run(_PROGRAM, orjson.dumps(told))
        except BrokenChildError as error:
            log.exception("paper_not_printed", title=sheet.title)
            raise Unavailable(_NOT_NOW) from error
        if not printed.startswith(b"%PDF-"):
            log.error("paper_not_printed", why="not a PDF", title=sheet.title)
            raise Unavailable(_NOT_NOW)
        return printed
