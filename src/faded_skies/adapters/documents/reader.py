"""The DocumentReader and the BarcodeReader of the product, by Pillow, PDFium and zxing-cpp in child processes."""

import re

import structlog

from faded_skies.adapters.documents.child import BrokenChildError, Children
from faded_skies.platform.documents.errors import TooManyPixels, UnreadableDocument, UnsupportedFileType
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES, Scan
from faded_skies.platform.errors import FileTooLarge, Situation

log = structlog.get_logger()

_SCAN = ("-m", "faded_skies.adapters.documents.scan")
_BARCODE = ("-m", "faded_skies.adapters.documents.barcode")
_OK = re.compile(rb"ok ([0-9]{1,6}) ([0-9]{1,6})\n")
_REFUSED = re.compile(rb"refused ([a-z]{1,20})\n")

MORE_THAN_WHOLE = (
    "This picture has more than 25 million pixels, the most for a PNG or a progressive JPEG. "
    "Send it as a plain JPEG."
)

_SITUATIONS: dict[str, tuple[type[Situation], str | None]] = {
    "unsupported": (UnsupportedFileType, None),
    "pixels": (TooManyPixels, None),
    "whole": (TooManyPixels, MORE_THAN_WHOLE),
    "broken": (UnreadableDocument, None),
    "small": (
        UnreadableDocument,
        "This picture is too small to read. Send one of at least 400 pixels each way.",
    ),
    "locked": (UnreadableDocument, "This PDF asks for a password. Send one without, or a photo."),
    "pages": (UnreadableDocument, "This PDF has more than two pages. Send the page with your document only."),
}


class Documents:
    """Reads papers and their barcodes, each in a child of its own."""

    def __init__(self, children: Children) -> None:
        self._children = children

    async def read(self, body: bytes) -> Scan:
        """Judge by the content and re-encode; see DocumentReader."""
        if len(body) > MOST_DOCUMENT_BYTES:
            raise FileTooLarge("This file has more than 10 MB. Send a smaller photo of your document.")
        try:
            told = await self._children.run(_SCAN, body)
        except BrokenChildError as error:
            log.warning("document_unreadable", why=str(error), size=len(body))
            raise UnreadableDocument from error
        if refused := _REFUSED.fullmatch(told):
            kind, sentence = _SITUATIONS.get(refused[1].decode(), (UnreadableDocument, None))
            raise kind(sentence)
        made = _OK.match(told)
        jpeg = told[made.end() :] if made else b""
        if made is None or not (jpeg.startswith(b"\xff\xd8\xff") and jpeg.endswith(b"\xff\xd9")):
            log.error("document_child_spoke_nonsense", size=len(body))
            raise UnreadableDocument
        return Scan(jpeg, int(made[1]), int(made[2]))

    async def find_pdf417(self, jpeg: bytes) -> bytes | None:
        """Return what the barcode says; None as well when looking for it broke the child."""
        try:
            return await self._children.run(_BARCODE, jpeg) or None
        except BrokenChildError as error:
            log.warning("barcode_unreadable", why=str(error), size=len(jpeg))
            return None
