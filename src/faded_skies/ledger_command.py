"""`faded-skies ledger`: prove the books, look at them, take them away."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

import click

from faded_skies.on_database import in_utc, on_database

if TYPE_CHECKING:
    from faded_skies.platform.db import Database

Write = Callable[[dict[str, Any]], object]


@click.group()
def ledger() -> None:
    """Prove the books, look at them, or take them away.

    Every charge, refund, coin, tip, fee and cent of cash is a transfer between two accounts, written in the transaction
    of what it tells and never changed (docs/adr/0018). All commands read the same settings as `faded-skies serve`, and
    may run while the shop is open.
    """


@ledger.command()
def verify() -> None:
    """Prove that orders, attempts, refunds, coins, drawers and disputes agree with the books to the cent.

    Exit code 1 when anything disagrees; docs/runbooks/books.md says what to do then.

    \b
    faded-skies ledger verify
    """
    sys.exit(on_database(_verify))


@ledger.command()
@click.option("--at", type=click.DateTime(), help="As it was at this time (UTC); now if left out.")
@click.option("--format", "form", type=click.Choice(["table", "csv"]), default="table", show_default=True)
def balances(at: datetime | None, form: str) -> None:
    """Show the trial balance: what stands in each account, and that debits equal credits.

    \b
    faded-skies ledger balances
    faded-skies ledger balances --at 2026-11-01 --format csv > october.csv
    """
    sys.exit(on_database(lambda db: _balances(db, in_utc(at), as_csv=form == "csv")))


@ledger.command()
@click.option("--since", type=click.DateTime(), help="Transfers not before this time (UTC).")
@click.option("--until", type=click.DateTime(), help="Transfers before this time (UTC).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    default="csv",
    show_default=True,
    help="A table, or a JSON object on each line.",
)
@click.option("--output", type=click.File("w"), default="-", help="Write here instead of to stdout.")
def export(since: datetime | None, until: datetime | None, form: str, output: TextIO) -> None:
    """Write the journal, the oldest transfer first.

    \b
    faded-skies ledger export --since 2026-11-01 --until 2026-12-01 --output november.csv
    """
    write = _csv_writer(output) if form == "csv" else _json_writer(output)
    sys.exit(on_database(lambda db: _export(db, in_utc(since), in_utc(until), write)))


async def _verify(db: "Database") -> int:
    from faded_skies.reports.verifying import verify as proofs

    checked = wrong = 0
    async for verdict in proofs(db):
        checked += verdict.checked
        wrong += verdict.wrong
        told = "agree" if not verdict.wrong else f"compared, {verdict.wrong:,} DISAGREE"
        click.echo(f"{verdict.checked:>10,} {told}: {verdict.what}")
        for disagreement in verdict.shown:
            click.echo(f"           {disagreement}")
    if wrong:
        click.echo(f"THE BOOKS DISAGREE: {wrong:,} of {checked:,} comparisons. See docs/runbooks/books.md.")
        return 1
    click.echo(f"The books agree to the cent: {checked:,} comparisons.")
    return 0


async def _balances(db: "Database", at: datetime | None, *, as_csv: bool) -> int:
    from faded_skies.platform.money import to_dollars
    from faded_skies.platform.spreadsheets import write_lines
    from faded_skies.reports import books

    found = await books.balances(db, before=at)
    rows = [
        (
            one.account.value,
            one.account.kind,
            *map(to_dollars, (one.debit_cents, one.credit_cents, one.cents)),
        )
        for one in found
    ]
    debits = to_dollars(sum(one.debit_cents for one in found))
    credits_ = to_dollars(sum(one.credit_cents for one in found))
    if as_csv:
        click.echo(write_lines([("account", "kind", "debit", "credit", "balance"), *rows]), nl=False)
        return 0
    click.echo(f"{'account':<18}{'kind':<10}{'debit':>16}{'credit':>16}{'balance':>16}")
    for account, kind, debit, credit, balance in rows:
        click.echo(f"{account:<18}{kind:<10}{debit:>16,.2f}{credit:>16,.2f}{balance:>16,.2f}")
    click.echo(f"{'together':<28}{debits:>16,.2f}{credits_:>16,.2f}")
    return 0


async def _export(db: "Database", since: datetime | None, until: datetime | None, write: Write) -> int:
    from faded_skies.reports import books

    count = 0
    async with db.snapshot() as tx:
        async for row in books.stream_journal(tx, since=since, until=until):
            write(books.journal_line(row))
            count += 1
    click.echo(f"{count:,} transfers.", err=True)
    return 0


def _csv_writer(output: TextIO) -> Write:
    from faded_skies.platform.spreadsheets import write_lines
    from faded_skies.reports.books import JOURNAL_FIELDS

    output.write(write_lines([JOURNAL_FIELDS]))
    return lambda line: output.write(write_lines([line.values()]))


def _json_writer(output: TextIO) -> Write:
    from faded_skies.platform.http.answers import dump

    return lambda line: output.write(dump(line).decode() + "\n")
