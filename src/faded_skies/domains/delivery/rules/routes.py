"""Drivers' ways: when they are at which door, whether a way keeps the rules, and who gets which order. Pure.

A solver only proposes routes. `decide` walks each of them by the rules and takes out what breaks one, so that nothing
wrong is written whatever the solver says; what is left over goes to the nearest driver who can take it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.delivery.rules.dispatch import Courier, Goods, loaded, obstacle, told, why_nobody
from faded_skies.domains.delivery.rules.estimates import AT_THE_DOOR
from faded_skies.platform.geo import METRES_PER_MILE, distance_m

NEAR_M = 100
"""Drivers whose distances differ by less stand equally near: the one with fewer orders goes first."""

NEIGHBOURHOOD_M = 1_000
"""Orders whose doors are closer to each other than this are brought together, if they can be."""

AHEAD = timedelta(hours=4)
"""No way is planned further ahead: what cannot be brought by then waits."""

_MOST_WORDS = 500
_TOO_LATE = "not at the door within the hours of delivery"
_SHIFT_OVER = "not back before their shift ends"


@dataclass(frozen=True, slots=True)
class Question:
    """Who gets what: orders that nobody has or nobody has accepted, the oldest first, and drivers on a shift.

    What drivers have accepted, or were given by staff, is in their `holds` and stays. `speed_m_s` is of the straight
    line.
    """

    id: UUID
    now: datetime
    shop: tuple[float, float]
    speed_m_s: float
    goods: Sequence[Goods]
    couriers: Sequence[Courier]


@dataclass(frozen=True, slots=True)
class Route:
    """A driver's way as a solver proposes it: orders by their doors, with those that are theirs already."""

    driver_id: UUID
    order_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which driver an order goes to, None for nobody yet; and why, in a sentence for staff.

    `stop` is its place on their way, from 1, where it is expected at `expected_at`. `was` had it before and had not
    answered.
    """

    order_id: UUID
    driver_id: UUID | None
    why: str
    stop: int | None = None
    expected_at: datetime | None = None
    was: UUID | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether the order stays where it was."""
        return self.was is not None and self.was == self.driver_id


@dataclass(frozen=True, slots=True)
class Decided:
    """A choice for each order of a question, in their order, and the drivers with their ways as they would be then."""

    choices: Sequence[Choice]
    couriers: Mapping[UUID, Courier]


def seconds_between(question: Question, one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return how long the drive from one point to another takes."""
    return distance_m(*one, *other) / question.speed_m_s


def arrivals(question: Question, courier: Courier, way: Sequence[Goods]) -> tuple[list[datetime], datetime]:
    """Return when the driver is at each door of a way, and when back at the shop.

    They come to the shop first, and leave when the law lets them hand over everything on board.
    """
    to_shop = timedelta(seconds=courier.metres / question.speed_m_s)
    moment = max([question.now + to_shop, *(stop.opens_at for stop in way)])
    here, found = question.shop, []
    for stop in way:
        door = (stop.latitude, stop.longitude)
        moment += timedelta(seconds=seconds_between(question, here, door))
        found.append(moment)
        moment += AT_THE_DOOR
        here = door
    return found, moment + timedelta(seconds=seconds_between(question, here, question.shop))


def overdue(question: Question, courier: Courier, way: Sequence[Goods]) -> str | None:
    """Return what a way does not keep: the hours of a door, or the end of the shift; None when it keeps all."""
    found, back_at = arrivals(question, courier, way)
    latest = question.now + AHEAD
    if any(at + AT_THE_DOOR > min(stop.closes_at, latest) for stop, at in zip(way, found, strict=True)):
        return _TOO_LATE
    return _SHIFT_OVER if courier.ends_at is not None and back_at > courier.ends_at else None


def hindrance(question: Question, order: Goods, courier: Courier) -> str | None:
    """Return what keeps the driver from taking the order after all they have; None when nothing does."""
    return obstacle(order, courier) or overdue(question, courier, (*courier.holds, order))


def walked(
    question: Question, courier: Courier, route: Sequence[UUID], free: Mapping[UUID, Goods]
) -> Courier:
    """Return the driver with those orders of a route that they can take, in its order.

    What they hold stays theirs, named or not; orders that are not `free`, come twice or break a rule are left out.
    """
    held = {one.order_id: one for one in courier.holds}
    named = [one for one in dict.fromkeys(route) if one in held or one in free]
    order = [*named, *(one for one in held if one not in named)]
    for order_id in named:
        if order_id in held:
            continue
        tried = held | {order_id: free[order_id]}
        way = tuple(tried[one] for one in order if one in tried)
        so_far = replace(courier, holds=tuple(held.values()))
        if obstacle(free[order_id], so_far) is None and overdue(question, courier, way) is None:
            held = tried
    return replace(courier, holds=tuple(held[one] for one in order if one in held))


def decide(question: Question, routes: Iterable[Route]) -> Decided:
    """Give out what waits: as a solver's routes say, as far as they keep the rules, else to the nearest who can.

    An offer that no route moves stays.
    """
    standing = {one.driver_id: one for one in question.couriers}
    free = {one.order_id: one for one in question.goods}
    whys: dict[UUID, str] = {}
    planned: set[UUID] = set()
    for route in routes:
        if route.driver_id not in standing or route.driver_id in planned:
            continue
        planned.add(route.driver_id)
        standing[route.driver_id] = walked(question, standing[route.driver_id], route.order_ids, free)
        for one in standing[route.driver_id].holds:
            if free.pop(one.order_id, None) is not None:
                whys[one.order_id] = _why_planned(question, one)
    for one in list(free.values()):
        courier = standing.get(one.offered_to) if one.offered_to is not None else None
        if courier is not None and hindrance(question, one, courier) is None:
            standing[courier.driver_id] = loaded(courier, one)
            whys[free.pop(one.order_id).order_id] = "It stays where it was offered."
    # Again while anything was given: a prepaid order on board can make room for one that is not paid yet.
    was_left = len(free) + 1
    while free and len(free) < was_left:
        was_left = len(free)
        for one in list(free.values()):
            best, whys[one.order_id] = _nearest(question, one, list(standing.values()))
            if best is not None:
                standing[best.driver_id] = loaded(best, one)
                del free[one.order_id]
    return Decided(_choices(question, standing, whys), standing)


def _nearest(question: Question, order: Goods, couriers: Sequence[Courier]) -> tuple[Courier | None, str]:
    """Return the nearest driver at rest who can take the order, those with nothing first, and why.

    The goods lie in the shop, so it is the way there that counts.
    """
    reasons = {one.driver_id: obstacle(order, one) for one in couriers}
    able = [one for one in couriers if reasons[one.driver_id] is None]
    able.sort(
        key=lambda one: (bool(one.holds), one.metres // NEAR_M, len(one.holds), one.metres, one.driver_id)
    )
    for one in able:
        reasons[one.driver_id] = overdue(question, one, (*one.holds, order))
        if reasons[one.driver_id] is None:
            return one, _why_nearest(one, among=len(able))
    return None, why_nobody([reason for reason in reasons.values() if reason is not None])


def _why_nearest(courier: Courier, *, among: int) -> str:
    """Say why this driver, as they stood before they got the order."""
    where = (
        "position unknown, taken to be at the shop"
        if courier.found_by == "shop"
        else f"{courier.metres / METRES_PER_MILE:.1f} mi from the shop by their {courier.found_by}"
    )
    return (
        f"Nearest of {among} at rest with room: {where}; has {len(courier.holds)} of at most {courier.most_orders} "
        "orders."
    )


def _why_planned(question: Question, order: Goods) -> str:
    """Say which plan put the order onto a way, and who else might have got it, as all stood before it."""
    kept = [reason for one in question.couriers if (reason := obstacle(order, one)) is not None]
    able = len(question.couriers) - len(kept)
    others = f" ({told(kept)})" if kept else ""
    return (
        f"On a way that was planned for {len(question.goods)} orders together, so that promises are kept with the "
        f"least driving; {able} of {len(question.couriers)} on a shift could have taken it{others}."
    )


def _choices(question: Question, standing: Mapping[UUID, Courier], whys: Mapping[UUID, str]) -> list[Choice]:
    placed: dict[UUID, tuple[UUID, int, datetime]] = {}
    for courier in standing.values():
        found, _ = arrivals(question, courier, courier.holds)
        for stop, (one, at) in enumerate(zip(courier.holds, found, strict=True), start=1):
            placed[one.order_id] = (courier.driver_id, stop, at)
    choices = []
    for one in question.goods:
        where = placed.get(one.order_id, (None, None, None))
        why = whys[one.order_id][:_MOST_WORDS]
        choices.append(Choice(one.order_id, where[0], why, where[1], where[2], one.offered_to))
    return choices


def wants_batches(question: Question) -> bool:
    """Tell whether a plan can do better than giving each order to the nearest idle driver.

    It can when orders lie in one neighbourhood, when there are more than idle drivers, when an offer cannot stay, and
    when a driver is idle while another was offered several orders.
    """
    resting = {one.driver_id: one for one in question.couriers if not one.is_out}
    if not resting:
        return False
    fresh = [one for one in question.goods if one.offered_to not in resting]
    offered = [one.offered_to for one in question.goods if one.offered_to in resting]
    idle = sum(not one.holds and one.driver_id not in offered for one in resting.values())
    if len(fresh) > idle or _has_neighbours(fresh):
        return True
    return idle > len(fresh) and len(offered) > len(set(offered))


def _has_neighbours(goods: Sequence[Goods]) -> bool:
    return any(
        distance_m(one.latitude, one.longitude, other.latitude, other.longitude) < NEIGHBOURHOOD_M
        for place, one in enumerate(goods)
        for other in goods[:place]
    )
