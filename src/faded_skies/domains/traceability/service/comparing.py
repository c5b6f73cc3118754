"""Compares what the system holds with what we hold, once a day, and keeps the differences."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import structlog

from faded_skies.domains.traceability.models import Difference
from faded_skies.domains.traceability.ports import (
    Package,
    Sale,
    Throttled,
    TrackAndTrace,
    Unauthorised,
    Unreachable,
)
from faded_skies.domains.traceability.queries import comparing, sending
from faded_skies.platform.db import Database, Row
from faded_skies.platform.money import to_dollars

log = structlog.get_logger()

LOOKS_BACK = timedelta(days=2)
_SETTLES = timedelta(minutes=30)
_KINDS = (
    "package_missing",
    "package_unknown",
    "package_quantity",
    "sale_missing",
    "sale_unknown",
    "sale_amount",
)
_Found: TypeAlias = list[tuple[str, str, str | None, str | None]]
_FAILED = Unauthorised | Throttled | Unreachable


async def compare(db: Database, system: TrackAndTrace, *, timezone: ZoneInfo, now: datetime) -> bool:
    """Compare packages and the sales of the last two days; False when the system did not answer.

    A package of which something is still to tell is left out: that it differs is no news.
    """
    theirs = await system.list_packages()
    since, until = now - LOOKS_BACK, now - _SETTLES
    sales = await system.list_sales(since, now)
    if isinstance(theirs, _FAILED) or isinstance(sales, _FAILED):
        log.warning("metrc_comparison_put_off")
        return False
    found: _Found = []
    if theirs is not None:
        held = await comparing.list_held(db)
        found += _packages(held, theirs, open_tags=await comparing.list_open_tags(db))
    found += _sales(await comparing.list_our_sales(db, since, until), sales)
    numbers = [sale.number for sale in sales if sale.number]
    known = await comparing.known_numbers(db, numbers)
    found += [
        ("sale_unknown", sale.number or f"id {sale.id}", None, _dollars(sale.total_cents))
        for sale in sales
        if sale.number not in known
    ]
    async with db.transaction() as tx:
        await comparing.see_differences(tx, found, on=now.astimezone(timezone).date())
        resolved = await comparing.resolve_others(tx, found, kinds=_KINDS, at=now)
        await sending.note_compared(tx, now)
    counts = {kind: sum(one[0] == kind for one in found) for kind in _KINDS}
    if found:
        log.error("metrc_differs", resolved=resolved, **counts)
    else:
        log.info("metrc_agrees", resolved=resolved)
    return True


def _packages(ours: Mapping[str, Package], theirs: Sequence[Package], *, open_tags: set[str]) -> _Found:
    there = {package.tag: package for package in theirs}
    found: _Found = []
    for tag in sorted((ours.keys() | there.keys()) - open_tags):
        mine, package = ours.get(tag), there.get(tag)
        if mine is None and package is not None:
            found.append(("package_unknown", tag, None, _amount(package)))
        elif package is None and mine is not None:
            if mine.quantity:
                found.append(("package_missing", tag, _amount(mine), None))
        elif (
            mine is not None
            and package is not None
            and (mine.quantity != package.quantity or mine.unit != package.unit)
        ):
            found.append(("package_quantity", tag, _amount(mine), _amount(package)))
    return found


def _sales(ours: Sequence[Row], theirs: Sequence[Sale]) -> _Found:
    there = {sale.number: sale for sale in theirs}
    found: _Found = []
    for row in ours:
        number, cents = row["external_number"], _total(row["payload"])
        sale = there.get(number)
        if sale is None:
            found.append(("sale_missing", number, _dollars(cents), None))
        elif sale.total_cents != cents:
            found.append(("sale_amount", number, _dollars(cents), _dollars(sale.total_cents)))
    return found


def _total(payload: Mapping[str, Any]) -> int:
    return sum(line["price_cents"] for line in payload["goods"])


def _amount(held: Package) -> str:
    return f"{held.quantity.normalize():f} {held.unit}"


def _dollars(cents: int) -> str:
    return f"{to_dollars(cents):.2f}"


async def list_differences(
    db: Database, *, is_open: bool | None, limit: int, offset: int
) -> tuple[list[Difference], int]:
    """Return a page of differences, the newest first, and how many there are."""
    return await comparing.list_differences(db, is_open=is_open, limit=limit, offset=offset)
