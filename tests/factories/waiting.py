"""What one transaction waits for when another holds its rows."""

import asyncio

from faded_skies.platform.db import Database

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def until_somebody_waits(db: Database, *, many: int = 1) -> None:
    """Return once so many transactions of this test's database wait for a lock."""
    async with asyncio.timeout(30):
        while await db.fetchval(_WAITING) < many:  # noqa: ASYNC110 - locks do not tell
            await asyncio.sleep(0.01)
