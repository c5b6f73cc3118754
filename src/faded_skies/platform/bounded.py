"""Reading what others send only as far as it may be long."""

from collections.abc import AsyncIterator


async def read_up_to(parts: AsyncIterator[bytes], most: int) -> bytes | None:
    """Return all the parts as one; None as soon as there are more than `most` bytes."""
    whole = bytearray()
    async for part in parts:
        whole += part
        if len(whole) > most:
            return None
    return bytes(whole)
