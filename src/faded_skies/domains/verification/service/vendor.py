"""Finding a vendor's case by the ids we stored; its callbacks are believed in nothing else."""

from uuid import UUID

from faded_skies.domains.verification.queries import verifications
from faded_skies.platform.db import Database


async def find_by_reference(db: Database, *, account_id: str, execution_id: str) -> UUID | None:
    """Return the verification with these ids of the vendor."""
    return await verifications.find_by_reference(db, account_id=account_id, execution_id=execution_id)
