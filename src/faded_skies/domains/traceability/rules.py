"""When a report is due, when it is tried again, and what may stand in one. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Literal
from zoneinfo import ZoneInfo

from faded_skies.platform.errors import Refused

Bound = Literal["before", "end_of_local_day", "within_hours"]

MOST_AT_ONCE = 10
"""Reports in one call: the system takes no more."""

UNIT = "Each"
"""Our lots are counted."""

RESUMES_WITHIN = timedelta(seconds=60)
"""However long the system was away, it is tried again so often."""

_WARN_BEFORE = timedelta(hours=2)
_FIRST_PAUSE = 2.0  # seconds


class Step(StrEnum):
    """What is told: of a trip's ledger, of a delivery, of a sale at the door and of its changes, of a package."""

    LEDGER_OPEN = "ledger_open"
    LEDGER_DEPART = "ledger_depart"
    LEDGER_RESTOCK = "ledger_restock"
    LEDGER_SALE = "ledger_sale"
    LEDGER_END = "ledger_end"
    DELIVERY_CREATE = "delivery_create"
    DELIVERY_COMPLETE = "delivery_complete"
    RECEIPT = "receipt"
    PACKAGE_ADJUST = "package_adjust"
    RECEIPT_UPDATE = "receipt_update"
    RECEIPT_VOID = "receipt_void"
    DELIVERY_UPDATE = "delivery_update"
    DELIVERY_VOID = "delivery_void"
    LEDGER_VOID = "ledger_void"
    PACKAGE_RECEIVE = "package_receive"


class State(StrEnum):
    """A report waits, is being sent, and was sent; or the system rejected it, or staff cancelled it."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


BEFORE_DEPARTURE = frozenset({Step.LEDGER_OPEN, Step.DELIVERY_CREATE})
"""What the system must know before the vehicle leaves."""

CHANGES = frozenset({Step.RECEIPT_UPDATE, Step.RECEIPT_VOID, Step.DELIVERY_UPDATE, Step.DELIVERY_VOID})
"""What is told of a sale, or of what should have become one, after it was told."""

ONE_BY_ONE = frozenset({Step.RECEIPT_VOID, Step.DELIVERY_VOID, Step.LEDGER_VOID, Step.PACKAGE_RECEIVE})
"""Steps whose call names one thing in its path, so that it takes no others with it."""

BY_STEP: Mapping[Step, str] = {
    Step.LEDGER_OPEN: "LO",
    Step.LEDGER_DEPART: "LD",
    Step.LEDGER_RESTOCK: "LR",
    Step.LEDGER_SALE: "LS",
    Step.LEDGER_END: "LE",
    Step.DELIVERY_CREATE: "DC",
    Step.DELIVERY_COMPLETE: "DD",
    Step.RECEIPT: "RC",
    Step.PACKAGE_ADJUST: "PA",
    Step.RECEIPT_UPDATE: "RU",
    Step.RECEIPT_VOID: "RV",
    Step.DELIVERY_UPDATE: "DU",
    Step.DELIVERY_VOID: "DV",
    Step.LEDGER_VOID: "LV",
    Step.PACKAGE_RECEIVE: "PR",
}


def external_number(step: Step, subject_hex: str) -> str:
    """Return the number by which the system can be asked whether it knows: the same for the same fact.

    `subject_hex` is the id, in hex, of what is told of (order, trip, change of a lot); all of it, because ids
    of one millisecond differ in their ends only, and their ends alone are too short to be chance for ever.
    """
    return f"{BY_STEP[step]}-{subject_hex.upper()}"


def due_at(step: Step, happened_at: datetime, *, bound: Bound, hours: int, timezone: ZoneInfo) -> datetime:
    """Return the legal deadline (UTC) of what happened at a moment.

    What has to be known before departure is due then, whatever the law says of sales; that a package arrived is
    known there before us, so it is never due at once. The end of the local day is the next midnight on the shop's
    clock, also on days of 23 and 25 hours.
    """
    if step in BEFORE_DEPARTURE or (bound == "before" and step is not Step.PACKAGE_RECEIVE):
        return happened_at
    if bound == "within_hours":
        return happened_at + timedelta(hours=hours)
    local = happened_at.astimezone(timezone)
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), tzinfo=timezone)
    return midnight.astimezone(happened_at.tzinfo)


def warn_at(happened_at: datetime, due: datetime) -> datetime:
    """Return when to raise the alarm: two hours before the deadline, or halfway to one that is nearer."""
    return max(due - _WARN_BEFORE, happened_at + (due - happened_at) / 2)


def pause(failures: int, *, jitter: float) -> timedelta:
    """Return how long to leave the system alone after so many failures in a row; `jitter` is chance from 0 to 1.

    It doubles from two seconds up to RESUMES_WITHIN, and is shortened by chance by up to a half.
    """
    whole = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), RESUMES_WITHIN.total_seconds())
    return timedelta(seconds=whole * (1 - jitter / 2))


def lacking(step: Step, payload: Mapping[str, Any]) -> list[str]:
    """Return what stands in the way of sending a report, in sentences; nothing when it can be sent."""
    goods = [*payload.get("goods", ()), *payload.get("removed", ()), *payload.get("returned", ())]
    untagged = sorted({str(one["name"]) for one in goods if not one["tag"]})
    found = []
    if untagged:
        found.append(f"These goods have no package tag: {', '.join(untagged)}.")
    if step in _NEED_GOODS and not goods:
        found.append("There are no goods in it.")
    if step in _NEED_CREW and payload.get("vehicle_id") is None:
        found.append("The trip has no vehicle.")
    if step in _NEED_PLACE and payload.get("place") is None:
        found.append("The place is not known.")
    return found


_NEED_GOODS = frozenset(
    {
        Step.LEDGER_OPEN,
        Step.LEDGER_RESTOCK,
        Step.LEDGER_SALE,
        Step.DELIVERY_CREATE,
        Step.DELIVERY_UPDATE,
        Step.RECEIPT,
        Step.RECEIPT_UPDATE,
        Step.PACKAGE_RECEIVE,
    }
)
_NEED_CREW = frozenset({Step.LEDGER_OPEN, Step.DELIVERY_CREATE, Step.DELIVERY_UPDATE})
_NEED_PLACE = frozenset({Step.LEDGER_SALE, Step.DELIVERY_UPDATE})
_LISTS = ("goods", "removed", "returned")


def corrected(payload: Mapping[str, Any], corrections: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload with what staff put right; lists of goods are replaced line by line.

    Raises Refused for what the report has not, for another number of lines, and for quantities that are none.
    """
    made = dict(payload)
    for name, value in corrections.items():
        if name not in payload:
            raise Refused(f"payload.{name}", "This report has no such field.")
        made[name] = _lines(name, payload[name], value) if name in _LISTS else value
    return made


def _lines(name: str, old: list[dict[str, Any]], new: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(old) != len(new):
        raise Refused(f"payload.{name}", f"Send all {len(old)} lines in their order, the unchanged ones too.")
    return [dict(was) | dict(line) for was, line in zip(old, new, strict=True)]


def quantity_of(text: str) -> Decimal:
    """Return a quantity as a number. Raises ValueError."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


@dataclass(frozen=True, slots=True)
class Back:
    """What of a sold product was given back: so many `units` lie in the shop again, `by_tag` of which package.

    The money of `refunded` units was given back, whether or not they came back.
    """

    units: int
    by_tag: Mapping[str, int]
    refunded: int


def remaining(goods: Sequence[Mapping[str, Any]], back: Mapping[str, Back]) -> list[dict[str, Any]]:
    """Return the lines of a sale without what was given back, by the products' ids.

    What came back leaves the line of its package, or the last one; units whose money alone was given back stay, for
    nothing. Lines that staff corrected to another unit stay as they are: nobody can say what one of ours is in it.
    """
    left = [quantity_of(line["quantity"]) for line in goods]
    paid = list(left)
    for product_id, one in back.items():
        places = [
            place
            for place, line in enumerate(goods)
            if line["product_id"] == product_id and line["unit"] == UNIT
        ]
        rest = Decimal(one.units)
        by_tag = dict(one.by_tag)
        for place in places:
            tag = goods[place]["tag"]
            taken = min(left[place], Decimal(by_tag.get(tag, 0)), rest)
            by_tag[tag] = by_tag.get(tag, 0) - int(taken)
            left[place] -= taken
            rest -= taken
        _take(left, reversed(places), rest)
        for place in places:
            paid[place] = left[place]
        _take(paid, reversed(places), Decimal(max(one.refunded - one.units, 0)))
    return [
        dict(line)
        if left[place] == paid[place] == quantity_of(line["quantity"])
        else {**line, "quantity": f"{left[place]:f}", "price_cents": _share(line, paid[place])}
        for place, line in enumerate(goods)
        if left[place]
    ]


def _take(units: list[Decimal], places: Iterable[int], count: Decimal) -> None:
    for place in places:
        taken = min(units[place], count)
        units[place] -= taken
        count -= taken


def _share(line: Mapping[str, Any], units: Decimal) -> int:
    whole = Decimal(line["price_cents"]) * units / quantity_of(line["quantity"])
    return int(whole.to_integral_value(ROUND_HALF_UP))


def licence_refusal(ours: str, good_for: Sequence[str]) -> str | None:
    """Return why nothing may be told in the name of our licence; None where the keys are good for it."""
    if ours in good_for:
        return None
    listed = ", ".join(good_for[:10]) or "none"
    return (
        f"The user key is not good for the licence {ours}; it is good for: {listed}. Put the licence right in the "
        "settings, or let the key's user work for it in the system, and restart."
    )


def flow_warning(ours: str, flow: str) -> str:
    """Return the alarm about a flow that the law names and the system does not offer our licence."""
    return (
        f"The system does not say that the licence {ours} may tell its sales as {flow.replace('_', ' ')}, which the "
        "law in force names. Ask its support, or check [reporting] in the rules."
    )
