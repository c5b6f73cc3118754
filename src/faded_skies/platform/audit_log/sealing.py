"""Seals: every few minutes the end of each chain is signed with the log's key, and told to the process's own log.

Links alone can be computed anew by whoever may write the database. A seal cannot be made without the key, and the
line `audit_sealed` in a log outside of the database stays when even seals are deleted (docs/adr/0013).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import structlog

from faded_skies.platform import clock
from faded_skies.platform.audit.encoding import Seal, microseconds, seal_message
from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log import queries
from faded_skies.platform.audit_log.checking import (
    BEFORE,
    Checked,
    check_before,
    check_chain,
    find_seal,
    list_ends,
)
from faded_skies.platform.db import Database
from faded_skies.platform.jobs import Periodic

log = structlog.get_logger()


def periodic(db: Database) -> Sequence[Periodic]:
    """Return the log's periodic work."""

    async def seal() -> None:
        await seal_chains(db)

    return [Periodic("platform.seal_audit_log", "*/5 * * * *", seal)]


def anchor_of(seal: Seal) -> str:
    """Return what an outside log keeps of a seal: chain, number and mac."""
    return f"{seal.chain}.{seal.number}:{seal.mac.hex()}"


async def seal_chains(db: Database) -> list[Seal]:
    """Check what came since the last seal of each chain, and seal it; return the new seals.

    What is wrong is never sealed: that chain keeps its last seal, and each run says `audit_log_broken`.
    """
    made = [await _seal_before(db)]
    for end in await list_ends(db):
        if end.chain == BEFORE:
            continue
        last = await find_seal(db, end.chain, end.last_seal)
        wrong: Counter[str] = Counter()

        def note(finding: Finding, wrong: Counter[str] = wrong) -> None:
            wrong[finding.kind] += 1

        checked = await check_chain(db, end, start=last, found=note)
        if wrong:
            log.error("audit_log_broken", chain=end.chain, findings=dict(wrong))
        elif last is None or checked.position > last.position:
            made.append(await _write(db, end.chain, end.last_seal + 1, checked))
    seals = [seal for seal in made if seal is not None]
    if seals:
        log.info("audit_sealed", seals=[anchor_of(seal) for seal in seals])
    return seals


async def _seal_before(db: Database) -> Seal | None:
    """Seal the rows of before the chains, once."""
    if await find_seal(db, BEFORE, 1) is not None:
        return None
    return await _write(db, BEFORE, 1, await check_before(db, None, found=lambda _: None))


async def _write(db: Database, chain: int, number: int, checked: Checked) -> Seal | None:
    """Write a seal; None when another process was quicker."""
    now = clock.now()
    seal = Seal(chain, number, checked.position, checked.link, microseconds(now))
    seal = replace(seal, mac=db.sign(seal_message(seal)))
    written = await db.fetchval(
        queries.ADD_SEAL, chain, number, checked.position, checked.link, now, seal.mac
    )
    return None if written is None else seal
