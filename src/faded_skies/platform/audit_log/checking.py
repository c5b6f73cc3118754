"""One chain, and the rows of before the chains, held against the seals of each."""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from faded_skies.platform.audit.encoding import GENESIS, Seal, next_link, row_message
from faded_skies.platform.audit.walk import Finding, Kind, Walk, seal_is_ours
from faded_skies.platform.audit_log import queries
from faded_skies.platform.audit_log.reading import PAGE, read_chain, read_without_place
from faded_skies.platform.db import Database

BEFORE = 0
"""The number under which the rows of before the chains are sealed. They stand in no chain themselves."""

Found = Callable[[Finding], None]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class End:
    """Where a chain ends, by its head, by its rows and by its seals, all at one moment."""

    chain: int
    head_position: int | None
    head_link: bytes | None
    last_position: int
    last_seal: int


@dataclass(frozen=True)
class Checked:
    """What was seen: up to where, how many rows, and since when rows wait for a seal (Unix microseconds)."""

    position: int
    link: bytes
    rows: int
    waiting_since: int | None


async def list_ends(db: Database) -> list[End]:
    """Return the end of each chain that has rows, a head or a seal."""
    return [
        End(
            chain=row["chain"],
            head_position=row["head_position"],
            head_link=row["head_link"],
            last_position=row["last_position"] or 0,
            last_seal=row["last_seal"] or 0,
        )
        for row in await db.fetch(queries.ENDS)
    ]


async def find_seal(db: Database, chain: int, number: int) -> Seal | None:
    row = await db.fetchrow(queries.FIND_SEAL, chain, number)
    return None if row is None else Seal(**row)


async def find_seal_before(db: Database, chain: int, position: int) -> Seal | None:
    """Return the newest seal at or before a position."""
    row = await db.fetchrow(queries.SEAL_BEFORE, chain, position)
    return None if row is None else Seal(**row)


async def check_chain(
    db: Database, end: End, *, start: Seal | None, found: Found, progress: Progress = lambda _: None
) -> Checked:
    """Walk from `start` (None: from the first row) to the end, and tell of everything that is wrong."""
    walk = (
        Walk(end.chain, db.sign, position=0, link=GENESIS)
        if start is None
        else Walk(end.chain, db.sign, position=start.position - 1, link=None)
    )
    seals = _good_seals(db, end, first=start.number if start else 1, found=found)
    seal = await anext(seals, None)
    rows, waiting_since = 0, None
    async for row in read_chain(db, end.chain, after=walk.position, until=end.last_position):
        for finding in walk.step(row):
            found(finding)
        while seal is not None and seal.position < walk.position:
            seal = await anext(seals, None)
        if seal is None and waiting_since is None:
            waiting_since = _whole(row.content.recorded_us)
        if seal is not None and seal.position == walk.position and seal.link != walk.link:
            text = (
                f"seal {seal.number} of chain {end.chain} does not fit row {seal.position}: up to there rows "
                "were dropped, inserted or moved, and the links computed anew"
            )
            found(Finding(Kind.CHAIN_REWRITTEN, f"{text}.", end.chain, seal.position, row.seq))
        rows += 1
        if rows % PAGE == 0:
            progress(PAGE)
    progress(rows % PAGE)
    if seal is not None and seal.position > walk.position:
        text = f"seal {seal.number} says that chain {end.chain} had {seal.position} rows, but it ends at"
        found(Finding(Kind.TAIL_CUT, f"{text} {walk.position}.", end.chain, walk.position + 1))
    _check_head(end, walk, found)
    return Checked(walk.position, walk.link or GENESIS, rows, waiting_since)


def _check_head(end: End, walk: Walk, found: Found) -> None:
    if end.head_position is None:
        if end.last_position:
            found(Finding(Kind.HEAD_WRONG, f"chain {end.chain} has rows, but its head is gone.", end.chain))
    elif end.head_position > walk.position:
        text = f"the head of chain {end.chain} stands at {end.head_position}, but its rows end at {walk.position}."
        found(Finding(Kind.TAIL_CUT, text, end.chain, walk.position + 1))
    elif end.head_position < walk.position:
        text = f"chain {end.chain} has {walk.position} rows, but its head stands at {end.head_position}."
        found(Finding(Kind.HEAD_WRONG, text, end.chain, end.head_position))
    elif end.head_link != walk.link:
        found(
            Finding(
                Kind.HEAD_WRONG,
                f"the head of chain {end.chain} has another link than its last row.",
                end.chain,
            )
        )


async def _good_seals(db: Database, end: End, *, first: int, found: Found) -> AsyncIterator[Seal]:
    """Yield the seals that we wrote, in order; tell of those that we did not, and of gaps."""
    expected = first
    while rows := await db.fetch(queries.SEALS_PAGE, end.chain, expected - 1, end.last_seal, PAGE):
        for row in rows:
            seal = Seal(**row)
            if seal.number > expected:
                text = f"seals {expected} to {seal.number - 1} of chain {end.chain} are missing."
                found(Finding(Kind.SEAL_MISSING, text, end.chain))
            expected = seal.number + 1
            if seal_is_ours(seal, db.sign):
                yield seal
            else:
                text = f"seal {seal.number} of chain {end.chain} was changed, or was not written by the shop."
                found(Finding(Kind.SEAL_CHANGED, text, end.chain, seal.position))


async def check_before(
    db: Database, seal: Seal | None, *, found: Found, progress: Progress = lambda _: None
) -> Checked:
    """Walk the rows that stand in no chain. Once they are sealed none may come, go or change."""
    if seal is not None and not seal_is_ours(seal, db.sign):
        found(Finding(Kind.SEAL_CHANGED, "the seal of the rows of before the chain was changed.", BEFORE))
    rows, link = 0, GENESIS
    async for row in read_without_place(db):
        rows += 1
        try:
            digest = hashlib.sha256(row_message(row.content)).digest()
        except (ValueError, RecursionError):
            digest = GENESIS  # no process of ours wrote it, so no seal of ours fits it
        link = next_link(link, chain=BEFORE, position=rows, seq=row.seq, mac=digest)
        if seal is not None and rows > seal.position:
            text = f"a row without a place in any chain (seq {row.seq}) was inserted."
            found(Finding(Kind.INSERTED, text, seq=row.seq))
        if seal is not None and rows == seal.position and link != seal.link:
            text = f"among the {rows} rows of before the chain some were changed, dropped or inserted."
            found(Finding(Kind.CHAIN_REWRITTEN, text, BEFORE))
        if rows % PAGE == 0:
            progress(PAGE)
    progress(rows % PAGE)
    _too_few(rows, seal, found)
    return Checked(rows, link, rows, None)


async def count_before(db: Database, seal: Seal | None, *, found: Found) -> int:
    """Compare only how many rows stand in no chain with what was sealed; return how many."""
    rows: int = await db.fetchval(queries.COUNT_WITHOUT_PLACE)
    if seal is not None and rows > seal.position:
        text = f"{rows - seal.position} rows without a place in any chain were inserted."
        found(Finding(Kind.INSERTED, text))
    _too_few(rows, seal, found)
    return rows


def _too_few(rows: int, seal: Seal | None, found: Found) -> None:
    if seal is not None and rows < seal.position:
        text = f"{seal.position - rows} of the {seal.position} rows of before the chain are missing."
        found(Finding(Kind.DROPPED, text, BEFORE))


def _whole(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None
