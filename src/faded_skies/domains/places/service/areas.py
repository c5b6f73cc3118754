"""The shop, where it delivers, and which area serves an address."""

from collections.abc import Iterable

from faded_skies.domains.places import queries
from faded_skies.domains.places.models import Offer, Reach, ServiceArea, Shop
from faded_skies.domains.places.ports import TownLaw
from faded_skies.domains.places.rules import shapes
from faded_skies.domains.places.rules.shapes import Circle
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused, Unavailable
from faded_skies.platform.geo import distance_m

_NOT_SET_UP = "The shop is not set up yet. Come back a little later."


async def get_shop(db: Database | Tx) -> Shop:
    """Return the shop. Raises Unavailable before it is set up."""
    shop = await queries.find_shop(db)
    if shop is None:
        raise Unavailable(_NOT_SET_UP)
    return shop


async def open_shop(tx: Tx, shop: Shop) -> None:
    """Set the shop up; there is one."""
    await queries.insert_shop(tx, shop)


async def areas(db: Database | Tx) -> list[ServiceArea]:
    """Return the areas we deliver in."""
    return await queries.list_areas(db)


async def add_area(tx: Tx, area: ServiceArea) -> None:
    """Deliver in one more area. Raises Refused when it is drawn wrongly."""
    if problem := shapes.problem_of(area.shape):
        raise Refused("radiusMiles" if isinstance(area.shape, Circle) else "boundary", problem)
    await queries.insert_area(tx, area)


async def offer_at(
    db: Database | Tx, law: TownLaw, *, city: str, state: str, latitude: float, longitude: float
) -> Offer:
    """Return what we offer at an address: how we reach it, and whether orders are taken at all.

    Raises Unavailable before the shop is set up.
    """
    found = await queries.find_offer(db)
    if found is None:
        raise Unavailable(_NOT_SET_UP)
    paused, tenders, licensed_until, among = found
    return Offer(
        paused,
        tenders,
        licensed_until,
        reach(among, law, city=city, state=state, latitude=latitude, longitude=longitude),
    )


def reach(
    among: Iterable[ServiceArea],
    law: TownLaw,
    *,
    city: str,
    state: str | None,
    latitude: float,
    longitude: float,
) -> Reach:
    """Tell how we reach an address; `served` of the answer is the one rule of where we deliver.

    Of several areas a polygon goes before circles, because somebody drew it street by street; of the same kind the
    one whose middle is nearest.
    """
    inside = [area for area in among if area.shape.contains(latitude, longitude)]

    def rank(area: ServiceArea) -> tuple[bool, float]:
        return isinstance(area.shape, Circle), distance_m(*area.shape.middle, latitude, longitude)

    return Reach(min(inside, key=rank, default=None), law(city=city, state=state))
