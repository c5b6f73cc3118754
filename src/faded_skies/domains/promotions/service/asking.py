"""What the question for a segment needs beside the segment."""

from datetime import datetime

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import Circle
from faded_skies.domains.promotions import rules
from faded_skies.domains.promotions.errors import AreaUnknown
from faded_skies.domains.promotions.models import Asked, Place, Promotion, Words
from faded_skies.domains.promotions.rules import Segment
from faded_skies.platform.calendar import latest_birth
from faded_skies.platform.db import Database, Tx


async def place_of(source: Database | Tx, segment: Segment) -> Place | None:
    """Return where the segment's area lies, None when it names none. Raises AreaUnknown."""
    if segment.area_id is None:
        return None
    for area in await places.areas(source):
        if area.id == segment.area_id:
            shape = area.shape
            if isinstance(shape, Circle):
                ring = rules.around(
                    latitude=shape.latitude, longitude=shape.longitude, radius_m=shape.radius_m
                )
                return Place(rules.polygon_text(ring), ())
            outline, *holes = (
                rules.polygon_text([(longitude, latitude) for latitude, longitude in ring])
                for ring in shape.rings
            )
            return Place(outline, tuple(holes))
    raise AreaUnknown


def asked(of: Promotion | Words, place: Place | None, *, adulthood: Adulthood, now: datetime) -> Asked:
    """Return the question whom it is for at this moment."""
    born_by = latest_birth(years=adulthood.years, on=adulthood.day(now))
    return Asked(of.segment, of.channels, place, born_by, now)
