"""TravelTimes by the straight line and the speed at which cars come nearer in this city."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

from faded_skies.domains.delivery.ports import Leg, Point, Way
from faded_skies.platform.geo import distance_m

_DAY_SECONDS = 86_400


class DistanceTimes:
    """Reckons by `speed`: metres a second in a straight line, so that detours are in it."""

    def __init__(self, speed: Callable[[], Awaitable[float]]) -> None:
        self._speed = speed

    async def along(self, points: Sequence[Point]) -> Way:
        speed = await self._speed()
        straight = [distance_m(*one, *other) for one, other in pairwise(points)]
        return Way([Leg(min(metres / speed, _DAY_SECONDS)) for metres in straight], "distance")
