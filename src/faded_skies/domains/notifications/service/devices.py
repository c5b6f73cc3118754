"""Use cases of the devices that pushes go to."""

from uuid import UUID

from faded_skies.domains.notifications import queries
from faded_skies.platform.db import Tx


async def register_device(tx: Tx, *, user_id: UUID, token: str) -> None:
    """Reach this person on the device from now on; it is taken from whoever had it."""
    await queries.devices.put_device(tx, user_id=user_id, token=token)


async def unregister_device(tx: Tx, *, user_id: UUID, token: str) -> None:
    """Stop reaching this person on the device."""
    await queries.devices.delete_device(tx, user_id=user_id, token=token)
