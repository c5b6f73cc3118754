"""Who reads what people hand in, and where it is kept."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MOST_DOCUMENT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Scan:
    """A picture of a document, made anew from what was uploaded: a JPEG, upright, without any metadata.

    `width` and `height` are in pixels.
    """

    jpeg: bytes
    width: int
    height: int


class DocumentReader(Protocol):
    """Judges uploaded papers by their content and makes harmless pictures of them. Called outside transactions."""

    async def read(self, body: bytes) -> Scan:
        """Return the picture of a JPEG, a PNG, or a PDF of one or two pages (then one above the other).

        Raises UnsupportedFileType, FileTooLarge, TooManyPixels, UnreadableDocument.
        """
        ...


class DocumentStore(Protocol):
    """A private store of sealed pictures. It never sees what is in them, and is never called in a transaction.

    Keys are words of a-z, 0-9, _ and - with / between them; another key raises ValueError. Every method raises
    DocumentStoreDown when the store does not answer, refuses us, or is not known to be private.
    """

    async def put(self, key: str, body: bytes) -> None:
        """Keep it, whole or not at all, and never in another's place. Raises DocumentExists."""
        ...

    async def get(self, key: str) -> bytes:
        """Return what was put. Raises DocumentGone."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete these for good. One that is gone already is no error, so a delete may be repeated."""
        ...

    def list_older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        """Yield pages of at most 500 keys of what was put before this moment, for finding what no row names."""
        ...
