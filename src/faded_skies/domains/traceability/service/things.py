"""Makes of a queued report what the system is told, with what is not kept in the queue: names, numbers, streets."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.models import Claimed
from faded_skies.domains.traceability.ports import (
    Adjustment,
    Arrival,
    Crew,
    Delivery,
    DeliveryChange,
    DeliveryEnd,
    DeliveryVoid,
    Destination,
    Good,
    Ledger,
    LedgerDeparture,
    LedgerEnd,
    LedgerRestock,
    LedgerSale,
    LedgerVoid,
    Receipt,
    ReceiptChange,
    ReceiptVoid,
    Thing,
)
from faded_skies.domains.traceability.rules import Step
from faded_skies.platform.keyring import KeyLost, Keyring, Tampered

ARRIVES_AFTER = timedelta(hours=1)
"""When we say beforehand that a delivery will arrive."""


class Unsendable(Exception):
    """The report cannot be told as it is."""


def thing_of(claimed: Claimed, keyring: Keyring) -> Thing:
    """Return what is to be told. Raises Unsendable with a sentence."""
    missing = rules.lacking(claimed.report.step, claimed.report.payload)
    if missing:
        raise Unsendable(" ".join(missing))
    return _MAKERS[claimed.report.step](claimed, keyring)


def _ledger_open(claimed: Claimed, keyring: Keyring) -> Ledger:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    at = _moment(payload["at"])
    return Ledger(claimed.report.external_number, at, at, _crew(claimed, keyring), goods)


def _ledger_depart(claimed: Claimed, _: Keyring) -> LedgerDeparture:
    return LedgerDeparture(claimed.report.external_number, _parent(claimed))


def _ledger_restock(claimed: Claimed, _: Keyring) -> LedgerRestock:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    removed = goods_of(payload["removed"])
    return LedgerRestock(
        claimed.report.external_number, _parent(claimed), _moment(payload["at"]), goods, removed
    )


def _ledger_sale(claimed: Claimed, _: Keyring) -> LedgerSale:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    return LedgerSale(
        claimed.report.external_number,
        _parent(claimed),
        _moment(payload["at"]),
        _moment(payload["departed_at"]),
        _destination(claimed),
        goods,
    )


def _ledger_end(claimed: Claimed, _: Keyring) -> LedgerEnd:
    payload = claimed.report.payload
    left = goods_of(payload["returned"])
    return LedgerEnd(claimed.report.external_number, _parent(claimed), _moment(payload["at"]), left)


def _delivery_create(claimed: Claimed, keyring: Keyring) -> Delivery:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    at = _moment(payload["at"])
    crew = _crew(claimed, keyring)
    return Delivery(
        claimed.report.external_number, at, at, at + ARRIVES_AFTER, crew, _destination(claimed), goods
    )


def _delivery_complete(claimed: Claimed, _: Keyring) -> DeliveryEnd:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    return DeliveryEnd(
        claimed.report.external_number,
        _parent(claimed),
        _moment(payload["at"]),
        [good.tag for good in goods],
        goods_of(payload["returned"]),
        payload["reason"],
    )


def _receipt(claimed: Claimed, _: Keyring) -> Receipt:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    return Receipt(claimed.report.external_number, _moment(payload["at"]), goods)


def _receipt_update(claimed: Claimed, _: Keyring) -> ReceiptChange:
    payload = claimed.report.payload
    told = Receipt(payload["of"], _moment(payload["sold_at"]), goods_of(payload["goods"]))
    return ReceiptChange(claimed.report.external_number, _parent(claimed), told)


def _receipt_void(claimed: Claimed, _: Keyring) -> ReceiptVoid:
    return ReceiptVoid(claimed.report.external_number, _parent(claimed))


def _delivery_update(claimed: Claimed, keyring: Keyring) -> DeliveryChange:
    payload = claimed.report.payload
    told = Delivery(
        payload["of"],
        _moment(payload["sold_at"]),
        _moment(payload["departed_at"]),
        _moment(payload["arrived_at"]),
        _crew(claimed, keyring),
        _destination(claimed),
        goods_of(payload["goods"]),
    )
    return DeliveryChange(claimed.report.external_number, _parent(claimed), told)


def _delivery_void(claimed: Claimed, _: Keyring) -> DeliveryVoid:
    return DeliveryVoid(claimed.report.external_number, _parent(claimed))


def _ledger_void(claimed: Claimed, _: Keyring) -> LedgerVoid:
    return LedgerVoid(claimed.report.external_number, _parent(claimed))


def _package_receive(claimed: Claimed, _: Keyring) -> Arrival:
    (one,) = goods_of(claimed.report.payload["goods"])
    return Arrival(claimed.report.external_number, one.tag, one.quantity, one.unit)


def _package_adjust(claimed: Claimed, _: Keyring) -> Adjustment:
    payload = claimed.report.payload
    goods = goods_of(payload["goods"])
    (one,) = goods
    on = date.fromisoformat(payload["on"])
    return Adjustment(
        claimed.report.external_number,
        one.tag,
        one.quantity,
        one.unit,
        payload["destroyed"],
        payload["reason"],
        payload["note"],
        on,
    )


def goods_of(lines: Iterable[Mapping[str, Any]]) -> list[Good]:
    """Return goods by package: a label stands once in what is told."""
    found: dict[tuple[str, str], Good] = {}
    for line in lines:
        key = (line["tag"], line["unit"])
        was = found.get(key)
        quantity = rules.quantity_of(line["quantity"])
        cents = line["price_cents"]
        found[key] = (
            Good(line["tag"], quantity, line["unit"], cents)
            if was is None
            else Good(was.tag, was.quantity + quantity, was.unit, was.price_cents + cents)
        )
    return list(found.values())


def _parent(claimed: Claimed) -> int:
    if claimed.parent_id is None:
        raise Unsendable(
            "What it belongs to was never told: the first report of its trip was cancelled. Enter it by hand in the "
            "system and cancel this one."
        )
    return claimed.parent_id


def _crew(claimed: Claimed, keyring: Keyring) -> Crew:
    if claimed.driver_name is None or claimed.driver_id is None or claimed.plate is None:
        raise Unsendable("The trip's driver or vehicle is not known.")
    license_no = None
    if claimed.license_wrapped is not None:
        try:
            context = delivery.license_context(claimed.driver_id)
            license_no = keyring.unwrap(claimed.license_wrapped, context=context).decode()
        except (KeyLost, Tampered):
            raise Unsendable("The driver's licence number cannot be read. Enter it anew.") from None
    return Crew(
        claimed.driver_name,
        claimed.employee_no,
        license_no,
        claimed.make or "",
        claimed.model or "",
        claimed.plate,
    )


def _destination(claimed: Claimed) -> Destination:
    place, address = claimed.report.payload["place"], claimed.address or {}
    return Destination(
        str(address.get("addressLine1", "")),
        address.get("addressLine2") or None,
        place["city"],
        place["state"],
        place["zip"],
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_MAKERS: Mapping[Step, Callable[[Claimed, Keyring], Thing]] = {
    Step.LEDGER_OPEN: _ledger_open,
    Step.LEDGER_DEPART: _ledger_depart,
    Step.LEDGER_RESTOCK: _ledger_restock,
    Step.LEDGER_SALE: _ledger_sale,
    Step.LEDGER_END: _ledger_end,
    Step.DELIVERY_CREATE: _delivery_create,
    Step.DELIVERY_COMPLETE: _delivery_complete,
    Step.RECEIPT: _receipt,
    Step.PACKAGE_ADJUST: _package_adjust,
    Step.RECEIPT_UPDATE: _receipt_update,
    Step.RECEIPT_VOID: _receipt_void,
    Step.DELIVERY_UPDATE: _delivery_update,
    Step.DELIVERY_VOID: _delivery_void,
    Step.LEDGER_VOID: _ledger_void,
    Step.PACKAGE_RECEIVE: _package_receive,
}
