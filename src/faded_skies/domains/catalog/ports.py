"""Who makes pictures of products out of what staff uploads, and where everybody can read them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made anew in one size, pixels: WebP without any metadata."""

    width: int
    height: int
    body: bytes


class PictureMaker(Protocol):
    """Judges uploads by their content. Called outside transactions."""

    async def make(self, body: bytes) -> Sequence[Picture]:
        """Return the picture of a JPEG or a PNG in its sizes, the smallest first, all of different widths.

        Raises UnsupportedFileType, FileTooLarge, TooManyPixels, UnreadableDocument.
        """
        ...


class MediaStore(Protocol):
    """A public store of files that never change. Called outside transactions.

    Keys are words of a-z, 0-9, _ and - with / between them and an ending. Every method but `url_of` raises
    MediaStoreDown when the store does not answer or refuses us.
    """

    def url_of(self, key: str) -> str:
        """Return where everybody can read what is put there."""
        ...

    async def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Keep it; whoever reads it is told to keep it for ever."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete these. One that is gone already is no error, so a delete may be repeated."""
        ...

    def list_older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        """Yield pages of keys of what was put before this moment, for finding what no row names."""
        ...
