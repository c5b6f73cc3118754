"""Reading the books: balances, the journal, and what moved in some days. Amounts in cents; nothing here writes.

What was posted is never changed and never dated back, so a past day says the same for ever.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.ledger.service import Account
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.money import to_dollars
from faded_skies.reports.days import Span

_MOVED = """
SELECT kind, debit, credit, sum(amount_cents)::bigint AS cents
FROM ledger_transfers WHERE posted_at >= $1 AND posted_at < $2 GROUP BY kind, debit, credit
"""
_BALANCES = """
SELECT debit, credit, sum(amount_cents)::bigint AS cents FROM ledger_transfers
WHERE $1::timestamptz IS NULL OR posted_at < $1 GROUP BY debit, credit
"""
_TRANSFERS = """
SELECT t.id, t.posted_at, t.kind, t.subject, t.leg, t.debit, t.credit, t.amount_cents, o.order_number, t.party_id
FROM ledger_transfers t LEFT JOIN orders o ON o.id = t.order_id
"""
_JOURNAL = f"""
{_TRANSFERS}
WHERE ($1::timestamptz IS NULL OR t.posted_at >= $1) AND ($2::timestamptz IS NULL OR t.posted_at < $2)
ORDER BY t.posted_at, t.id
"""
_AFTER = f"""
{_TRANSFERS}
WHERE (t.posted_at, t.id) > ($1, $2) AND t.posted_at < $3
ORDER BY t.posted_at, t.id LIMIT $4
"""
_COUNT = "SELECT count(*) FROM ledger_transfers WHERE posted_at >= $1 AND posted_at < $2"

JOURNAL_FIELDS = ("postedAt", "fact", "subject", "leg", "debit", "credit", "amount", "orderNumber", "party")
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved between two accounts by one kind of fact."""

    kind: str
    debit: Account
    credit: Account
    cents: int


@dataclass(frozen=True, slots=True)
class Balance:
    """One account: everything debited, everything credited, and what is left in its natural direction."""

    account: Account
    debit_cents: int
    credit_cents: int

    @property
    def cents(self) -> int:
        more = self.debit_cents - self.credit_cents
        return more if self.account.grows_by_debit else -more


async def moved(source: Database | Tx, days: Span) -> list[Moved]:
    """Return what moved in some days, by kind and accounts."""
    return [
        Moved(row["kind"], Account(row["debit"]), Account(row["credit"]), row["cents"])
        for row in await source.fetch(_MOVED, days.begins, days.ends)
    ]


def net(moves: Iterable[Moved], account: Account) -> int:
    """Return by how much an account grew, in its natural direction."""
    debited = sum(move.cents for move in moves if move.debit is account)
    credited = sum(move.cents for move in moves if move.credit is account)
    return debited - credited if account.grows_by_debit else credited - debited


async def balances(source: Database | Tx, *, before: datetime | None = None) -> list[Balance]:
    """Return the trial balance, of now or of a moment: every account, also those at zero."""
    debits, credits_ = dict.fromkeys(Account, 0), dict.fromkeys(Account, 0)
    for row in await source.fetch(_BALANCES, before):
        debits[Account(row["debit"])] += row["cents"]
        credits_[Account(row["credit"])] += row["cents"]
    return [Balance(account, debits[account], credits_[account]) for account in Account]


def stream_journal(tx: Tx, *, since: datetime | None, until: datetime | None) -> AsyncIterator[Row]:
    """Yield the transfers in the order in which they were posted."""
    return tx.stream(_JOURNAL, since, until)


async def list_journal(db: Database, days: Span, *, limit: int, offset: int) -> tuple[list[Row], int]:
    """Return a page of the transfers of some days, the oldest first, and how many there are."""
    statement = f"{_JOURNAL} LIMIT $3 OFFSET $4"
    rows = await db.fetch(statement, days.begins, days.ends, limit, offset)
    return rows, await db.fetchval(_COUNT, days.begins, days.ends)


async def read_journal(db: Database, days: Span) -> AsyncIterator[list[Row]]:
    """Yield the transfers of some days in parts, the oldest first; a slow reader holds no connection meanwhile.

    Of a day that is under way, what is posted during the reading may be missing.
    """
    moment, last = days.begins, UUID(int=0)
    while rows := await db.fetch(_AFTER, moment, last, days.ends, _ROWS_AT_ONCE):
        yield rows
        moment, last = rows[-1]["posted_at"], rows[-1]["id"]


def journal_line(row: Row) -> dict[str, Any]:
    """Return a transfer as JSON and CSV have it (JOURNAL_FIELDS); the amount in dollars."""
    values = (
        row["posted_at"],
        row["kind"],
        row["subject"],
        row["leg"],
        row["debit"],
        row["credit"],
        to_dollars(row["amount_cents"]),
        row["order_number"],
        row["party_id"],
    )
    return dict(zip(JOURNAL_FIELDS, values, strict=True))
