"""`faded-skies vault`: which master keys things hang on, and moving them to the current one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from faded_skies.platform.db import Database
    from faded_skies.platform.keyring import Keyring
    from faded_skies.platform.settings import Settings
    from faded_skies.platform.wrapped import Hold, Moved

MOST_NAMED = 20


@click.group()
def vault() -> None:
    """See and rotate the master keys that ID pictures and other secrets are locked with.

    The keys are in VAULT_MASTER_KEYS: the first locks, the others only open. docs/runbooks/keys.md says how to
    replace one, and what to do when one is lost or stolen.
    """


@vault.command()
def status() -> None:
    """Say how many things hang on each master key, and whether it is at hand.

    Exit code 1 when something cannot be opened. It answers also when the shop cannot start for a lost key.
    """

    async def show(db: "Database", keyring: "Keyring") -> int:
        holds = await _survey(db, keyring)
        for hold in holds:
            click.echo(f"{hold.what:<30} {hold.count:>8,}  {_name_of(hold)}: {_state(hold, keyring)}")
        if not holds:
            click.echo("Nothing is locked yet.")
        for name in keyring.names:
            if name != keyring.current and not any(hold.key_name == name for hold in holds):
                click.echo(f"Nothing here hangs on {name}. Backups may: keep it as long as they are kept.")
        return 0 if all(hold.opens for hold in holds) else 1

    _run(_bare_database, show)


@vault.command()
def rotate() -> None:
    """Lock everything with the first key of VAULT_MASTER_KEYS that is locked with another.

    Safe while the shop is open, as long as every process knows both keys. When it is stopped in the middle, run it
    again. Pictures are not touched, only the keys to them. Exit code 1 when something could not be opened.
    """
    from faded_skies import bootstrap

    async def run(db: "Database", keyring: "Keyring") -> int:
        from faded_skies import registry
        from faded_skies.platform import wrapped

        total, failed = 0, False
        for thing in registry.WRAPPED:
            moved = None
            async for moved in wrapped.rotate(db, keyring, thing):
                click.echo(f"{thing.what}: {moved.wrapped:,} locked with {keyring.current} so far")
            if moved is not None:
                total += moved.wrapped
                failed |= _tell_failures(thing.what, moved)
        async with db.transaction() as tx:
            tx.audit(
                "vault.rotated",
                object_type="vault",
                object_id=None,
                actor_id=None,
                key=keyring.current,
                things=total,
            )
        _conclude(await _survey(db, keyring), keyring)
        return 1 if failed else 0

    _run(bootstrap.database, run)


def _tell_failures(what: str, moved: "Moved") -> bool:
    for name, count in sorted(moved.lost.items()):
        click.echo(f"{what}: {count:,} NOT OPENED, for the key {name} is not in VAULT_MASTER_KEYS.", err=True)
    for identity in moved.tampered[:MOST_NAMED]:
        click.echo(f"{what}: {identity} NOT OPENED, for it was changed or its key is another.", err=True)
    if len(moved.tampered) > MOST_NAMED:
        click.echo(f"{what}: and {len(moved.tampered) - MOST_NAMED:,} more like these.", err=True)
    return bool(moved.lost or moved.tampered)


def _conclude(holds: "list[Hold]", keyring: "Keyring") -> None:
    for name in keyring.names:
        left = sum(hold.count for hold in holds if hold.key_name == name)
        if name == keyring.current:
            click.echo(f"Locked with {name}: {left:,}.")
        elif left:
            click.echo(f"Still locked with {name}: {left:,}. Keep it and run this again.")
        else:
            click.echo(
                f"Nothing hangs on {name}. If it is the old key: once every process runs with {keyring.current} first "
                "and `faded-skies vault status` still says so, take it out of VAULT_MASTER_KEYS, and keep it in the "
                "safe as long as backups of today are kept. If it is the new one: put it first and run this again."
            )


def _name_of(hold: "Hold") -> str:
    return hold.key_name or "no key named"


def _state(hold: "Hold", keyring: "Keyring") -> str:
    if hold.key_name not in keyring.names:
        return "LOST, not in VAULT_MASTER_KEYS"
    if not hold.opens:
        return "DOES NOT OPEN, the key of this name is another, or what is stored was changed"
    return "current" if hold.key_name == keyring.current else "at hand, to be rotated"


async def _survey(db: "Database", keyring: "Keyring") -> "list[Hold]":
    from faded_skies import registry
    from faded_skies.platform import wrapped

    return await wrapped.survey(db, keyring, registry.WRAPPED)


@asynccontextmanager
async def _bare_database(settings: "Settings") -> "AsyncIterator[Database]":
    """Open the database without the keys that a start needs: they may be what is lost."""
    from faded_skies.platform.db import Database
    from faded_skies.platform.events import Bus

    db = await Database.connect(settings.database_url, bus=Bus(), size=2)
    try:
        yield db
    finally:
        await db.close()


def _run(
    open_database: "Callable[[Settings], AbstractAsyncContextManager[Database]]",
    work: "Callable[[Database, Keyring], Coroutine[Any, Any, int]]",
) -> None:
    import asyncpg

    from faded_skies.platform.errors import StartRefused
    from faded_skies.platform.keyring import Keyring
    from faded_skies.platform.settings import read_settings

    async def run() -> int:
        settings = read_settings()
        keyring = Keyring.parse(settings.vault_master_keys.get_secret_value())
        async with open_database(settings) as db:
            return await work(db, keyring)

    try:
        sys.exit(asyncio.run(run()))
    except StartRefused as error:
        raise click.ClickException(str(error)) from None
    except asyncpg.UndefinedTableError:
        raise click.ClickException(
            "The database is older than this program. Run: faded-skies migrate"
        ) from None
    except (OSError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"The database cannot be reached: {error}") from None
