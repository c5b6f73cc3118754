"""`faded-skies audit`: verify the audit log, take a copy of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

import click

from faded_skies.on_database import in_utc, on_database

if TYPE_CHECKING:
    from faded_skies.platform.audit.walk import Finding
    from faded_skies.platform.db import Database

MOST_SHOWN = 100
_EVERY = 10_000


@click.group()
def audit() -> None:
    """Verify the audit log, or take a copy of it.

    Every row has a mac, made with a key that is not in the database, and a place in one of eight hash chains. The
    worker seals the end of each chain every five minutes with the same key, and says so in its own log
    (audit_sealed). So a changed, inserted, dropped or moved row is found, whoever did it in the database.

    Both commands read the same settings as `faded-skies serve`.
    """


@audit.command()
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check an export (NDJSON) instead of the database's rows.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="FILE|TEXT",
    help="Compare with what was kept elsewhere: a log with audit_sealed lines, or one chain.number:mac. May repeat.",
)
def verify(path: Path | None, anchors: tuple[str, ...]) -> None:
    """Check every row, chain, head and seal; exit code 1 when anything is wrong.

    Rows are read in pages: memory stays small and nothing is locked, so it may run while the shop is open.

    Rows that are newer than the last seal can be cut off together with their head and nobody can tell, and so can
    seals with everything they sealed. Only what was kept elsewhere tells: give the worker's log as --anchor.

    \b
    faded-skies audit verify
    faded-skies audit verify --anchor /var/log/faded-skies/worker.log
    faded-skies audit verify --file audit.ndjson
    """
    if path is not None and anchors:
        raise click.UsageError("--anchor compares with the database; leave it away with --file.")
    for anchor in anchors:
        if next(_lines_of(anchor), None) is None:
            raise click.UsageError(
                f"--anchor {anchor[:100]} is neither a file with lines nor a chain.number:mac."
            )
    sys.exit(on_database(lambda db: _verify_file(db, path) if path else _verify(db, anchors)))


@audit.command()
@click.option("--since", type=click.DateTime(), help="Rows not before this time (UTC).")
@click.option("--until", type=click.DateTime(), help="Rows before this time (UTC).")
@click.option("--action", help="Rows of this action, such as order.cancelled.")
@click.option("--actor", type=click.UUID, help="Rows of what this person did, by id.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "csv"]),
    default="ndjson",
    show_default=True,
    help="NDJSON can be verified later; CSV is for spreadsheets.",
)
@click.option("--output", type=click.File("wb"), default="-", help="Write here instead of to stdout.")
def export(
    since: datetime | None,
    until: datetime | None,
    action: str | None,
    actor: UUID | None,
    form: str,
    output: BinaryIO,
) -> None:
    """Write the rows, oldest first, with what proves them (chain, position, link, mac).

    \b
    faded-skies audit export > audit.ndjson
    faded-skies audit export --since 2026-11-01 --until 2026-12-01 --format csv --output november.csv
    faded-skies audit export --action sign_in.failed | wc -l
    """

    async def write(db: "Database") -> int:
        from faded_skies.platform.audit_log.exporting import as_csv, ndjson
        from faded_skies.platform.audit_log.reading import Filter

        wanted = Filter(action=action, actor_id=actor, since=in_utc(since), until=in_utc(until))
        async with db.transaction() as tx:
            tx.audit("audit_log.exported", object_type="audit_log", object_id=None, actor_id=None)
        chunks: AsyncIterator[bytes] = (as_csv if form == "csv" else ndjson)(db, wanted)
        async for chunk in chunks:
            output.write(chunk)
        return 0

    sys.exit(on_database(write))


class _Told:
    """Prints findings as they come, the first hundred of them, and counts all."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, finding: "Finding") -> None:
        self.counts[finding.kind] += 1
        if self.counts.total() <= MOST_SHOWN:
            click.echo(f"{finding.kind}: {finding.text}")
        elif self.counts.total() == MOST_SHOWN + 1:
            click.echo("… and more; the sum stands below.")

    def conclude(self, seen: str) -> int:
        if not self.counts:
            click.echo(f"Nothing is wrong. {seen}")
            return 0
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.counts.items()))
        click.echo(f"SOMETHING IS WRONG: {kinds}. {seen}")
        return 1


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Count on stderr, one line on a terminal, and nothing into files and pipes."""
    rows, shown = 0, sys.stderr.isatty()

    def advance(more: int) -> None:
        nonlocal rows
        rows += more
        if shown and rows // _EVERY != (rows - more) // _EVERY:
            click.echo(f"\r{rows:,} rows", nl=False, err=True)

    yield advance
    if shown:
        click.echo("\r", nl=False, err=True)


async def _verify(db: "Database", anchors: tuple[str, ...]) -> int:
    from faded_skies.platform.audit_log import verifying

    told = _Told()
    with _progress() as progress:
        verdict = await verifying.verify(db, found=told, progress=progress)
    compared = 0
    for anchor in anchors:
        compared += await verifying.check_anchors(db, _lines_of(anchor), found=told)
    seen = f"{verdict.rows:,} rows checked"
    if verdict.before:
        seen += f", {verdict.before:,} of them from before the chain (only the first seal speaks for those)"
    if anchors:
        seen += f"; {compared:,} anchors compared"
    return told.conclude(f"{seen}.")


async def _verify_file(db: "Database", path: Path) -> int:
    from faded_skies.platform.audit_log.exporting import verify_lines

    told = _Told()
    with path.open("rb") as lines, _progress() as progress:
        verdict = await asyncio.to_thread(verify_lines, lines, db.sign, found=told, progress=progress)
    seen = f"{verdict.rows:,} rows checked"
    if verdict.before:
        seen += f", {verdict.before:,} of them from before the chain, which nothing proves in a file"
    if verdict.missing:
        seen += (
            f"; {verdict.missing:,} rows that stood between them are not in the file "
            "(filters leave rows out; without filters they were dropped)"
        )
    return told.conclude(f"{seen}.")


def _lines_of(anchor: str) -> Iterator[str]:
    from faded_skies.platform.audit_log.verifying import has_anchor

    def lines(source: Iterable[str]) -> Iterator[str]:
        return (line for line in source if has_anchor(line))

    if not has_anchor(anchor):
        path = Path(anchor)
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as file:
                yield from lines(file)
        return
    yield from lines([anchor])
