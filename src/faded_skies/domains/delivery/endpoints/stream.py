"""HTTP: an order as it happens, as server-sent events (WHATWG HTML §9.2), for clients without sockets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.endpoints.needs import Rules
from faded_skies.domains.delivery.schemas.tracking import present_tracked
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import TrackingLine
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.connections import Connection, Connections
from faded_skies.platform.db import Database
from faded_skies.platform.http.answers import dump
from faded_skies.platform.http.auth import SignedIn, bearer_token, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, Store, ports_of, provided
from faded_skies.platform.ids import new_id
from faded_skies.platform.streams import Listener, Streams
from faded_skies.platform.valkey import Valkey

router = APIRouter(prefix="/api/orders", tags=["orders"], dependencies=needs_token)

_SILENCE_SECONDS = 15
_MEDIA = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Watching:
    """Who follows which order, and what is needed to tell them."""

    db: Database
    valkey: Valkey
    law: Law
    actor: Actor
    order_id: UUID


@router.get(
    "/{order_id}/events",
    responses={
        200: {
            "content": {_MEDIA: {}},
            "description": "`state` at once (as track-order answers), then order-status (with an id), order-amendment, "
            "eta-update, driver-changed, driver-hidden and driver-location as on the socket; a comment each 15 s.",
        },
        429: {"model": ErrorShape, "description": "RATE_LIMITED: an eleventh stream of one person."},
    },
    response_class=StreamingResponse,
)
async def follow(
    order_id: Id,
    request: Request,
    actor: SignedIn,
    db: Db,
    store: Store,
    law: Rules,
    streams: Annotated[Streams, provided(Streams)],
    connections: Annotated[Connections, provided(Connections)],
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", max_length=64, description="What was missed since it comes first."),
    ] = None,
) -> StreamingResponse:
    """Follow an order: its customer, its driver and staff. It ends with the session, and when it falls behind."""
    order = await orders.get_order_for(db, actor, order_id)
    expires_at = ports_of(request).tokens.read(bearer_token(request)).expires_at
    streams.check_place(actor.id)
    key = str(new_id())

    async def body() -> AsyncIterator[bytes]:
        async with streams.listen([orders.room_for(actor, order)], person_id=actor.id) as listener:

            async def hang_up() -> None:
                listener.end()

            connections.add(key, Connection(actor, expires_at, hang_up))
            try:
                async for chunk in _told(Watching(db, store, law, actor, order_id), listener, last_event_id):
                    yield chunk
            finally:
                connections.drop(key)

    return StreamingResponse(body(), media_type=_MEDIA, headers=_HEADERS)


async def _told(watching: Watching, listener: Listener, last_id: str | None) -> AsyncIterator[bytes]:
    """Yield what was missed, how the order stands, and then what happens."""
    lines = await orders.list_tracking(watching.db, watching.order_id)
    for line in _after(lines, last_id):
        yield _status(watching.order_id, line)
    seen = str(lines[-1].id) if lines else None
    yield _event("state", await _state(watching))
    while True:
        try:
            told = await listener.get(_SILENCE_SECONDS)
        except TimeoutError:
            yield b": still here\n\n"
            continue
        if told is None:
            return
        name, data = told
        if name != "order-status":
            yield _event(name, data)
            continue
        # The story is read anew: what it says once more was told already, and nothing between two lines is missed.
        lines = await orders.list_tracking(watching.db, watching.order_id)
        for line in _after(lines, seen):
            yield _status(watching.order_id, line)
        seen = str(lines[-1].id) if lines else None


def _after(lines: list[TrackingLine], last_id: str | None) -> list[TrackingLine]:
    """Return the lines after this one; none where it is not of this story, whose state tells everything."""
    ids = [str(line.id) for line in lines]
    return lines[ids.index(last_id) + 1 :] if last_id in ids else []


async def _state(watching: Watching) -> dict[str, object]:
    order = await orders.get_order_for(watching.db, watching.actor, watching.order_id)
    now = clock.now()
    position = await service.find_driver_position(
        watching.valkey, watching.db, watching.law, watching.actor, order, now=now
    )
    return present_tracked(order, position, now=now)


def _status(order_id: UUID, line: TrackingLine) -> bytes:
    data = {
        "orderId": order_id,
        "status": line.status,
        "message": line.message,
        "createdAt": line.created_at,
    }
    return _event("order-status", data, event_id=line.id)


def _event(name: str, data: Any, *, event_id: UUID | None = None) -> bytes:
    head = b"" if event_id is None else f"id: {event_id}\n".encode()
    return head + f"event: {name}\n".encode() + b"data: " + dump(data) + b"\n\n"
