"""The shop, where it delivers, and which area serves an address."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, cast
from uuid import UUID

from pydantic.alias_generators import to_camel

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
    await queries.set_shop(tx, shop)


_NEEDED = tuple(field.name for field in fields(Shop) if field.default is MISSING)


async def change_shop(tx: Tx, changes: Mapping[str, object], *, actor_id: UUID) -> Shop:
    """Change what is given of the shop, or set it up with everything it needs.

    Raises Refused for the first thing that is missing, and for a licence that ends before it begins.
    """
    before = await queries.find_shop(tx, lock=True)
    if before is None:
        for name in _NEEDED:
            if name not in changes:
                raise Refused(to_camel(name), "The shop is not set up yet: this field is needed too.")
        shop = Shop(**cast("dict[str, Any]", changes))
    else:
        shop = replace(before, **cast("dict[str, Any]", changes))
    if shop.license_expires_on <= shop.license_issued_on:
        raise Refused("licenseExpiresOn", "The licence ends before it begins. Look at both days again.")
    await queries.set_shop(tx, shop)
    tx.audit("shop.changed", object_type="shop", object_id=None, actor_id=actor_id, changes=dict(changes))
    return shop


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
