"""Whom a promotion is for. Pure: everything goes in as a value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

_CORNERS = 64
_METRES_A_DEGREE = 111_320.0

Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Segment:
    """Customers for whom everything that is set holds; with nothing set, all of them.

    Days count back from the moment of sending, orders count once delivered. Amounts in cents, points are coins.
    """

    ordered_within_days: int | None = None
    not_ordered_within_days: int | None = None
    min_spent_cents: int | None = None
    zip_codes: tuple[str, ...] = ()
    area_id: UUID | None = None
    min_points: int | None = None

    def kept(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "orderedWithinDays": self.ordered_within_days,
            "notOrderedWithinDays": self.not_ordered_within_days,
            "minSpentCents": self.min_spent_cents,
            "zipCodes": list(self.zip_codes),
            "areaId": None if self.area_id is None else str(self.area_id),
            "minPoints": self.min_points,
        }


def segment_of(kept: Mapping[str, Any]) -> Segment:
    """Return the segment that was kept."""
    return Segment(
        kept["orderedWithinDays"],
        kept["notOrderedWithinDays"],
        kept["minSpentCents"],
        tuple(kept["zipCodes"]),
        None if kept["areaId"] is None else UUID(kept["areaId"]),
        kept["minPoints"],
    )


def around(*, latitude: float, longitude: float, radius_m: float) -> Ring:
    """Return a circle as a ring of 64 corners, longitude first; short of the circle by up to 0.2 % of its radius."""
    east = _METRES_A_DEGREE * math.cos(math.radians(latitude))
    turns = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    return [
        (
            longitude + radius_m * math.cos(turn) / east,
            latitude + radius_m * math.sin(turn) / _METRES_A_DEGREE,
        )
        for turn in turns
    ]


def polygon_text(ring: Ring) -> str:
    """Return a ring as PostgreSQL reads a polygon."""
    return f"({','.join(f'({x!r},{y!r})' for x, y in ring)})"
