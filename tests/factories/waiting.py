"""What one transaction waits for when another holds its rows."""

import asyncio

from faded_skies.platform.db import Database

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def until_somebody_waits(db: Database) -> None:
    """Return once a transaction of this test's database waits for a lock."""
    async with asyncio.timeout(30):
        while not await db.fetchval(_WAITING):  # noqa: ASYNC110 - locks do not tell
            await asyncio.sleep(0.01)
