"""Places that the law may bar by their kind, as the shop has entered them."""

import re
from collections.abc import Collection
from uuid import UUID

from faded_skies.domains.places import queries
from faded_skies.domains.places.errors import BarredPlaceNotFound
from faded_skies.domains.places.models import BarredPlace
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.geo import distance_m

PO_BOX = "po_box"
_PO_BOX = re.compile(r"^\W*p(ost)?[\s.]*o(ffice)?[\s.]*box\b", re.IGNORECASE)


async def kinds_at(
    db: Database | Tx, kinds: Collection[str], *, address_line1: str, latitude: float, longitude: float
) -> frozenset[str]:
    """Return which of these kinds of barred places an address lies in; a PO box is told by how it is written."""
    if not kinds:
        return frozenset()
    near = await queries.list_barred_near(db, kinds, latitude=latitude, longitude=longitude)
    found = {
        place.kind
        for place in near
        if distance_m(place.latitude, place.longitude, latitude, longitude) <= place.radius_m
    }
    if PO_BOX in kinds and _PO_BOX.match(address_line1):
        found.add(PO_BOX)
    return frozenset(found)


async def list_barred(db: Database) -> list[BarredPlace]:
    """Return every barred place, by name."""
    return await queries.list_barred(db)


async def bar(tx: Tx, place: BarredPlace, *, actor_id: UUID) -> None:
    """Enter a place; from this moment no order goes there where the law bars its kind."""
    await queries.insert_barred(tx, place)
    tx.audit(
        "place.barred", object_type="barred_place", object_id=place.id, actor_id=actor_id, kind=place.kind
    )


async def unbar(tx: Tx, place_id: UUID, *, actor_id: UUID) -> None:
    """Take a place out. Raises BarredPlaceNotFound."""
    if not await queries.delete_barred(tx, place_id):
        raise BarredPlaceNotFound
    tx.audit("place.unbarred", object_type="barred_place", object_id=place_id, actor_id=actor_id)
