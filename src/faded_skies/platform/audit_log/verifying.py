"""Verifying the whole log, or its newest part: rows, chains, heads, seals, and anchors kept elsewhere."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from faded_skies.platform import clock
from faded_skies.platform.audit.encoding import microseconds
from faded_skies.platform.audit.walk import Finding, Kind
from faded_skies.platform.audit_log.checking import (
    BEFORE,
    End,
    Found,
    Progress,
    check_before,
    check_chain,
    count_before,
    find_seal,
    find_seal_before,
    list_ends,
)
from faded_skies.platform.db import Database

LONGEST_WAIT_SECONDS = 3600
"""Seals are made every five minutes. A row that waits for longer has lost its seal, or nothing seals."""

_ANCHOR = re.compile(r"\b(\d{1,5})\.(\d{1,18}):([0-9a-f]{64})\b")


@dataclass(frozen=True)
class Verdict:
    """What a verification saw. `rows` were checked, `before` of them stand in no chain; `complete`: all there are."""

    rows: int
    before: int
    complete: bool


async def verify(db: Database, *, found: Found, progress: Progress = lambda _: None) -> Verdict:
    """Check every row of the log. Rows that are written meanwhile are left out."""
    ends = await list_ends(db)
    before = await check_before(db, await find_seal(db, BEFORE, 1), found=found, progress=progress)
    _check_chain_numbers(ends, found)
    rows = before.rows
    for end in ends:
        if end.chain != BEFORE:
            rows += await _check(db, end, most_rows=None, found=found, progress=progress)
    return Verdict(rows, before.rows, complete=True)


async def verify_newest(db: Database, *, found: Found, most_rows: int) -> Verdict:
    """Check about as many of the newest rows, from a seal of each chain on, and that none is there without a place."""
    ends = await list_ends(db)
    before = await count_before(db, await find_seal(db, BEFORE, 1), found=found)
    _check_chain_numbers(ends, found)
    chains = [end for end in ends if end.chain != BEFORE]
    rows = 0
    for end in chains:
        rows += await _check(db, end, most_rows=most_rows // len(chains), found=found)
    return Verdict(rows, before, complete=rows == sum(end.last_position for end in chains) and before == 0)


def has_anchor(text: str) -> bool:
    """Tell whether a text names a seal."""
    return _ANCHOR.search(text) is not None


async def check_anchors(db: Database, lines: Iterable[str], *, found: Found) -> int:
    """Compare the anchors in a text (such as the lines `audit_sealed` of a log) with the seals; return how many."""
    seen = 0
    for line in lines:
        for chain, number, mac in _ANCHOR.findall(line):
            seen += 1
            # Chains are smallint; a larger number is nobody's seal.
            seal = await find_seal(db, int(chain), int(number)) if int(chain) < 2**15 else None
            if seal is None:
                text = f"the anchor names seal {number} of chain {chain}, which is not there: the end was cut off."
                found(Finding(Kind.SEAL_MISSING, text, int(chain)))
            elif seal.mac.hex() != mac:
                text = f"seal {number} of chain {chain} is not the one that the anchor names."
                found(Finding(Kind.SEAL_CHANGED, text, int(chain), seal.position))
    return seen


def _check_chain_numbers(ends: list[End], found: Found) -> None:
    sealed = {end.chain for end in ends if end.last_seal}
    if sealed and BEFORE not in sealed:
        found(Finding(Kind.SEAL_MISSING, "the seal of the rows of before the chain is missing.", BEFORE))
    if any(end.chain == BEFORE and (end.last_position or end.head_position is not None) for end in ends):
        found(Finding(Kind.INSERTED, f"rows stand in chain {BEFORE}, which takes none.", BEFORE))


async def _check(
    db: Database, end: End, *, most_rows: int | None, found: Found, progress: Progress = lambda _: None
) -> int:
    start = None
    if most_rows is not None:
        start = await find_seal_before(db, end.chain, end.last_position - most_rows)
    checked = await check_chain(db, end, start=start, found=found, progress=progress)
    overdue = int(microseconds(clock.now())) - LONGEST_WAIT_SECONDS * 1_000_000
    if checked.waiting_since is not None and checked.waiting_since < overdue:
        text = (
            f"rows of chain {end.chain} wait for a seal for more than an hour: no worker runs, it found something "
            "wrong (audit_log_broken in its log), or seals were deleted."
        )
        found(Finding(Kind.NOT_SEALED, text, end.chain))
    return checked.rows
