"""Addresses completed while they are typed, and where a town lies."""

from collections.abc import Collection

from faded_skies.domains.places import queries
from faded_skies.domains.places.errors import PlaceNotFound
from faded_skies.domains.places.ports import AddressFinder, FoundAddress, Gazetteer, Place, Suggestion
from faded_skies.domains.places.rules.addresses import city_fits
from faded_skies.platform.db import Database


async def suggest(db: Database, finder: AddressFinder, text: str, *, session: str | None) -> list[Suggestion]:
    """Return what somebody may be typing, the likeliest first; the shop's own region goes before others."""
    shop = await queries.find_shop(db)
    near = (shop.latitude, shop.longitude) if shop else None
    return await finder.suggest(text, near=near, session=session)


async def find(finder: AddressFinder, place_id: str, *, session: str | None) -> FoundAddress:
    """Return a suggestion's address. Raises PlaceNotFound, or Unavailable when the map does not answer."""
    found = await finder.find(place_id, session=session)
    if found is None:
        raise PlaceNotFound
    return found


async def middle_of(
    gazetteer: Gazetteer, *, city: str, states: Collection[str], zip_code: str | None
) -> tuple[float, float] | None:
    """Return the middle of a ZIP code, without one of a town, in degrees.

    None when there is no such town or code in these states, or when they do not fit together.
    """
    if zip_code is None:
        return await gazetteer.town(city, states=states)
    located = await gazetteer.locate(Place("", None, city, "", zip_code))
    if located is None or located.state not in states or not city_fits(city, located.cities):
        return None
    return located.latitude, located.longitude
