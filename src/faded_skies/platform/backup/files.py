"""The files that rows name: where they lie, and their way into a backup and out of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import asyncpg

from faded_skies.platform.backup.archive import Reader, Writer
from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.backup.manifest import FileCopy, Unfound
from faded_skies.platform.documents.errors import DocumentExists, DocumentGone

_EVERY = 100

Told = Callable[[str], None]


@dataclass(frozen=True)
class KeptFiles:
    """Files of one kind: the place they lie in, and the statement that gives the `key` of each that rows name.

    Whoever keeps a new kind of files adds one of these to `registry.FILES`; else no backup has them.
    """

    kind: str
    place: str
    keys: str


class Place(Protocol):
    """Where files lie: a document store, or a folder that everybody may read."""

    async def put(self, key: str, body: bytes) -> None:
        """Raises DocumentExists when there is another file of this key."""
        ...

    async def get(self, key: str) -> bytes:
        """Raises DocumentGone."""
        ...


Places = Mapping[str, Place]


async def find_keys(
    connection: "asyncpg.Connection[asyncpg.Record]", kinds: Sequence[KeptFiles]
) -> dict[str, list[str]]:
    """Return the keys that rows name, by kind."""
    return {kind.kind: [row["key"] for row in await connection.fetch(kind.keys)] for kind in kinds}


async def copy_out(
    connection: "asyncpg.Connection[asyncpg.Record]",
    writer: Writer,
    wanted: Mapping[str, Sequence[str]],
    kinds: Sequence[KeptFiles],
    places: Places,
    told: Told,
) -> tuple[list[FileCopy], list[Unfound]]:
    """Copy the wanted files into the backup; returns them, and those that are not there.

    Called without an open transaction; `connection` is only asked whether what is not there was deleted meanwhile.
    Raises DocumentStoreDown.
    """
    copied: list[FileCopy] = []
    lost: list[tuple[str, str]] = []
    for number, kind in enumerate(kinds):
        keys = wanted[kind.kind]
        for count, key in enumerate(keys, start=1):
            try:
                body = await places[kind.place].get(key)
            except DocumentGone:
                lost.append((kind.kind, key))
                continue
            copied.append(FileCopy(kind.kind, key, writer.add(f"files/{number}/{count:08}", body)))
            if count % _EVERY == 0 or count == len(keys):
                told(f"{kind.kind:<34} {count:>11,} of {len(keys):,} files")
    if not lost:
        return copied, []
    named = {(kind, key) for kind, keys in (await find_keys(connection, kinds)).items() for key in keys}
    return copied, [Unfound(kind, key, deleted=(kind, key) not in named) for kind, key in lost]


async def copy_in(
    reader: Reader, files: Sequence[FileCopy], kinds: Sequence[KeptFiles], places: Places, told: Told
) -> int:
    """Put the files of a backup where they belong; returns how many were not there yet.

    A file that is there already with the same content is left alone, so it may be done again.
    Raises BackupError when there is another file in its place, DocumentStoreDown.
    """
    by_kind = {kind.kind: kind for kind in kinds}
    new = 0
    for count, file in enumerate(files, start=1):
        place, body = places[by_kind[file.kind].place], reader.read(file.member)
        try:
            await place.put(file.key, body)
            new += 1
        except DocumentExists:
            if await place.get(file.key) != body:
                raise BackupError(
                    f"There is another file in the place of {file.key} ({file.kind}). Move it away and restore again."
                ) from None
        if count % _EVERY == 0 or count == len(files):
            told(f"{'files':<34} {count:>11,} of {len(files):,}")
    return new
