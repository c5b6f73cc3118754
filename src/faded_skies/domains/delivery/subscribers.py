"""What follows for dispatch from facts about orders, drivers and trips: a round."""

from collections.abc import Sequence

from faded_skies.domains.delivery.events import (
    OrderGivenBack,
    ShiftEnded,
    ShiftStarted,
    StopDelivered,
    StopReturned,
    TripEnded,
)
from faded_skies.domains.delivery.service import Rounds
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.platform.events import Event, Subscription
from faded_skies.platform.ports import Ports

_WAITS = frozenset({"confirmed", "preparing"})


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of what may change whose an order should be."""
    rounds: Rounds = ports.get(Rounds)

    async def after_move(event: OrderMoved) -> None:
        if event.status in _WAITS:
            await rounds.ask()

    async def after(_: Event) -> None:
        await rounds.ask()

    return [
        Subscription("delivery.dispatch_after_move", OrderMoved, after_move),
        Subscription("delivery.dispatch_after_start", ShiftStarted, after),
        Subscription("delivery.dispatch_after_end", ShiftEnded, after),
        Subscription("delivery.dispatch_after_refusal", OrderGivenBack, after),
        Subscription("delivery.dispatch_after_delivery", StopDelivered, after),
        Subscription("delivery.dispatch_after_return", StopReturned, after),
        Subscription("delivery.dispatch_after_trip", TripEnded, after),
    ]
