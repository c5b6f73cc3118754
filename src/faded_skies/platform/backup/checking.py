"""Whether a backup is whole and can be restored by this release, without touching anything."""

import gzip
import zlib
from pathlib import Path

from faded_skies.platform import migrations
from faded_skies.platform.backup import manifest
from faded_skies.platform.backup.archive import Reader
from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.backup.files import Told
from faded_skies.platform.backup.manifest import Manifest


def check(path: Path, reader: Reader, told: Told) -> Manifest:
    """Read all of a backup and return what is in it. Raises BackupError with what is wrong."""
    found = manifest.read(reader.manifest())
    if found.id != reader.backup_id:
        raise BackupError(f"{path} was put together from two backups. It is not to be trusted.")
    newest = len(migrations.read())
    if found.migration > newest:
        raise BackupError(
            f"This backup is of release {found.release} (migration {found.migration}), which is newer than this "
            f"one (migration {newest}). Install that release, or a later one, and restore again."
        )
    strangers = reader.strangers({member.name for member in found.members})
    if strangers:
        raise BackupError(f"{path} holds what its manifest does not name: {min(strangers)}.")
    for table in found.tables:
        rows = sum(unpacked(reader.read(member)).count(b"\n") for member in table.members)
        if rows != table.rows:
            raise BackupError(
                f"{table.name} has {rows:,} rows, and should have {table.rows:,}: it is damaged."
            )
        told(f"{table.name:<34} {rows:>11,} rows")
    for file in found.files:
        reader.read(file.member)
    told(f"{'files':<34} {len(found.files):>11,}")
    return found


def unpacked(body: bytes) -> bytes:
    """Return the text of a table's member. Raises BackupError."""
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise BackupError("A table's rows cannot be unpacked: the backup is damaged.") from None
