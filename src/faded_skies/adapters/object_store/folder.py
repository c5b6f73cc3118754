"""The document store in a folder of this machine, which only our own account may enter."""

import asyncio
import os
import stat
from pathlib import Path

import structlog
from obstore.store import LocalStore

from faded_skies.adapters.object_store.documents import ObstoreDocuments
from faded_skies.platform.documents.errors import DocumentStoreDown
from faded_skies.platform.errors import StartRefused

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = structlog.get_logger()


def open_folder(folder: Path, *, served: Path) -> ObstoreDocuments:
    """Open the folder, and make it where there is none. `served` is the folder that everybody may read.

    Raises StartRefused when others may enter it, when it overlaps the served folder, or when it cannot be written.
    """
    place, public = folder.resolve(), served.resolve()
    if place.is_relative_to(public) or public.is_relative_to(place):
        raise StartRefused(
            f"The vault {place} and the served folder {public} overlap. Name another VAULT_FOLDER."
        )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartRefused(
            f"The vault {place} cannot be made: {error.strerror}. Name another VAULT_FOLDER."
        ) from None
    if stat.S_IMODE(place.stat().st_mode) & _OTHERS:
        raise StartRefused(f"Other accounts of this machine may enter the vault. Run: chmod 700 {place}")
    if not os.access(place, os.W_OK | os.X_OK):
        raise StartRefused(f"The vault {place} cannot be written by this account. Give the folder to it.")

    async def ready() -> None:
        if not place.is_dir():  # else what is on a volume that is not mounted would count as deleted
            log.warning("document_folder_lost")
            raise DocumentStoreDown

    async def settle(key: str) -> None:
        await asyncio.to_thread(_settle, place, place / key)

    return ObstoreDocuments(LocalStore(place), ready=ready, settle=settle)


def _settle(root: Path, path: Path) -> None:
    """Close the file to other accounts, and wait until it and its name would survive a loss of power."""
    folders = [parent for parent in path.parents if parent.is_relative_to(root)]
    for place in (path, *folders):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            if place == path:
                os.fchmod(descriptor, 0o600)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
