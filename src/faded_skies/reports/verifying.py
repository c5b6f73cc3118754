"""Proves that orders, attempts, refunds, coins, drawers and disputes agree with the books to the cent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from faded_skies.platform.db import Database, Tx
from faded_skies.platform.money import to_dollars
from faded_skies.reports.proofs import PROOFS

MOST_SHOWN = 100

_JUDGE = f"""
WITH compared AS ({{}})
SELECT count(*) AS checked, count(*) FILTER (WHERE books <> records) AS wrong,
       (SELECT jsonb_agg(jsonb_build_array(name, books, records)) FROM (
           SELECT name, books, records FROM compared WHERE books <> records ORDER BY name LIMIT {MOST_SHOWN}
       ) first) AS shown
FROM compared
"""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A thing of which the books say another sum than its record does; both in cents."""

    name: str
    books_cents: int
    records_cents: int

    def __str__(self) -> str:
        books, records = to_dollars(self.books_cents), to_dollars(self.records_cents)
        return f"{self.name}: the books say ${books:,.2f}, the record says ${records:,.2f}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One proof carried out: how many things were compared, how many disagree, and the first of them."""

    what: str
    checked: int
    wrong: int
    shown: list[Disagreement]


async def verify(db: Database) -> AsyncIterator[Verdict]:
    """Yield the verdict of each proof, all of one moment; nothing is locked, so it may run while the shop is open."""
    async with db.snapshot() as tx:
        async for verdict in prove(tx):
            yield verdict


async def prove(tx: Tx) -> AsyncIterator[Verdict]:
    """Yield the verdict of each proof, as a transaction sees things."""
    for proof in PROOFS:
        row = await tx.fetchrow(_JUDGE.format(proof.compared))
        assert row is not None  # noqa: S101 - an aggregate always gives a row
        shown = [Disagreement(*one) for one in row["shown"] or ()]
        yield Verdict(proof.what, row["checked"], row["wrong"], shown)
