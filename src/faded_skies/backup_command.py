"""`faded-skies backup` and `faded-skies restore`: the whole shop in one file, and back."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from faded_skies.local_shop import at_hand

if TYPE_CHECKING:
    import asyncpg

    from faded_skies.platform.backup.manifest import Manifest
    from faded_skies.platform.keyring import Keyring
    from faded_skies.platform.settings import Settings

PREFIX, SUFFIX = "faded-skies-", ".backup"
MOST_NAMED = 20
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_unsealed = click.option(
    "--unsealed",
    is_flag=True,
    help="Though BACKUP_KEYS is set, believe a backup from before that, which anybody could have changed.",
)


@click.group(invoke_without_command=True)
@click.option(
    "--to",
    "place",
    type=click.Path(path_type=Path),
    help="A folder (the file's name is the time), or a new file.",
)
@click.pass_context
def backup(context: click.Context, place: Path | None) -> None:
    """Write the whole shop into one file: the database at one moment, and the files that its rows name.

    The shop may be open meanwhile. VAULT_MASTER_KEYS is never in it: without those keys, kept elsewhere, a backup
    cannot be restored. With BACKUP_KEYS the file is sealed; without, whoever has it can read names, addresses and
    orders. Reads the same settings as `faded-skies serve`, or takes the shop of `faded-skies up`.

    \b
    faded-skies backup --to /backups
    faded-skies backup verify /backups/faded-skies-20261128T030000Z.backup
    faded-skies backup prune /backups --keep 14
    """
    if context.invoked_subcommand is not None:
        return
    if place is None:
        raise click.UsageError("Say where: faded-skies backup --to <folder or file>")
    _run(lambda settings: _back_up(settings, _named(place)))


@backup.command()
@click.argument("path", type=_FILE)
@_unsealed
def verify(path: Path, *, unsealed: bool) -> None:
    """Read all of a backup and say whether it is whole and this release can restore it; touches nothing.

    With BACKUP_KEYS set a backup that is not sealed is refused.
    """
    _run(lambda settings: _verify(settings, path, unsealed=unsealed))


@backup.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), required=True, help="As many of the newest stay.")
def prune(folder: Path, keep: int) -> None:
    """Delete the oldest backups of a folder, by the time in their names, and what killed ones left a day ago.

    Only files that `faded-skies backup --to <folder>` named. It does not look into them: verify what stays.
    """
    from faded_skies.platform.backup.archive import PARTIAL

    for path in sorted(folder.glob(f"{PREFIX}*{SUFFIX}"))[:-keep]:
        path.unlink()
        click.echo(f"Deleted {path.name}")
    for path in folder.glob(f"{PREFIX}*{SUFFIX}{PARTIAL}"):
        if path.stat().st_mtime < time.time() - 86_400:
            path.unlink()
            click.echo(f"Deleted {path.name}, which was never finished")


@click.command()
@click.option("--from", "path", type=_FILE, required=True, help="The backup.")
@click.option("--replace", is_flag=True, help="Put it in the place of everything that the database has now.")
@_unsealed
def restore(path: Path, *, replace: bool, unsealed: bool) -> None:
    """Fill the database named by DATABASE_URL, and the stores of files, from a backup.

    All of it or nothing: the backup is checked first, then the database is filled in one transaction and brought to
    this release. With BACKUP_KEYS set a backup that is not sealed is refused. Stop every serve and worker process
    before. Afterwards nobody is signed in or invited. What happened after the moment of the backup is lost here, but
    not at banks, the state and customers: read docs/runbooks/restore.md.

    \b
    faded-skies restore --from /backups/faded-skies-20261128T030000Z.backup
    """
    _run(lambda settings: _restore(settings, path, replace=replace, unsealed=unsealed))


async def _back_up(settings: "Settings", path: Path) -> None:
    from faded_skies import bootstrap, registry
    from faded_skies.platform.backup import TAKEN
    from faded_skies.platform.backup.taking import take

    keyring = _keyring(settings)
    began = time.monotonic()
    async with bootstrap.database(settings) as db:
        async with db.transaction() as tx:  # before: what is in the backup tells of it
            tx.audit("backup.begun", object_type="backup", object_id=None, actor_id=None)
        whole = await take(
            settings.database_url,
            path,
            keyring=keyring,
            release=settings.version,
            kinds=registry.files_kept(media_bucket=settings.media_storage is not None),
            places=await bootstrap.places(settings),
            told=_told,
        )
        async with db.transaction() as tx:
            tx.audit(TAKEN, object_type="backup", object_id=whole.id, actor_id=None)
    _tell_unfound(whole)
    click.echo(f"{path}: {whole.stored_bytes:,} bytes in {time.monotonic() - began:.1f} s. {_what(whole)}")
    if keyring is None:
        click.echo("It is not sealed: keep it where nobody else reads it, or set BACKUP_KEYS.")
    else:
        click.echo(f"It is sealed with {keyring.current}.")
    click.echo("VAULT_MASTER_KEYS is not in it, and it cannot be restored without: keep the keys elsewhere.")


async def _verify(settings: "Settings", path: Path, *, unsealed: bool) -> None:
    from faded_skies.platform.backup.archive import reading
    from faded_skies.platform.backup.checking import check

    with reading(path, _keyring(settings), unsealed=unsealed) as reader:
        whole = check(path, reader, _told)
    _tell_unfound(whole)
    click.echo(f"Whole. {_what(whole)}")
    if not reader.is_sealed:
        click.echo("It is not sealed: that nobody changed it is not proved.")


async def _restore(settings: "Settings", path: Path, *, replace: bool, unsealed: bool) -> None:
    from faded_skies import bootstrap, registry
    from faded_skies.platform.backup import files
    from faded_skies.platform.backup.archive import reading
    from faded_skies.platform.backup.checking import check
    from faded_skies.platform.backup.restoring import restore as fill

    began = time.monotonic()
    with reading(path, _keyring(settings), unsealed=unsealed) as reader:
        click.echo("Checking the backup …", err=True)
        whole = check(path, reader, lambda _: None)

        async def bring_files() -> None:
            await files.copy_in(reader, whole.files, registry.FILES, await bootstrap.places(settings), _told)

        async def after(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
            await bootstrap.after_restore(
                settings, connection, backup=str(whole.id), taken_at=whole.taken_at.isoformat()
            )

        await fill(
            settings.database_url,
            reader,
            whole,
            replace=replace,
            bring_files=bring_files,
            after=after,
            told=_told,
        )
    click.echo(f"Restored in {time.monotonic() - began:.1f} s. {_what(whole)}")
    click.echo(
        f"What happened after {whole.taken_at:%Y-%m-%d %H:%M:%S} UTC is not in it. Before you open, go through "
        "docs/runbooks/restore.md: faded-skies ledger verify, faded-skies audit verify, a new Valkey, and the card "
        "payments, goods and closed accounts since then."
    )


def _keyring(settings: "Settings") -> "Keyring | None":
    from faded_skies.platform.keyring import Keyring

    return Keyring.parse(settings.backup_keys.get_secret_value()) if settings.backup_keys else None


def _named(place: Path) -> Path:
    return place / f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}" if place.is_dir() else place


def _what(whole: "Manifest") -> str:
    return (
        f"{whole.rows:,} rows of {len(whole.tables)} tables and {len(whole.files):,} files, as of "
        f"{whole.taken_at:%Y-%m-%d %H:%M:%S} UTC, release {whole.release}, migration {whole.migration}."
    )


def _tell_unfound(whole: "Manifest") -> None:
    lost = [one for one in whole.unfound if not one.deleted]
    for one in lost[:MOST_NAMED]:
        click.echo(
            f"MISSING: {one.key} ({one.kind}). A row names it, and the store does not have it.", err=True
        )
    if len(lost) > MOST_NAMED:
        click.echo(f"MISSING: and {len(lost) - MOST_NAMED:,} more.", err=True)


def _told(line: str) -> None:
    click.echo(f"  {line}", err=True)


def _run(work: "Callable[[Settings], Coroutine[Any, Any, None]]") -> None:
    import asyncpg

    from faded_skies.platform.backup.errors import BackupError
    from faded_skies.platform.documents.errors import DocumentStoreDown
    from faded_skies.platform.embedded import EngineFailed
    from faded_skies.platform.errors import StartRefused
    from faded_skies.platform.migrations import MigrationError
    from faded_skies.platform.settings import read_settings

    try:
        with at_hand():
            asyncio.run(work(read_settings()))
    except (BackupError, StartRefused, EngineFailed, MigrationError) as error:
        raise click.ClickException(str(error)) from None
    except DocumentStoreDown:
        raise click.ClickException(
            "The store of files does not answer. Nothing was kept; try again."
        ) from None
    except (OSError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"The database or the file refuses: {error}") from None
