"""What commands that only need the database have in common."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from faded_skies.local_shop import at_hand

if TYPE_CHECKING:
    from faded_skies.platform.db import Database


def on_database(work: "Callable[[Database], Coroutine[Any, Any, int]]") -> int:
    """Open the database by the settings of the shop, do the work and return its exit code.

    Without settings it is that of the shop that `faded-skies up` keeps in FADED_SKIES_DATA, where there is one.
    Raises click.ClickException, in a sentence, when the settings or the database refuse.
    """
    import asyncpg

    from faded_skies import bootstrap
    from faded_skies.platform.embedded import EngineFailed
    from faded_skies.platform.errors import StartRefused
    from faded_skies.platform.settings import read_settings

    async def run() -> int:
        async with bootstrap.database(read_settings()) as db:
            return await work(db)

    try:
        with at_hand():
            return asyncio.run(run())
    except (StartRefused, EngineFailed) as error:
        raise click.ClickException(str(error)) from None
    except (OSError, asyncpg.PostgresError) as error:
        raise click.ClickException(f"The database or the file refuses: {error}") from None


def in_utc(moment: datetime | None) -> datetime | None:
    """Return what click.DateTime read, as the UTC that its help promises."""
    return moment.replace(tzinfo=UTC) if moment else None
