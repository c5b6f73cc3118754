"""What the clock asks: vendors that have not answered, and papers that nobody decided."""

from datetime import datetime

import structlog

from faded_skies.domains.verification import rules
from faded_skies.domains.verification.queries import papers, verifications
from faded_skies.domains.verification.service import deciding
from faded_skies.domains.verification.service.judging import Judge, judge
from faded_skies.platform.db import Database
from faded_skies.platform.errors import Unavailable

log = structlog.get_logger()


async def poll_vendor(who: Judge, *, now: datetime) -> None:
    """Ask the vendor about what it has not answered in time. One it fails for does not hold up the others."""
    for verification_id in await verifications.list_to_poll(who.db, now):
        try:
            await judge(who, verification_id)
        except Unavailable as problem:
            log.warning("id_verification_not_polled", verification_id=str(verification_id), code=problem.code)
            async with who.db.transaction() as tx:
                polls = (await verifications.get_verification(tx, verification_id)).polls
                await verifications.note_poll(
                    tx, verification_id, poll_after=now + rules.poll_delay(polls + 1)
                )


async def expire_open(db: Database, *, now: datetime) -> None:
    """Close what has been open for a month."""
    for verification_id in await verifications.list_open_since(db, now - rules.LONGEST_OPEN):
        async with db.transaction() as tx:
            await deciding.expire(tx, verification_id)


async def prune(db: Database) -> None:
    """Forget links that are long over."""
    async with db.transaction() as tx:
        await papers.prune_links(tx)
