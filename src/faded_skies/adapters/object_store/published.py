"""The folder of pictures that everybody may see, as a place that backups take files from and put them back to."""

import asyncio
import os
import re
from pathlib import Path

from faded_skies.platform.documents.errors import DocumentGone
from faded_skies.platform.ids import new_id

_WORD = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}"  # longer names fit in no file system
_KEY = re.compile(f"{_WORD}(/{_WORD})*")


class PublishedFolder:
    """Files under a folder. One that is put takes the place of another of its name, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, key: str) -> bytes:
        """Raises DocumentGone, also for what no file here can be called: a row may name anything."""
        if not _KEY.fullmatch(key):
            raise DocumentGone
        try:
            return await asyncio.to_thread((self._folder / key).read_bytes)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise DocumentGone from None

    async def put(self, key: str, body: bytes) -> None:
        """Raises ValueError when the key leads out of the folder."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no name of a picture")
        await asyncio.to_thread(_write, self._folder / key, body)


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{new_id()}")
    with aside.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
