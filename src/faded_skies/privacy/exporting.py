"""Everything held on a person as one JSON document, written part by part so that memory stays small."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import BinaryIO
from uuid import UUID

from faded_skies.domains.analytics import service as analytics
from faded_skies.domains.cash import service as cash
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.checkout.service import cart
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.identity import service as identity
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.orders import service as orders
from faded_skies.domains.payments import service as payments
from faded_skies.domains.places import service as places
from faded_skies.domains.promotions import service as promotions
from faded_skies.domains.rewards import service as rewards
from faded_skies.domains.support import service as support
from faded_skies.domains.verification import service as verification
from faded_skies.platform import clock
from faded_skies.platform.audit_log.own import stream_own
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.http.answers import dump
from faded_skies.platform.valkey import Valkey

_CHUNK = 64 * 1024


def _lists(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {
        **identity.held_on(tx, user_id),
        **verification.held_on(tx, user_id),
        **places.held_on(tx, user_id),
        **orders.held_on(tx, user_id),
        **delivery.held_on(tx, user_id),
        **cash.held_on(tx, user_id),
        **compliance.held_on(tx, user_id),
        **payments.held_on(tx, user_id),
        **rewards.held_on(tx, user_id),
        **catalog.held_on(tx, user_id),
        **notifications.held_on(tx, user_id),
        **promotions.held_on(tx, user_id),
        **analytics.held_on(tx, user_id),
        **support.held_on(tx, user_id),
        "activity": stream_own(tx, user_id),
    }


@asynccontextmanager
async def exported(db: Database, valkey: Valkey, user_id: UUID) -> AsyncIterator[BinaryIO]:
    """Yield a nameless file with everything held on the person, of one moment; it is gone when the block ends.

    A file, because a slow reader must hold neither the memory nor a connection to the database.
    """
    with TemporaryFile() as out:
        async for chunk in _chunks(_document(db, valkey, user_id)):
            await asyncio.to_thread(out.write, chunk)
        out.seek(0)
        yield out


async def _document(db: Database, valkey: Valkey, user_id: UUID) -> AsyncIterator[bytes]:
    in_cart = await cart.held_on(valkey, user_id)
    yield b'{"exportedAt":' + dump(clock.now()) + b',"cart":' + dump(in_cart)
    async with db.snapshot() as tx:
        yield b',"profile":' + dump(dict(await identity.get_held_profile(tx, user_id)))
        for name, rows in _lists(tx, user_id).items():
            yield b"," + dump(name) + b":["
            comma = b""
            async for row in rows:
                yield comma + dump(dict(row))
                comma = b","
            yield b"]"
    yield b"}"


async def _chunks(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    async for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _CHUNK:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    yield b"".join(waiting)


async def read(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the file in pieces."""
    while piece := await asyncio.to_thread(file.read, _CHUNK):
        yield piece
