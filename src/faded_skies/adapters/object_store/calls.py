"""Calls of an object store, each a span of the trace that makes it where traces are kept: the call, host and bucket.

Keys are left out: they lead to people's papers. A folder of this machine is no vendor and has no spans.
https://opentelemetry.io/docs/specs/semconv/object-stores/s3/
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import ObjectStore, S3Store

from faded_skies.platform import tracing

if TYPE_CHECKING:
    from obstore import ObjectMeta  # of its stubs only

_ANSWERS = (FileNotFoundError, AlreadyExistsError, PreconditionError)


class Calls:
    """A store of obstore's, asked as it wants to be; raises what it raises."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def create(self, key: str, body: bytes) -> None:
        """Put what is not there yet."""
        with self._call("PutObject"):
            await obstore.put_async(self._store, key, body, mode="create")

    async def put(self, key: str, body: bytes, *, told: dict[str, str] | None) -> None:
        """Put it whatever is there; `told` is what the store shall say of it."""
        with self._call("PutObject"):
            await obstore.put_async(self._store, key, body, attributes=told)

    async def get(self, key: str) -> bytes:
        with self._call("GetObject"):
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        with self._call("DeleteObject"):
            await obstore.delete_async(self._store, key)

    async def pages(self, folder: str | None, *, size: int) -> AsyncIterator[Sequence["ObjectMeta"]]:
        """Yield what lies under a folder, or everything."""
        pages = obstore.list(self._store, folder, chunk_size=size)
        while True:
            with self._call("ListObjectsV2"):
                page = await anext(pages, None)
            if page is None:
                return
            yield page

    @contextmanager
    def _call(self, method: str) -> Iterator[None]:
        if not isinstance(self._store, S3Store):
            yield
            return
        words = {
            "rpc.system": "aws-api",
            "rpc.service": "S3",
            "rpc.method": method,
            "aws.s3.bucket": str(self._store.config["bucket"]),
            "server.address": urlsplit(str(self._store.config["endpoint"])).hostname or "",
        }
        with tracing.calling(f"S3 {method}", words, answers=_ANSWERS):
            yield
