"""Where people live.

An address is located outside a transaction (`locate`), then written inside one. Who has addresses has exactly one
that is primary.
"""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any
from uuid import UUID

from faded_skies.domains.places import queries
from faded_skies.domains.places.errors import AddressChanged, TooManyAddresses
from faded_skies.domains.places.models import Address, AddressFields, Pin, Position
from faded_skies.domains.places.ports import Geocoder, Located, Place
from faded_skies.domains.places.rules import addresses as rules
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.geo import METRES_PER_MILE, distance_m
from faded_skies.platform.ids import new_id

_FIELDS = tuple(field.name for field in fields_of(AddressFields))


async def addresses_of(db: Database | Tx, user_id: UUID) -> list[Address]:
    """Return a person's addresses, the primary one first, then the newest."""
    return await queries.list_addresses(db, user_id)


async def get_address_for(db: Database | Tx, user_id: UUID, address_id: UUID) -> Address:
    """Return a person's own address. Raises AddressNotFound."""
    return await queries.get_address_for(db, user_id, address_id)


async def locate(geocoder: Geocoder, place: Place, pin: Pin | None) -> Position:
    """Find a place on the map; a pin near it says it better, and is needed where the map does not know the street.

    Raises Refused when the ZIP code is unknown or belongs elsewhere, when the street is unknown and there is no pin,
    or when the pin is too far away.
    """
    located = await geocoder.locate(place)
    if located is None:
        raise Refused("zipCode", f"There is no ZIP code {place.zip_code[:5]}. Check its digits.")
    if located.state != place.state or not rules.city_fits(place.city, located.cities):
        raise Refused(
            "zipCode",
            f"This ZIP code belongs to {located.cities[0]}, {located.state}. Correct it, or the city and state.",
        )
    if located.zip_code != place.zip_code[:5]:
        raise Refused(
            "zipCode",
            f"The map has this street at ZIP code {located.zip_code}. Correct the ZIP code, or the street.",
        )
    if pin is None:
        return _position(located)
    metres = distance_m(pin.latitude, pin.longitude, located.latitude, located.longitude)
    if metres > rules.PIN_REACH_M[located.precision]:
        raise Refused("pin", _too_far(located, metres / METRES_PER_MILE))
    return Position(pin.latitude, pin.longitude, "pin", located.formatted_address)


def _position(located: Located) -> Position:
    if located.street_known:
        return Position(located.latitude, located.longitude, located.precision, located.formatted_address)
    like = f"; the nearest it has is {located.nearest}" if located.nearest else ""
    raise Refused(
        "addressLine1",
        f"The map does not know this street{like}. Correct the address, or set a pin where it is.",
    )


def _too_far(located: Located, miles: float) -> str:
    away = f"{miles:.1f}" if miles < 10 else f"{miles:.0f}"  # noqa: PLR2004 - tenths of a mile help only nearby
    place = "ZIP code" if located.precision == "zip" else "address"
    return f"This pin is {away} miles away from the {place}. Move it to the address, or leave it out."


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
