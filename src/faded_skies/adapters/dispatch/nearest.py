"""The RouteSolver without a solver: the nearest driver with room."""

from collections.abc import Sequence

from faded_skies.domains.delivery.ports import Choice, Courier, Waiting, nearest


class NearestDriver:
    """Gives each order to the nearest driver at rest; see `nearest` of the rules."""

    async def choose(
        self, shop: tuple[float, float], waiting: Sequence[Waiting], couriers: Sequence[Courier]
    ) -> list[Choice]:
        """Return the choices; see RouteSolver."""
        del shop
        return nearest(waiting, couriers)
