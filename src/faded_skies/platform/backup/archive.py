"""The file of a backup: a tar of a header, members, and last the manifest, without which it is no backup.

It is written as `….partial` and gets its name only when all of it is on the disk. With a keyring every member but the
header is sealed with the backup's own data key, in a context that names the member.
"""

import base64
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.keyring import KeyLost, Keyring, Tampered

FORMAT = 1
PARTIAL = ".partial"

_HEADER, _MANIFEST = "header.json", "manifest.json"


@dataclass(frozen=True, slots=True)
class Member:
    """A part of the file as it lies there: its name, bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Header:
    """What one must know to read the rest. `key` is the wrapped data key in base64, None when nothing is sealed."""

    format: int
    id: UUID
    key: str | None


_HEADERS = TypeAdapter(_Header)


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals members with the backup's data key, or leaves them as they are where there is none."""

    backup_id: UUID
    data_key: bytes | None

    def close(self, name: str, body: bytes) -> bytes:
        return (
            body if self.data_key is None else Keyring.seal(body, self.data_key, context=self._context(name))
        )

    def open(self, name: str, body: bytes) -> bytes:
        """Raises Tampered."""
        return (
            body if self.data_key is None else Keyring.open(body, self.data_key, context=self._context(name))
        )

    def _context(self, name: str) -> str:
        return f"{_context(self.backup_id)}:{name}"


class Writer:
    """Adds members to a backup; `finish` is the last of them."""

    def __init__(self, file: tarfile.TarFile, seal: Seal) -> None:
        self._file = file
        self._seal = seal
        self.bytes = 0

    def add(self, name: str, body: bytes) -> Member:
        stored = self._seal.close(name, body)
        _put(self._file, name, stored)
        self.bytes += len(stored)
        return Member(name, len(stored), hashlib.sha256(stored).hexdigest())

    def finish(self, manifest: bytes) -> None:
        self.add(_MANIFEST, manifest)


@contextmanager
def writing(path: Path, backup_id: UUID, keyring: Keyring | None) -> Iterator[Writer]:
    """Give a writer of this file. It is there when the block has finished it, and nothing is otherwise.

    Raises BackupError when there is such a file already, OSError when it cannot be written.
    """
    data_key = keyring.new_data_key() if keyring else None
    wrapped = keyring.wrap(data_key, context=_context(backup_id)) if keyring and data_key else None
    header = _Header(FORMAT, backup_id, base64.b64encode(wrapped).decode() if wrapped else None)
    if path.exists():
        raise BackupError(f"{path} is there already. Name another file, or a folder.")
    aside = path.with_name(f"{path.name}{PARTIAL}")
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupError(
            f"{aside} is there: another backup is being written, or one was killed. If none runs, delete it."
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _put(tar, _HEADER, orjson.dumps(header))
                writer = Writer(tar, Seal(backup_id, data_key))
                yield writer
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        _sync_folder(path.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


class Reader:
    """Reads a backup. Nothing is believed that its sums do not bear out."""

    def __init__(self, file: tarfile.TarFile, places: dict[str, tarfile.TarInfo], seal: Seal) -> None:
        self._file = file
        self._places = places
        self._seal = seal

    @property
    def backup_id(self) -> UUID:
        return self._seal.backup_id

    @property
    def is_sealed(self) -> bool:
        return self._seal.data_key is not None

    def manifest(self) -> bytes:
        """Raises BackupError."""
        return self._opened(_MANIFEST, self._stored(_MANIFEST))

    def read(self, member: Member) -> bytes:
        """Return what was added. Raises BackupError when it is not that any more."""
        stored = self._stored(member.name)
        if len(stored) != member.size or hashlib.sha256(stored).hexdigest() != member.sha256:
            raise BackupError(
                f"{member.name} is not what was written: the backup is damaged. Take another one."
            )
        return self._opened(member.name, stored)

    def strangers(self, known: set[str]) -> set[str]:
        """Return the members that the manifest does not name."""
        return self._places.keys() - known - {_HEADER, _MANIFEST}

    def _stored(self, name: str) -> bytes:
        place = self._places.get(name)
        file = self._file.extractfile(place) if place and place.isreg() else None
        if file is None:
            raise BackupError(f"{name} is missing: this is no whole backup. Take another one.")
        try:
            return file.read()
        except tarfile.TarError:
            raise BackupError(f"{name} cannot be read: the file is damaged. Take another one.") from None

    def _opened(self, name: str, stored: bytes) -> bytes:
        try:
            return self._seal.open(name, stored)
        except Tampered:
            raise BackupError(f"{name} was changed or moved: the backup is not to be trusted.") from None


@contextmanager
def reading(path: Path, keyring: Keyring | None, *, unsealed: bool = False) -> Iterator[Reader]:
    """Open a backup; with a keyring a sealed one, as its sums alone prove nothing of who wrote it, or `unsealed`.

    Raises BackupError when it is none, is sealed with a key that is not at hand, or is not sealed and should be.
    """
    try:
        with tarfile.open(path, mode="r:") as file:
            places = {place.name: place for place in file}
            header = _header(path, file, places)
            yield Reader(file, places, Seal(header.id, _data_key(header, keyring, unsealed=unsealed)))
    except tarfile.TarError:
        raise BackupError(f"{path} is no backup, or breaks off. Take another one.") from None


def _header(path: Path, file: tarfile.TarFile, places: dict[str, tarfile.TarInfo]) -> _Header:
    place = places.get(_HEADER)
    found = file.extractfile(place) if place is not None and place.isreg() else None
    if found is None:
        raise BackupError(f"{path} is not a backup of Faded Skies.")
    try:
        header = _HEADERS.validate_json(found.read())
    except ValidationError:
        raise BackupError(
            f"{path} has no header that can be read: it is damaged, or of a newer release."
        ) from None
    if header.format != FORMAT:
        raise BackupError(f"{path} has format {header.format}, which this release does not know.")
    return header


def _data_key(header: _Header, keyring: Keyring | None, *, unsealed: bool) -> bytes | None:
    if header.key is None:
        if keyring is not None and not unsealed:
            raise BackupError(
                "This backup is not sealed, though BACKUP_KEYS is set: anybody may have written or changed it. Take a "
                "sealed one. Only if it is from before sealing was turned on, and you know where it lay since: say "
                "--unsealed."
            )
        return None
    try:
        wrapped = base64.b64decode(header.key)
        if keyring is None:
            raise _sealed_with(Keyring.key_name(wrapped))
        return keyring.unwrap(wrapped, context=_context(header.id))
    except KeyLost as lost:
        raise _sealed_with(lost.key_name) from None
    except (Tampered, ValueError):
        raise BackupError(
            "The key of this backup does not open: the header was changed, or BACKUP_KEYS has another key of that name."
        ) from None


def _sealed_with(key: str) -> BackupError:
    return BackupError(f"This backup is sealed with the key {key}. Put it into BACKUP_KEYS.")


def _context(backup_id: UUID) -> str:
    return f"backup:{backup_id}"


def _put(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    place = tarfile.TarInfo(name)
    place.size, place.mode = len(body), 0o600
    tar.addfile(place, io.BytesIO(body))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
