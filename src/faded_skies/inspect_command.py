"""`faded-skies inspect`: one archive with what an inspector of the state asks for."""

import os
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from faded_skies.on_database import on_database

if TYPE_CHECKING:
    from faded_skies.platform.db import Database

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--from", "first", type=_DAY, required=True, help="The first local day.")
@click.option("--to", "last", type=_DAY, required=True, help="The last local day, included.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here; inspection-<from>-<to>.zip in this folder if left out.",
)
def inspect(first: datetime, last: datetime, out: Path | None) -> None:
    """Write one archive of some days for an inspector of the state.

    The audit log with its proof, manifests, ID checks, positions, refusals, cash, reports to the state, rules in force.
    The file can be read by you only, and is never written over another one. It holds no pictures, numbers or birth
    dates of IDs. Reads the same settings as `faded-skies serve`, or takes the shop of `faded-skies up`; it may be open
    meanwhile. Exit code 1 when
    the audit log does not prove itself; the pack is written all the same, and says so.

    \b
    faded-skies inspect --from 2026-11-01 --to 2026-11-30
    faded-skies inspect --from 2026-11-27 --to 2026-11-27 --out friday.zip
    """
    path = out or Path(f"inspection-{first:%Y-%m-%d}-{last:%Y-%m-%d}.zip")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} is there already. Name another file with --out.") from None
    except OSError as error:
        raise click.ClickException(
            f"{path} cannot be written: {error.strerror}. Name another file with --out."
        ) from None
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            code = on_database(lambda db: _write(db, first.date(), last.date(), archive))
    except BaseException:
        path.unlink()
        raise
    click.echo(f"{path}: {path.stat().st_size:,} bytes.")
    sys.exit(code)


async def _write(db: "Database", first: date, last: date, archive: zipfile.ZipFile) -> int:
    from faded_skies.domains.compliance import service as compliance
    from faded_skies.platform.errors import Refused
    from faded_skies.platform.settings import read_settings
    from faded_skies.reports.days import span
    from faded_skies.reports.inspection import write_pack

    law = compliance.read_law(read_settings().jurisdiction)
    try:
        days = span(first, last, law.timezone)
    except Refused as error:
        raise click.ClickException(error.text) from None
    pack = await write_pack(db, days, archive, told=_told)
    for finding in pack.findings:
        click.echo(f"THE AUDIT LOG DOES NOT PROVE ITSELF: {finding}", err=True)
    return 1 if pack.findings else 0


def _told(name: str, rows: int) -> None:
    click.echo(f"  {name:<34} {rows:>9,} rows", err=True)
