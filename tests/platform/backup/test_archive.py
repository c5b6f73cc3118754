"""The file of a backup: whole or not there, and nothing in it that was changed is believed."""

import os
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from faded_skies.backup_command import backup
from faded_skies.platform import migrations
from faded_skies.platform.backup import manifest
from faded_skies.platform.backup.archive import Member, reading, writing
from faded_skies.platform.backup.checking import check
from faded_skies.platform.backup.errors import BackupError
from faded_skies.platform.backup.manifest import FileCopy, Manifest
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring

KEYS = Keyring.parse("carrier:q1tG5n0bT8yXc3LmW7eRzJ4uVhPaKsDf2oQiNxBvCwE=")
OTHERS = Keyring.parse("other:9vJ3c1mZ0bq7Xy8kU2hWnR5tLsE4dGfAoPiQwVrBxCk=")
BODIES = (b"the first picture", b"the other picture")


def write(path: Path, keyring: Keyring | None, *, migration: int = 1) -> Path:
    """Write a backup of two files of equal length and no rows."""
    backup_id = new_id()
    with writing(path, backup_id, keyring) as writer:
        files = [
            FileCopy("pictures", str(number), writer.add(f"files/0/{number}", body))
            for number, body in enumerate(BODIES)
        ]
        whole = Manifest(backup_id, datetime.now(UTC), "1", migration, "18", [], [], files, [])
        writer.finish(manifest.write(whole))
    return path


def read(path: Path, keyring: Keyring | None) -> list[bytes]:
    with reading(path, keyring) as reader:
        whole = check(path, reader, lambda _: None)
        return [reader.read(file.member) for file in whole.files]


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change a tar's members as somebody does who knows how."""
    with tarfile.open(path) as file:
        members = {place.name: taken.read() for place in file if (taken := file.extractfile(place))}
    change(members)
    with tarfile.open(path, "w") as file:
        for name, body in members.items():
            loose = path.with_name("loose")
            loose.write_bytes(body)
            file.add(loose, arcname=name)


@pytest.mark.parametrize("keyring", [None, KEYS], ids=["open", "sealed"])
def test_what_was_written_is_read(tmp_path: Path, keyring: Keyring | None) -> None:
    path = write(tmp_path / "a.backup", keyring)
    assert read(path, keyring) == list(BODIES)
    assert (BODIES[0] in path.read_bytes()) == (keyring is None)
    assert [one.name for one in tmp_path.iterdir()] == ["a.backup"]


@pytest.mark.parametrize("keyring", [None, KEYS], ids=["open", "sealed"])
def test_one_that_breaks_off_anywhere_is_none(tmp_path: Path, keyring: Keyring | None) -> None:
    path = write(tmp_path / "a.backup", keyring)
    body = path.read_bytes()
    with tarfile.open(path) as file:
        manifest_at = file.getmember("manifest.json").offset_data
    for length in (*range(0, manifest_at, 512), manifest_at + 10):
        path.write_bytes(body[:length])
        with pytest.raises(BackupError):
            read(path, keyring)


@pytest.mark.parametrize("keyring", [None, KEYS], ids=["open", "sealed"])
def test_a_flipped_bit_is_found(tmp_path: Path, keyring: Keyring | None) -> None:
    path = write(tmp_path / "a.backup", keyring)
    body = path.read_bytes()
    with tarfile.open(path) as file:
        places = {place.name: place.offset_data for place in file}
    for name in ("files/0/0", "files/0/1"):
        flipped = bytearray(body)
        flipped[places[name] + 5] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(BackupError, match=f"{name} is not what was written"):
            read(path, keyring)


def test_sealed_members_cannot_be_swapped_by_who_writes_new_sums(tmp_path: Path) -> None:
    path = write(tmp_path / "a.backup", KEYS)

    def swap(members: dict[str, bytes]) -> None:
        members["files/0/0"], members["files/0/1"] = members["files/0/1"], members["files/0/0"]

    rewrite(path, swap)
    with reading(path, KEYS) as reader:
        first, other = (file.member for file in manifest.read(reader.manifest()).files)
        with pytest.raises(BackupError, match="was changed or moved"):
            reader.read(Member(first.name, other.size, other.sha256))


def test_members_without_a_word_in_the_manifest_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.backup", None)
    rewrite(path, lambda members: members.update({"files/0/9": b"more"}))
    with pytest.raises(BackupError, match="holds what its manifest does not name"):
        read(path, None)


@pytest.mark.parametrize(
    ("keyring", "said"),
    [(None, "Put it into BACKUP_KEYS"), (OTHERS, "sealed with the key carrier")],
    ids=["no key", "another"],
)
def test_without_its_key_it_says_which(tmp_path: Path, keyring: Keyring | None, said: str) -> None:
    path = write(tmp_path / "a.backup", KEYS)
    with pytest.raises(BackupError, match=said):
        read(path, keyring)


def test_with_keys_one_that_is_not_sealed_is_refused_unless_said(tmp_path: Path) -> None:
    path = write(tmp_path / "forged.backup", None)
    with pytest.raises(BackupError, match=r"not sealed, though BACKUP_KEYS is set.* say --unsealed"):
        read(path, KEYS)
    with reading(path, KEYS, unsealed=True) as reader:
        assert not reader.is_sealed
        assert len(check(path, reader, lambda _: None).files) == len(BODIES)
    sealed = write(tmp_path / "sealed.backup", KEYS)
    with reading(sealed, KEYS, unsealed=True) as reader:
        assert reader.is_sealed
    with (
        pytest.raises(BackupError, match="sealed with the key carrier"),
        reading(sealed, OTHERS, unsealed=True),
    ):
        """The word opens nothing that is sealed."""


def test_one_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    newest = len(migrations.read())
    assert read(write(tmp_path / "now.backup", None, migration=newest), None) == list(BODIES)
    path = write(tmp_path / "newer.backup", None, migration=newest + 1)
    with pytest.raises(BackupError, match="newer than this one"):
        read(path, None)


def test_other_files_are_no_backups(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    for body in (b"", b"something else", b"\0" * 20_000):
        path.write_bytes(body)
        with pytest.raises(BackupError):
            read(path, None)


def test_a_failure_leaves_nothing_and_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"

    def fail() -> None:
        with writing(path, new_id(), None) as writer:
            writer.add("files/0/0", BODIES[0])
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        fail()
    assert list(tmp_path.iterdir()) == []
    write(path, None)
    with pytest.raises(BackupError, match="is there already"):
        write(path, None)
    aside = tmp_path / "b.backup.partial"
    aside.touch()
    with pytest.raises(BackupError, match="another backup is being written"):
        write(tmp_path / "b.backup", None)
    assert read(path, None) == list(BODIES)


def test_pruning_keeps_the_newest_and_what_it_does_not_know(tmp_path: Path) -> None:
    names = [f"faded-skies-2026112{day}T030000Z.backup" for day in range(6)]
    stale, fresh = (tmp_path / f"faded-skies-2026110{day}T030000Z.backup.partial" for day in range(2))
    for path in (*(tmp_path / name for name in (*names, "by-hand.backup", "notes.txt")), stale, fresh):
        path.touch()
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(stale, (long_ago, long_ago))
    done = CliRunner().invoke(backup, ["prune", str(tmp_path), "--keep", "2"])
    assert done.exit_code == 0, done.output
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*names[4:], "by-hand.backup", "notes.txt", fresh.name}
