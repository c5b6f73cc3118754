"""Files in the document store, each sealed with a key of its own.

The key is kept wrapped by the shop's master key beside the file's row, under the context `kind:id`. A file without a
row is noise that the next sweep removes; a row without a key says only that there was one.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from faded_skies.platform.documents.ports import DocumentStore
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring

_UPLOAD_TAKES = timedelta(hours=1)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file in the store, and its wrapped key."""

    id: UUID
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class SealedFiles:
    """The files of one kind: where they lie, and the keys to them. `folder` is where in the store, "" for its root."""

    store: DocumentStore
    keyring: Keyring
    kind: str
    folder: str = ""

    async def put(self, body: bytes) -> Sealed:
        """Seal a file into the store. Its row comes after: until then nobody has the key.

        Raises DocumentStoreDown.
        """
        file_id, data_key = new_id(), self.keyring.new_data_key()
        context = self._context(file_id)
        wrapped = self.keyring.wrap(data_key, context=context)
        await self.store.put(self._key(file_id), self.keyring.seal(body, data_key, context=context))
        return Sealed(file_id, wrapped)

    async def get(self, file: Sealed) -> bytes:
        """Return the file. Raises DocumentGone, DocumentStoreDown, KeyLost, Tampered."""
        context = self._context(file.id)
        data_key = self.keyring.unwrap(file.wrapped_key, context=context)
        return self.keyring.open(await self.store.get(self._key(file.id)), data_key, context=context)

    async def remove(self, ids: Sequence[UUID]) -> None:
        """Delete from the store; what is gone already is no error. Raises DocumentStoreDown."""
        await self.store.delete([self._key(file_id) for file_id in ids])

    async def sweep(
        self, find_known: Callable[[Sequence[UUID]], Awaitable[set[UUID]]], *, now: datetime
    ) -> int:
        """Remove what lies in the folder and no row has the key to, and return how many.

        `find_known` says which of some ids have a key. Uploads under way, and what is not ours, stay.
        """
        removed = 0
        async for keys in self.store.list_older(now - _UPLOAD_TAKES):
            here = [name for key in keys if (name := self._name_here(key)) is not None]
            ours = [UUID(name) for name in here if _ID.fullmatch(name)]
            if len(ours) < len(here):
                log.warning(
                    "document_store_holds_strange_things", kind=self.kind, count=len(here) - len(ours)
                )
            known = await find_known(ours)
            lost = [file_id for file_id in ours if file_id not in known]
            if lost:
                await self.remove(lost)
            removed += len(lost)
        return removed

    def _context(self, file_id: UUID) -> str:
        return f"{self.kind}:{file_id}"

    def _key(self, file_id: UUID) -> str:
        return f"{self.folder}/{file_id}" if self.folder else str(file_id)

    def _name_here(self, key: str) -> str | None:
        """Return what the key is called within the folder; None when it lies elsewhere."""
        folder, _, name = key.rpartition("/")
        return name if folder == self.folder else None
