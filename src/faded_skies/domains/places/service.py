"""The shop, where it delivers, and where people live.

An address is located outside a transaction (`locate`), then written inside one. Who has addresses has exactly one
that is primary.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any
from uuid import UUID

from faded_skies.domains.places import queries, rules
from faded_skies.domains.places.errors import AddressChanged, TooManyAddresses
from faded_skies.domains.places.models import Address, AddressFields, Offer, Pin, Position, ServiceArea, Shop
from faded_skies.domains.places.ports import Geocoder, Place
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused, Unavailable
from faded_skies.platform.geo import METRES_PER_MILE, distance_m
from faded_skies.platform.ids import new_id

__all__ = [
    "Address",
    "AddressFields",
    "Offer",
    "Pin",
    "Position",
    "ServiceArea",
    "Shop",
    "add_address",
    "add_area",
    "addresses_of",
    "areas",
    "change_address",
    "containing",
    "get_address_for",
    "get_shop",
    "locate",
    "locate_change",
    "offer_at",
    "open_shop",
    "remove_address",
    "snapshot",
]

_NOT_SET_UP = "The shop is not set up yet. Come back a little later."

_FIELDS = tuple(field.name for field in fields_of(AddressFields))


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
    await queries.insert_area(tx, area)


async def offer_at(db: Database | Tx, latitude: float, longitude: float) -> Offer:
    """Return what we offer at a point: the area it lies in, and whether orders are taken at all.

    Raises Unavailable before the shop is set up.
    """
    found = await queries.find_offer(db)
    if found is None:
        raise Unavailable(_NOT_SET_UP)
    paused, among = found
    return Offer(paused=paused, area=containing(among, latitude, longitude))


def containing(among: Iterable[ServiceArea], latitude: float, longitude: float) -> ServiceArea | None:
    """Return the area of these that the point lies in: of several the one whose middle is nearest."""
    distances = [(distance_m(area.latitude, area.longitude, latitude, longitude), area) for area in among]
    inside = [(metres, area) for metres, area in distances if metres <= area.radius_m]
    return min(inside, key=lambda pair: pair[0])[1] if inside else None


async def addresses_of(db: Database | Tx, user_id: UUID) -> list[Address]:
    """Return a person's addresses, the primary one first, then the newest."""
    return await queries.list_addresses(db, user_id)


async def get_address_for(db: Database | Tx, user_id: UUID, address_id: UUID) -> Address:
    """Return a person's own address. Raises AddressNotFound."""
    return await queries.get_address_for(db, user_id, address_id)


async def locate(geocoder: Geocoder, place: Place, pin: Pin | None) -> Position:
    """Find a place on the map; a pin near it says it better.

    Raises Refused when the ZIP code is unknown or belongs elsewhere, or when the pin is too far from it.
    """
    located = await geocoder.locate(place)
    if located is None:
        raise Refused("zipCode", f"There is no ZIP code {place.zip_code[:5]}. Check its digits.")
    if located.state != place.state or not rules.city_fits(place.city, located.cities):
        raise Refused(
            "zipCode",
            f"This ZIP code belongs to {located.cities[0]}, {located.state}. Correct it, or the city and state.",
        )
    if pin is None:
        return Position(located.latitude, located.longitude, located.precision, located.formatted_address)
    metres = distance_m(pin.latitude, pin.longitude, located.latitude, located.longitude)
    if metres > rules.PIN_REACH_M:
        miles = round(metres / METRES_PER_MILE)
        raise Refused(
            "pin",
            f"This pin is {miles} miles away from the ZIP code. Move it to the address, or leave it out.",
        )
    return Position(pin.latitude, pin.longitude, "pin", located.formatted_address)


async def locate_change(geocoder: Geocoder, address: Address, changes: Mapping[str, Any]) -> Position | None:
    """Find a changed address on the map; None when the change does not move it. Raises Refused as `locate`."""
    place = _changed(address, changes).place
    if "pin" not in changes and place == address.place:
        return None
    return await locate(geocoder, place, changes.get("pin"))


async def add_address(tx: Tx, *, user_id: UUID, fields: AddressFields, position: Position) -> Address:
    """Add an address; a person's first is primary. Raises TooManyAddresses."""
    await queries.lock_owner(tx, user_id)
    count = await queries.count_addresses(tx, user_id)
    if count >= rules.MOST_ADDRESSES:
        raise TooManyAddresses(
            f"You have {count} addresses, which is as many as we keep. Delete one that you no longer use."
        )
    is_primary = fields.is_primary or count == 0
    if is_primary:
        await queries.demote_primary(tx, user_id)
    return await queries.insert_address(
        tx,
        address_id=new_id(),
        user_id=user_id,
        fields=replace(fields, is_primary=is_primary),
        position=position,
    )


async def change_address(
    tx: Tx, *, seen: Address, changes: Mapping[str, Any], position: Position | None
) -> Address:
    """Replace the given fields of an address; `position` is where the change to `seen` moves it, if it does.

    One that is no longer primary leaves that to the newest other, and stays primary when there is none.
    Raises AddressNotFound, or AddressChanged when it has moved since it was seen.
    """
    await queries.lock_owner(tx, seen.user_id)
    current = await queries.get_address_for(tx, seen.user_id, seen.id)
    if position is not None and current.place != seen.place:
        raise AddressChanged
    fields = _changed(current, changes)
    if fields.is_primary and not current.is_primary:
        await queries.demote_primary(tx, current.user_id)
    if current.is_primary and not fields.is_primary:
        await queries.demote_primary(tx, current.user_id)
        promoted = await queries.promote_newest(tx, current.user_id, but=current.id)
        fields = replace(fields, is_primary=not promoted)
    return await queries.update_address(
        tx, address_id=current.id, fields=fields, position=position or current.position
    )


async def remove_address(tx: Tx, *, user_id: UUID, address_id: UUID) -> None:
    """Take an address out of a person's list; orders keep it. The newest other one becomes primary in its place.

    Raises AddressNotFound.
    """
    await queries.lock_owner(tx, user_id)
    address = await queries.get_address_for(tx, user_id, address_id)
    await queries.delete_address(tx, address_id)
    if address.is_primary:
        await queries.promote_newest(tx, user_id, but=address_id)


def snapshot(address: Address) -> dict[str, Any]:
    """Return the address as an order keeps it, in the words of the wire."""
    return {
        "name": address.name,
        "addressLine1": address.address_line1,
        "addressLine2": address.address_line2,
        "city": address.city,
        "state": address.state,
        "zipCode": address.zip_code,
        "addressType": address.address_type,
        "deliveryInstructions": address.delivery_instructions,
        "latitude": address.latitude,
        "longitude": address.longitude,
        "precision": address.precision,
        "formattedAddress": address.formatted_address,
    }


def _changed(address: Address, changes: Mapping[str, Any]) -> AddressFields:
    return AddressFields(**{name: changes.get(name, getattr(address, name)) for name in _FIELDS})
