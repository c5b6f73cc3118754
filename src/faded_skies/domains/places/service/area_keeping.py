"""How staff keeps the areas we deliver in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

from faded_skies.domains.places import queries
from faded_skies.domains.places.errors import AreaNotFound, AreasRefused
from faded_skies.domains.places.models import ServiceArea
from faded_skies.domains.places.rules import shapes
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

_NEEDED = {
    "name": "properties.name",
    "fee_cents": "properties.deliveryFee",
    "minimum_cents": "properties.minimumOrder",
    "opens_minute": "properties.opensAt",
    "closes_minute": "properties.closesAt",
}


@dataclass(frozen=True, slots=True)
class DrawnArea:
    """An area of a file. `area_id` is None where the file leaves it out; `given` are ServiceArea's fields.

    `where` is what stands before the names of its fields in refusals.
    """

    where: str
    area_id: UUID | None
    given: Mapping[str, Any]


async def list_all_areas(source: Database | Tx) -> list[ServiceArea]:
    """Return the areas by their names, those that are not served at the moment too."""
    return await queries.list_all_areas(source)


async def get_area(source: Database | Tx, area_id: UUID) -> ServiceArea:
    """Return an area. Raises AreaNotFound."""
    for area in await queries.list_all_areas(source):
        if area.id == area_id:
            return area
    raise AreaNotFound


def wrong_shapes(drawn: Sequence[DrawnArea]) -> list[tuple[str, str]]:
    """Return where a shape is drawn wrongly, and what to do. Takes a fifth of a second for 500 corners."""
    found = ((one.where, shapes.problem_of(one.given["shape"])) for one in drawn if "shape" in one.given)
    return [(f"{where}geometry", problem) for where, problem in found if problem]


async def take_areas(
    tx: Tx, drawn: Sequence[DrawnArea], *, actor_id: UUID, dry_run: bool = False
) -> tuple[int, int, int]:
    """Add and change areas, whose shapes are right: all of them, or none. Returns how many were added, changed, left.

    One is found by its id, or without one by its name; areas that are not named stay. Raises AreasRefused.
    """
    there = await queries.lock_areas(tx)
    by_id = {area.id: area for area in there}
    by_name = {area.name.lower(): area for area in there}
    problems: list[tuple[str, str]] = []
    taken: dict[UUID, ServiceArea] = {}
    for one in drawn:
        new = _resolved(one, by_id, by_name, problems)
        if new is not None and new.id in taken:
            problems.append((f"{one.where}properties.name", "This area is there twice. Keep one of the two."))
        elif new is not None:
            taken[new.id] = new
    problems += _same_names({**by_id, **taken}.values(), drawn)
    if problems:
        raise _refused(problems)
    added = [area for area in taken.values() if area.id not in by_id]
    changed = [area for area in taken.values() if area.id in by_id and area != by_id[area.id]]
    counts = len(added), len(changed), len(taken) - len(added) - len(changed)
    if dry_run:
        return counts
    for area in changed:  # names may be exchanged between two
        await queries.update_area(tx, replace(area, name=str(new_id())))
    for area in changed:
        await queries.update_area(tx, area)
        _note(tx, "changed", area, actor_id, before=by_id[area.id])
    for area in added:
        await queries.insert_area(tx, area)
        _note(tx, "created", area, actor_id)
    return counts


async def draw_area(tx: Tx, drawn: DrawnArea, *, actor_id: UUID) -> ServiceArea:
    """Add one area, whose shape is right. Raises AreasRefused, also when another one has its name."""
    name = str(drawn.given.get("name")).lower()
    if name in {area.name.lower() for area in await queries.lock_areas(tx)}:
        raise _refused([(f"{drawn.where}properties.name", "Another area has this name. Choose another one.")])
    await take_areas(tx, [drawn], actor_id=actor_id)
    return next(area for area in await queries.list_all_areas(tx) if area.name.lower() == name)


async def change_area(tx: Tx, area_id: UUID, given: Mapping[str, Any], *, actor_id: UUID) -> ServiceArea:
    """Change one area, whose shape is right. Raises AreaNotFound, AreasRefused."""
    if area_id not in {area.id for area in await queries.lock_areas(tx)}:
        raise AreaNotFound
    await take_areas(tx, [DrawnArea("", area_id, given)], actor_id=actor_id)
    return await get_area(tx, area_id)


def _refused(problems: Sequence[tuple[str, str]]) -> AreasRefused:
    return AreasRefused(
        f"Nothing was taken. {problems[0][1]}",
        details=[{"field": field, "message": message} for field, message in problems],
    )


def _resolved(
    one: DrawnArea,
    by_id: Mapping[UUID, ServiceArea],
    by_name: Mapping[str, ServiceArea],
    problems: list[tuple[str, str]],
) -> ServiceArea | None:
    """Return the area as it would be; None, with a problem more, when that cannot be said."""
    old = by_name.get(str(one.given.get("name")).lower()) if one.area_id is None else by_id.get(one.area_id)
    if one.area_id is not None and old is None:
        problems.append((f"{one.where}id", "There is no area of this id. Leave it out to add a new one."))
        return None
    new = replace(old, **one.given) if old is not None else _new(one, problems)
    if new is not None and new.opens_minute >= new.closes_minute:
        problems.append((f"{one.where}properties.closesAt", "It closes before it opens. Look at both again."))
    return new


def _new(one: DrawnArea, problems: list[tuple[str, str]]) -> ServiceArea | None:
    missing = [field for name, field in _NEEDED.items() if name not in one.given]
    problems += [(f"{one.where}{field}", "A new area needs this field too.") for field in missing]
    return None if missing else ServiceArea(id=new_id(), **one.given)


def _same_names(every: Iterable[ServiceArea], drawn: Sequence[DrawnArea]) -> list[tuple[str, str]]:
    owners: dict[str, UUID] = {}
    twice = set()
    for area in every:
        if owners.setdefault(area.name.lower(), area.id) != area.id:
            twice.add(area.name.lower())
    return [
        (f"{one.where}properties.name", "Another area has this name. Choose another one.")
        for one in drawn
        if str(one.given.get("name")).lower() in twice
    ]


def _note(tx: Tx, what: str, area: ServiceArea, actor_id: UUID, *, before: ServiceArea | None = None) -> None:
    tx.audit(
        f"service_area.{what}",
        object_type="service_area",
        object_id=area.id,
        actor_id=actor_id,
        name=area.name,
        fields=[
            field.name
            for field in fields(area)
            if before is None or getattr(area, field.name) != getattr(before, field.name)
        ],
    )
