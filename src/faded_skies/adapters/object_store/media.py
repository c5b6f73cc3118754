"""Public files that never change: in a folder that the server itself serves, or in a bucket that everybody can read."""

import os
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from faded_skies.adapters.object_store.calls import Calls
from faded_skies.domains.catalog.errors import MediaStoreDown
from faded_skies.platform.outbound import refuse_inside_transaction
from faded_skies.platform.settings import Settings
from faded_skies.platform.settings.storage import MediaStorage

FOREVER = "public, max-age=31536000, immutable"

_PAGE = 500
_KEY = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*\.[a-z0-9]{1,5}")
_LONGEST_KEY = 200
_TROUBLE = (BaseError, OSError)
_FOLDERS = ("pictures",)
_NO_SUCH_FOLDER = "pictures/none"
_CONNECT = timedelta(seconds=3)
_WHOLE = timedelta(seconds=20)

log = structlog.get_logger()


class Media:
    """A store of public files over one of obstore's. `address` is what stands before each key.

    `tells`: the store keeps what kind of file something is; a folder does not, its server knows by the ending.
    """

    def __init__(self, store: ObjectStore, *, address: str, tells: bool) -> None:
        self._calls = Calls(store)
        self._folder = store.prefix if isinstance(store, LocalStore) else None
        self._address = address.rstrip("/")
        self._tells = tells

    def url_of(self, key: str) -> str:
        return f"{self._address}/{key}"

    async def put(self, key: str, body: bytes, *, content_type: str) -> None:
        _check(key)
        told = {"Content-Type": content_type, "Cache-Control": FOREVER} if self._tells else None
        try:
            await self._calls.put(key, body, told=told)
        except _TROUBLE as error:
            _give_up("put", error)

    async def delete(self, keys: Sequence[str]) -> None:
        _check(*keys)
        for key in keys:
            try:
                await self._calls.delete(key)
            except FileNotFoundError:
                continue
            except _TROUBLE as error:
                _give_up("delete", error)

    async def list_older(self, than: datetime) -> AsyncIterator[Sequence[str]]:
        for folder in _FOLDERS:
            pages = self._calls.pages(folder, size=_PAGE)
            while True:
                refuse_inside_transaction("The media store")
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    break
                except _TROUBLE as error:
                    _give_up("list", error)
                yield [thing["path"] for thing in page if thing["last_modified"] < than]

    async def check(self) -> None:
        """Find out whether the store answers. Raises MediaStoreDown; also where the folder is not ours to write."""
        refuse_inside_transaction("The media store")
        if self._folder is not None and not os.access(self._folder, os.W_OK | os.X_OK):
            raise MediaStoreDown
        try:
            async for _ in self._calls.pages(_NO_SUCH_FOLDER, size=1):
                break
        except _TROUBLE as error:
            _give_up("list", error)


def _check(*keys: str) -> None:
    refuse_inside_transaction("The media store")
    for key in keys:
        if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a key of a public file")


def _give_up(what: str, error: Exception) -> NoReturn:
    log.warning("media_store_failed", call=what, error=type(error).__name__)
    raise MediaStoreDown from error


def open_media(settings: Settings) -> Media:
    """Open the bucket of MEDIA_S3_BUCKET, or else the folder `media` of the data folder, which /media serves."""
    if settings.media_storage is not None:
        return _bucket(settings.media_storage)
    folder = settings.data / "media"
    folder.mkdir(parents=True, exist_ok=True)
    return Media(LocalStore(folder), address=settings.media_url or "/media", tells=False)


def _bucket(storage: MediaStorage) -> Media:
    where = storage.objects
    endpoint = (where.endpoint or f"https://s3.{where.region}.amazonaws.com").rstrip("/")
    store = S3Store(
        where.bucket,
        config={
            "region": where.region,
            "access_key_id": where.key_id,
            "secret_access_key": where.secret.get_secret_value(),
            "endpoint": endpoint,
            "virtual_hosted_style_request": False,
            "disable_bulk_delete": True,
        },
        client_options={
            "connect_timeout": _CONNECT,
            "timeout": _WHOLE,
            "allow_http": endpoint.startswith("http://"),
        },
        retry_config={"max_retries": 2, "retry_timeout": _WHOLE},
    )
    return Media(store, address=storage.url, tells=True)
