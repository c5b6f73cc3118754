"""The RouteSolver by PyVRP, in a child process: solving takes the processor for a second."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from faded_skies.adapters.documents.child import BrokenChildError, Children
from faded_skies.domains.delivery.ports import (
    AHEAD,
    AT_THE_DOOR,
    Courier,
    Goods,
    Question,
    Route,
    obstacle,
    wants_batches,
)
from faded_skies.platform import vendor_news

log = structlog.get_logger()

LONGEST_SECONDS = 1.5
"""How long a plan is looked for at most; small ones are found sooner."""

SOON = timedelta(minutes=30)
"""What is late already, or nearly, counts as promised for so long from now: the later the more it would be put off."""

_PROGRAM = ("-m", "faded_skies.adapters.dispatch.solve")


class BatchSolver:
    """Plans batches where that can be better than the nearest idle driver; see `solve` for how."""

    def __init__(self, children: Children) -> None:
        self._children = children

    async def propose(self, question: Question) -> Sequence[Route]:
        """Return the ways, none where the solver fails; see RouteSolver."""
        couriers = [one for one in question.couriers if not one.is_out]
        if not wants_batches(question) or not couriers:
            return []
        goods = [*_oldest(question, couriers), *(held for one in couriers for held in one.holds)]
        try:
            answer = await self._children.run(_PROGRAM, orjson.dumps(_problem(question, goods, couriers)))
            routes = [
                Route(couriers[vehicle].driver_id, [goods[stop].order_id for stop in stops])
                for vehicle, stops in orjson.loads(answer)
            ]
        except (
            BrokenChildError,
            OSError,
            orjson.JSONDecodeError,
            IndexError,
            TypeError,
            ValueError,
        ) as error:
            # OSError: no process or no pipe is left to start the child with.
            log.exception("routes_not_solved", orders=len(goods), drivers=len(couriers))
            vendor_news.failed("dispatch", type(error).__name__)
            return []
        vendor_news.answered("dispatch")
        return routes


def _oldest(question: Question, couriers: Sequence[Courier]) -> list[Goods]:
    """Return as many orders as there is room for: what is offered already, then the oldest. The others would wait."""
    room = sum(max(0, one.most_orders - len(one.holds)) for one in couriers)
    return sorted(question.goods, key=lambda one: one.offered_to is None)[:room]


def _problem(question: Question, goods: Sequence[Goods], couriers: Sequence[Courier]) -> dict[str, Any]:
    """Return what the child is asked: times in seconds from now, places in degrees, orders and vehicles by number."""

    def seconds(moment: datetime) -> int:
        return int((moment - question.now).total_seconds())

    latest = int(AHEAD.total_seconds())
    number = {one.driver_id: place for place, one in enumerate(couriers)}
    holder = {held.order_id: place for place, one in enumerate(couriers) for held in one.holds}
    return {
        "shop": question.shop,
        "speed": question.speed_m_s,
        "door": int(AT_THE_DOOR.total_seconds()),
        "longest": min(LONGEST_SECONDS, 0.2 + 0.01 * len(goods)),
        "orders": [
            {
                "place": (one.latitude, one.longitude),
                "load": (1, one.value_cents, one.weight_mg),
                "opens": max(0, seconds(one.opens_at)),
                "closes": min(latest, seconds(one.closes_at)) - int(AT_THE_DOOR.total_seconds()),
                "due": max(int(SOON.total_seconds()), seconds(one.due_at)),
                "held_by": holder.get(one.order_id),
                "offered_to": None if one.offered_to is None else number.get(one.offered_to),
                "not_to": []
                if one.order_id in holder
                else [place for place, each in enumerate(couriers) if obstacle(one, each) is not None],
            }
            for one in goods
        ],
        "vehicles": [
            {
                "ready": int(one.metres / question.speed_m_s),
                "back": 2 * latest if one.ends_at is None else seconds(one.ends_at),
                "room": (one.most_orders, *_carries(one, {order.town for order in question.goods})),
            }
            for one in couriers
        ],
    }


def _carries(courier: Courier, towns: set[str]) -> tuple[int | None, int | None]:
    """Return the value and the weight that the most lenient of the towns lets the driver carry.

    Whether a stricter one is on board is not known before the ways are: `rules.decide` minds it.
    """
    bounds = [courier.bounds[town] for town in towns]
    values = [one.value_cents for one in bounds]
    weights = [one.weight_mg for one in bounds]
    return _most(values), _most(weights)


def _most(limits: Sequence[int | None]) -> int | None:
    known = [one for one in limits if one is not None]
    return max(known) if known and len(known) == len(limits) else None
