"""Sealed pictures in an object store of obstore's, whichever it is."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import NoReturn

import structlog
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import ObjectStore

from faded_skies.adapters.object_store.calls import Calls
from faded_skies.platform.documents.errors import DocumentExists, DocumentGone, DocumentStoreDown
from faded_skies.platform.outbound import refuse_inside_transaction

PAGE = 500

_KEY = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*")
_LONGEST_KEY = 200
# What obstore raises for a store that is down, slow or unwilling; OSError comes from the local folder.
_TROUBLE = (BaseError, OSError)

log = structlog.get_logger()


class ObstoreDocuments:
    """The document store over one of obstore's.

    `ready` runs before each use and raises DocumentStoreDown where the store may not be used; `settle` runs after
    each put, before it is acknowledged.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        ready: Callable[[], Awaitable[None]] | None = None,
        settle: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._calls = Calls(store)
        self._ready = ready
        self._settle = settle

    async def put(self, key: str, body: bytes) -> None:
        await self._begin(key)
        try:
            await self._calls.create(key, body)
            if self._settle is not None:
                await self._settle(key)
        except (AlreadyExistsError, PreconditionError):
            raise DocumentExists from None
        except _TROUBLE as error:
            _give_up("put", error)

    async def get(self, key: str) -> bytes:
        await self._begin(key)
        try:
            return await self._calls.get(key)
        except FileNotFoundError:
            raise DocumentGone from None
        except _TROUBLE as error:
            _give_up("get", error)

    async def delete(self, keys: Sequence[str]) -> None:
        await self._begin(*keys)
        for key in keys:
            try:
                await self._calls.delete(key)
            except FileNotFoundError:
                continue
            except _TROUBLE as error:
                _give_up("delete", error)

    async def list_older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        await self._begin()
        pages = self._calls.pages(None, size=PAGE)
        while True:
            refuse_inside_transaction("The document store")
            try:
                page = await anext(pages)
            except StopAsyncIteration:
                return
            except _TROUBLE as error:
                _give_up("list", error)
            older = [thing["path"] for thing in page if thing["last_modified"] < than]
            if older:
                yield older

    async def _begin(self, *keys: str) -> None:
        refuse_inside_transaction("The document store")
        for key in keys:
            if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
                raise ValueError(
                    f"{key!r} is not a key: write words of a-z, 0-9, _ and - with / between them"
                )
        if self._ready is not None:
            await self._ready()


def _give_up(what: str, error: Exception) -> NoReturn:
    log.warning("document_store_failed", call=what, error=type(error).__name__)
    raise DocumentStoreDown from error
