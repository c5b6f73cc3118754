"""What is in a backup, as its last member says."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from faded_skies.platform.backup.archive import Member
from faded_skies.platform.backup.errors import BackupError


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a table, by the bound that PostgreSQL shows of it."""

    name: str
    bound: str


@dataclass(frozen=True, slots=True)
class TableCopy:
    """The rows of a table, in gzipped members of PostgreSQL's text format, in order."""

    name: str
    columns: list[str]
    rows: int
    partitions: list[Partition]
    members: list[Member]


@dataclass(frozen=True, slots=True)
class SequenceState:
    name: str
    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class FileCopy:
    """A file that a row names, and the member that holds it."""

    kind: str
    key: str
    member: Member


@dataclass(frozen=True, slots=True)
class Unfound:
    """A file that a row of the snapshot named and the store did not have.

    `deleted` says that its row does not name it any more either, so it was deleted while the backup ran.
    """

    kind: str
    key: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a backup. `taken_at` is the moment that it shows, `release` and `migration` who wrote it."""

    id: UUID
    taken_at: datetime
    release: str
    migration: int
    postgres: str
    tables: list[TableCopy]
    sequences: list[SequenceState]
    files: list[FileCopy]
    unfound: list[Unfound]

    @property
    def members(self) -> list[Member]:
        return [
            *(part for table in self.tables for part in table.members),
            *(one.member for one in self.files),
        ]

    @property
    def stored_bytes(self) -> int:
        return sum(member.size for member in self.members)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


_READER = TypeAdapter(Manifest)


def write(manifest: Manifest) -> bytes:
    return orjson.dumps(manifest)


def read(body: bytes) -> Manifest:
    """Raises BackupError."""
    try:
        return _READER.validate_json(body)
    except ValidationError:
        raise BackupError("The manifest of this backup cannot be read: it is damaged.") from None
