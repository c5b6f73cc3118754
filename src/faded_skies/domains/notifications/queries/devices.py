"""SQL of the devices that pushes go to."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.platform.db import Tx
from faded_skies.platform.opaque_tokens import digest

MOST_DEVICES = 20

_PUT_DEVICE = """
INSERT INTO device_tokens (token_hash, token, user_id) VALUES ($1, $2, $3)
ON CONFLICT (token_hash) DO UPDATE SET user_id = EXCLUDED.user_id, created_at = now()
"""
_KEEP_NEWEST_DEVICES = """
DELETE FROM device_tokens WHERE token_hash IN (
    SELECT token_hash FROM device_tokens WHERE user_id = $1 ORDER BY created_at DESC OFFSET $2
)
"""
_DELETE_DEVICE = "DELETE FROM device_tokens WHERE token_hash = $1 AND user_id = $2"
_DELETE_DEVICES = "DELETE FROM device_tokens WHERE token_hash = ANY ($1::bytea[])"


async def put_device(tx: Tx, *, user_id: UUID, token: str) -> None:
    """Give the device to this person, who keeps their newest twenty."""
    await tx.execute(_PUT_DEVICE, digest(token), token, user_id)
    await tx.execute(_KEEP_NEWEST_DEVICES, user_id, MOST_DEVICES)


async def delete_device(tx: Tx, *, user_id: UUID, token: str) -> None:
    """Forget the device, if it is this person's."""
    await tx.execute(_DELETE_DEVICE, digest(token), user_id)


async def delete_devices(tx: Tx, tokens: Sequence[str]) -> None:
    """Forget devices whoever has them."""
    await tx.execute(_DELETE_DEVICES, [digest(token) for token in tokens])
