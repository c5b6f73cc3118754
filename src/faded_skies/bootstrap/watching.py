"""What /health asks about, beside what adapters ask about themselves."""

import asyncpg

from faded_skies.platform.db import Database
from faded_skies.platform.documents.errors import DocumentGone
from faded_skies.platform.documents.ports import DocumentStore
from faded_skies.platform.health import VENDOR_SECONDS, Ailing, Ask, Check, Health
from faded_skies.platform.ports import Ports
from faded_skies.platform.queue_state import read_queue
from faded_skies.platform.valkey import Valkey

LATE_SECONDS = 60.0
"""A job that is due so long has no worker; the back-off of one that failed is not waiting."""

SILENT_SECONDS = 300.0
"""Some periodic work is due each minute."""

_NO_SUCH_PICTURE = "health/nothing"


def watch(ports: Ports) -> Health:
    """Return the checks of this process."""
    return Health(
        [
            Check("database", _database(ports.db, ports.settings.database_url), matters=True),
            Check("redis", _valkey(ports.valkey), matters=True),
            Check("jobs", _jobs(ports.db)),
            Check("storage", _storage(ports.get(DocumentStore)), kept_seconds=VENDOR_SECONDS),
            *ports.checks,
        ]
    )


def _database(db: Database, url: str) -> Ask:
    async def ask() -> None:
        if db.is_exhausted:
            # A rush that uses every connection is no outage: taking this process out would pass the rush on.
            connection = await asyncpg.connect(url)
            try:
                await connection.fetchval("SELECT 1")
            finally:
                await connection.close()
        else:
            await db.fetchval("SELECT 1")

    return ask


def _valkey(valkey: Valkey) -> Ask:
    async def ask() -> None:
        await valkey.execute_command("PING")

    return ask


def _jobs(db: Database) -> Ask:
    async def ask() -> None:
        state = await read_queue(db)
        if state.lag_seconds > LATE_SECONDS:
            raise Ailing(f"A job has waited for a worker for {state.lag_seconds:.0f} s.")
        if state.idle_seconds is None or state.idle_seconds > SILENT_SECONDS:
            raise Ailing("No worker does what is due each minute. Start one: faded-skies worker.")

    return ask


def _storage(store: DocumentStore) -> Ask:
    async def ask() -> None:
        try:
            await store.get(_NO_SUCH_PICTURE)
        except DocumentGone:
            return

    return ask
