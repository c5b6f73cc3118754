"""A TrackAndTrace by Metrc."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import structlog

from faded_skies.adapters.metrc.caller import Absent, Caller, Failed
from faded_skies.adapters.metrc.words import CALLS, Words, note, number_in
from faded_skies.domains.traceability.ports import (
    Adjustment,
    Arrival,
    Delivery,
    DeliveryChange,
    DeliveryEnd,
    DeliveryVoid,
    Done,
    Facility,
    Failure,
    Found,
    Ledger,
    LedgerDeparture,
    LedgerEnd,
    LedgerRestock,
    LedgerSale,
    LedgerVoid,
    Outcome,
    Package,
    Receipt,
    ReceiptChange,
    ReceiptVoid,
    Rejected,
    Sale,
    Thing,
    Throttled,
    Unauthorised,
    Unreachable,
)
from faded_skies.platform import clock

log = structlog.get_logger()

_WINDOW = timedelta(hours=24)
_MARGIN = timedelta(minutes=5)
_LEDGERS = "/sales/v2/deliveries/retailer"
_DELIVERIES = "/sales/v2/deliveries"
_RECEIPTS = "/sales/v2/receipts"
_WITHOUT_IDS = (LedgerDeparture, DeliveryEnd, ReceiptChange, DeliveryChange)
"""What is answered without ids, as documented."""


class Metrc:
    """Tells Metrc, and looks up what it knows."""

    def __init__(self, caller: Caller, words: Words, *, license_no: str) -> None:
        self._caller = caller
        self._words = words
        self._license_no = license_no
        self._lookups: Mapping[type, Callable[[Any], Awaitable[Found | Failure | None]]] = {
            Receipt: self._find_receipt,
            Ledger: self._find_ledger,
            LedgerDeparture: self._find_departure,
            LedgerRestock: self._find_restock,
            LedgerSale: self._find_ledger_sale,
            LedgerEnd: self._find_ledger_end,
            Delivery: self._find_delivery,
            DeliveryEnd: self._find_delivery_end,
            Adjustment: self._find_adjustment,
            ReceiptChange: self._told_again,
            DeliveryChange: self._told_again,
            Arrival: self._told_again,
            ReceiptVoid: self._find_void,
            DeliveryVoid: self._find_void,
            LedgerVoid: self._find_void,
        }

    async def tell(self, things: Sequence[Thing]) -> Outcome:
        """Tell up to ten things of one kind in one call; voids and arrivals one by one."""
        first = things[0]
        if isinstance(first, Arrival):
            return await self._ask_whether_received(first)
        if isinstance(first, ReceiptVoid | DeliveryVoid | LedgerVoid):
            return await self._void(first)
        method, path = CALLS[type(first)]
        answer = await self._caller.write(method, path, [self._words.body(thing) for thing in things])
        if isinstance(answer, Failed):
            return _not_taken(answer)
        if isinstance(first, _WITHOUT_IDS):
            return Done([None] * len(things))
        ids = answer.get("Ids") if isinstance(answer, dict) else None
        if not isinstance(ids, list) or len(ids) != len(things):
            log.error("metrc_gave_other_ids", things=len(things))
            return Unreachable("its answer has other ids", unsure=True)
        if answer.get("Warnings"):
            log.warning("metrc_warned", things=len(things))
        return Done([int(one) for one in ids])

    async def _void(self, thing: ReceiptVoid | DeliveryVoid | LedgerVoid) -> Outcome:
        answer = await self._caller.write("DELETE", _path_of(thing))
        return _not_taken(answer) if isinstance(answer, Failed) else Done([None])

    async def _ask_whether_received(self, thing: Arrival) -> Outcome:
        """No call takes a package in: its transfer is received in Metrc itself."""
        answer = await self._caller.read(f"/packages/v2/{quote(thing.tag, safe='')}")
        if isinstance(answer, Unauthorised):
            known = await self._is_ours(answer)
            answer = Absent() if known is None else known
        if isinstance(answer, Absent):
            return Rejected({}, _NOT_RECEIVED)
        if isinstance(answer, Failed):
            return _not_taken(answer)
        if not isinstance(answer, dict):
            return Unreachable("its answer cannot be read", unsure=False)
        against = _against(thing, answer)
        return Rejected({}, against) if against else Done([_id(answer)])

    async def _is_ours(self, refusal: Unauthorised) -> Failure | None:
        """As documented, what is not known is refused like a wrong key: None where the keys are good for our place."""
        places = await self.facilities()
        if isinstance(places, Unauthorised | Throttled | Unreachable):
            return places
        return None if any(one.license_no == self._license_no for one in places) else refusal

    async def _told_again(self, _: Thing) -> Found | Failure | None:
        """Answer that it is not known: it says how things are, and saying so again changes nothing."""
        return None

    async def _find_void(self, thing: ReceiptVoid | DeliveryVoid | LedgerVoid) -> Found | Failure | None:
        def is_void(it: Mapping[str, Any]) -> bool:
            return bool(it.get("ArchivedDate") or it.get("VoidedDate"))

        return await self._ask_about(_path_of(thing), is_void)

    async def find(self, thing: Thing) -> Found | Failure | None:
        """Return whether Metrc knows of this already."""
        look = self._lookups[type(thing)]
        return await look(thing)

    async def _find_receipt(self, thing: Receipt) -> Found | Failure | None:
        path = f"{_RECEIPTS}/external/{quote(thing.number, safe='')}"
        answer = await self._caller.read(path)
        if isinstance(answer, Unauthorised):
            return await self._is_ours(answer)
        if isinstance(answer, dict):
            return Found(_id(answer))
        return _failure(answer)

    async def _find_delivery_end(self, thing: DeliveryEnd) -> Found | Failure | None:
        path = f"{_DELIVERIES}/{thing.delivery_id}"
        return await self._ask_about(path, lambda it: it.get("CompletedDateTime") is not None)

    async def _find_departure(self, thing: LedgerDeparture) -> Found | Failure | None:
        path = f"{_LEDGERS}/{thing.ledger_id}"
        return await self._ask_about(path, lambda it: it.get("ActualDepartureDateTime") is not None)

    async def _find_ledger_end(self, thing: LedgerEnd) -> Found | Failure | None:
        path = f"{_LEDGERS}/{thing.ledger_id}"
        return await self._ask_about(path, lambda it: it.get("CompletedDateTime") is not None)

    async def _find_restock(self, thing: LedgerRestock) -> Found | Failure | None:
        at = self._words.local(thing.at)
        path = f"{_LEDGERS}/{thing.ledger_id}"
        return await self._ask_about(path, lambda it: _same_moment(it.get("RestockDateTime"), at))

    async def _ask_about(
        self, path: str, is_done: Callable[[Mapping[str, Any]], bool]
    ) -> Found | Failure | None:
        answer = await self._caller.read(path)
        if isinstance(answer, dict):
            return Found(_id(answer)) if is_done(answer) else None
        return _failure(answer)

    async def _find_ledger(self, thing: Ledger) -> Found | Failure | None:
        made = self._words.local(thing.made_at)
        for listed in ("active", "inactive"):
            found = await self._changed(f"{_LEDGERS}/{listed}", thing.made_at, clock.now())
            if isinstance(found, Failed):
                return _failure(found)
            for one in found:
                same_car = one.get("VehicleLicensePlateNumber") == thing.crew.plate
                if same_car and _same_moment(one.get("DateTime"), made) and not one.get("VoidedDate"):
                    return Found(_id(one))
        return None

    async def _find_ledger_sale(self, thing: LedgerSale) -> Found | Failure | None:
        answer = await self._caller.read(f"{_LEDGERS}/{thing.ledger_id}")
        if not isinstance(answer, dict):
            failure = _failure(answer)
            if failure is not None:
                return failure
        else:
            for one in answer.get("Destinations") or ():
                if number_in(one.get("PlannedRoute")) == thing.number:
                    return Found(_id(one))
        return await self._find_route(thing.number, since=thing.sold_at)

    async def _find_delivery(self, thing: Delivery) -> Found | Failure | None:
        return await self._find_route(thing.number, since=thing.sold_at)

    async def _find_route(self, number: str, *, since: datetime) -> Found | Failure | None:
        for listed in ("active", "inactive"):
            found = await self._changed(f"{_DELIVERIES}/{listed}", since, clock.now())
            if isinstance(found, Failed):
                return _failure(found)
            for one in found:
                if number_in(one.get("PlannedRoute")) == number and not one.get("VoidedDate"):
                    return Found(_id(one))
        return None

    async def _find_adjustment(self, thing: Adjustment) -> Found | Failure | None:
        found = await self._caller.read_all("/packages/v2/adjustments")
        if isinstance(found, Failed):
            return _failure(found)
        wanted = note(thing)
        for one in found:
            if one.get("PackageLabel") == thing.tag and one.get("AdjustmentNote") == wanted:
                return Found(None)
        return None

    async def list_packages(self) -> Sequence[Package] | Failure | None:
        """Return all active packages of the licence."""
        found = await self._caller.read_all("/packages/v2/active")
        if isinstance(found, Failed):
            return _failure(found) or Unreachable("it has no packages", unsure=False)
        return [
            Package(str(one["Label"]), Decimal(str(one["Quantity"])), str(one["UnitOfMeasureName"]))
            for one in found
        ]

    async def list_sales(self, since: datetime, until: datetime) -> Sequence[Sale] | Failure:
        """Return receipts and deliveries that changed in the span and were not voided."""
        sales: list[Sale] = []
        for path in (f"{_RECEIPTS}/active", f"{_DELIVERIES}/active", f"{_DELIVERIES}/inactive"):
            found = await self._changed(path, since, until)
            if isinstance(found, Failed):
                return _failure(found) or Unreachable("it has no sales", unsure=False)
            sales += _sales(found)
        return sales

    async def facilities(self) -> Sequence[Facility] | Failure:
        """Return the places that the keys are good for."""
        answer = await self._caller.read("/facilities/v2")
        if isinstance(answer, Failed):
            return _failure(answer) or Unreachable("it has no places", unsure=False)
        if not isinstance(answer, list):
            return Unreachable("its list cannot be read", unsure=False)
        return [
            Facility(
                license_no=str((one.get("License") or {}).get("Number", "")),
                name=str(one.get("Name", "")),
                can_sell=bool(_type(one).get("CanSellToConsumers")),
                can_deliver=bool(_type(one).get("CanDeliverSalesToConsumers")),
                has_ledgers=bool(_type(one).get("RetailerDelivery")),
            )
            for one in answer
        ]

    async def _changed(self, path: str, since: datetime, until: datetime) -> list[dict[str, Any]] | Failed:
        """Return what a list has that changed in the span; one call asks for a day at most."""
        found: list[dict[str, Any]] = []
        for start, end in _windows(since - _MARGIN, until + _MARGIN):
            part = await self._caller.read_all(
                path, lastModifiedStart=_zoned(start), lastModifiedEnd=_zoned(end)
            )
            if isinstance(part, Failed):
                return part
            found += part
        return found


_NOT_RECEIVED = (
    "Metrc has no package with this tag at our licence. Receive its transfer there, or check the tag."
)


def _against(thing: Arrival, package: Mapping[str, Any]) -> str | None:
    """Return what speaks against a package that arrived; sales may have lessened it since, nothing added to it."""
    unit = package.get("UnitOfMeasureName")
    if package.get("ArchivedDate") or package.get("IsFinished"):
        return "Metrc holds this package as finished. Check the tag."
    if unit != thing.unit:
        return f"Metrc measures this package in {unit}, and we count it in {thing.unit}."
    if Decimal(str(package.get("Quantity", 0))) > thing.quantity:
        held = Decimal(str(package["Quantity"])).normalize()
        return f"Metrc holds {held:f} of this package, and {thing.quantity:f} arrived. Count it again."
    return None


def _path_of(thing: ReceiptVoid | DeliveryVoid | LedgerVoid) -> str:
    match thing:
        case ReceiptVoid(receipt_id=found):
            return f"{_RECEIPTS}/{found}"
        case DeliveryVoid(delivery_id=found):
            return f"{_DELIVERIES}/{found}"
        case LedgerVoid(ledger_id=found):
            return f"{_LEDGERS}/{found}"


def _not_taken(answer: Failed) -> Outcome:
    if isinstance(answer, Absent):
        return Rejected({}, "What it belongs to is not known there (status 404).")
    return answer


def _windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    start = since
    while start < until:
        end = min(start + _WINDOW, until)
        yield start, end
        start = end


def _sales(found: Iterable[dict[str, Any]]) -> Iterator[Sale]:
    for one in found:
        if one.get("VoidedDate") or one.get("ArchivedDate"):
            continue
        number = one.get("ExternalReceiptNumber") or number_in(one.get("PlannedRoute"))
        cents = int((Decimal(str(one.get("TotalPrice") or 0)) * 100).to_integral_value())
        yield Sale(_id(one), number, cents)


def _zoned(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _same_moment(told: object, ours: str) -> bool:
    try:
        return isinstance(told, str) and datetime.fromisoformat(told) == datetime.fromisoformat(ours)
    except (ValueError, TypeError):
        return False


def _type(facility: dict[str, Any]) -> dict[str, Any]:
    return facility.get("FacilityType") or {}


def _id(one: dict[str, Any]) -> int:
    return int(one["Id"])


def _failure(answer: object) -> Failure | None:
    """Return what stood in the way; None for what is merely not there."""
    match answer:
        case Absent():
            return None
        case Unauthorised() | Throttled() | Unreachable():
            return answer
        case Rejected():
            return Unreachable(answer.message or "it refused the question", unsure=False)
        case _:
            return Unreachable("its answer cannot be read", unsure=False)
