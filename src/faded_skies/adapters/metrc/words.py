"""Our things in Metrc's words: its paths, its field names, and the wall clock of the shop without a zone.

Metrc's collection for API v2 (California's, scraped 2026-02-09, published in thunkier/ThunkMetrc). Only receipts have a
number of ours; deliveries and sales out of a ledger carry it in their PlannedRoute, adjustments in their note, and a
ledger is told apart by its vehicle and the millisecond at which it was made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from faded_skies.domains.traceability.ports import (
    Adjustment,
    Crew,
    Delivery,
    DeliveryChange,
    DeliveryEnd,
    Destination,
    Good,
    Ledger,
    LedgerDeparture,
    LedgerEnd,
    LedgerRestock,
    LedgerSale,
    Receipt,
    ReceiptChange,
    Thing,
)
from faded_skies.platform.money import to_dollars

CALLS: Mapping[type, tuple[str, str]] = {
    Ledger: ("POST", "/sales/v2/deliveries/retailer"),
    LedgerDeparture: ("POST", "/sales/v2/deliveries/retailer/depart"),
    LedgerRestock: ("POST", "/sales/v2/deliveries/retailer/restock"),
    LedgerSale: ("POST", "/sales/v2/deliveries/retailer/sale"),
    LedgerEnd: ("POST", "/sales/v2/deliveries/retailer/end"),
    Delivery: ("POST", "/sales/v2/deliveries"),
    DeliveryEnd: ("PUT", "/sales/v2/deliveries/complete"),
    Receipt: ("POST", "/sales/v2/receipts"),
    Adjustment: ("POST", "/packages/v2/adjust"),
    ReceiptChange: ("PUT", "/sales/v2/receipts"),
    DeliveryChange: ("PUT", "/sales/v2/deliveries"),
}

_CUSTOMER = "Consumer"


@dataclass(frozen=True, slots=True)
class Words:
    """How one shop speaks: its zone, where the authority may call, and its state's words for why.

    Goods came back, units were found or lost, units were destroyed: each state has a list of its own.
    """

    timezone: ZoneInfo
    phone: str | None
    return_reason: str
    adjusted_reason: str
    destroyed_reason: str

    def local(self, moment: datetime) -> str:
        """Return the wall-clock time at the shop, without a zone, to the millisecond."""
        return moment.astimezone(self.timezone).replace(tzinfo=None).isoformat(timespec="milliseconds")

    def body(self, thing: Thing) -> dict[str, Any]:
        """Return one object of the array that a call takes."""
        says: Mapping[type, Callable[[Any], dict[str, Any]]] = {
            Ledger: self._ledger,
            LedgerDeparture: self._departure,
            LedgerRestock: self._restock,
            LedgerSale: self._ledger_sale,
            LedgerEnd: self._ledger_end,
            Delivery: self._delivery,
            DeliveryEnd: self._delivery_end,
            Receipt: self._receipt,
            Adjustment: self._adjustment,
            ReceiptChange: lambda it: {"Id": it.receipt_id, **self._receipt(it.receipt)},
            DeliveryChange: lambda it: {"Id": it.delivery_id, **self._delivery(it.delivery)},
        }
        return says[type(thing)](thing)

    def _ledger(self, thing: Ledger) -> dict[str, Any]:
        return {
            "DateTime": self.local(thing.made_at),
            **self._crew(thing.crew),
            "EstimatedDepartureDateTime": self.local(thing.departs_at),
            "Destinations": [],
            "Packages": [self._on_board(good, at=thing.made_at) for good in thing.goods],
        }

    @staticmethod
    def _departure(thing: LedgerDeparture) -> dict[str, Any]:
        return {"RetailerDeliveryId": thing.ledger_id}

    def _ledger_sale(self, thing: LedgerSale) -> dict[str, Any]:
        return {
            "RetailerDeliveryId": thing.ledger_id,
            "SalesDateTime": self.local(thing.sold_at),
            "SalesCustomerType": _CUSTOMER,
            "PatientLicenseNumber": None,
            "ConsumerId": None,
            "PhoneNumberForQuestions": self.phone,
            **_recipient(thing.destination),
            "PlannedRoute": route(thing.number),
            "EstimatedDepartureDateTime": self.local(thing.departed_at),
            "EstimatedArrivalDateTime": self.local(thing.sold_at),
            "Transactions": _transactions(thing.goods),
        }

    def _ledger_end(self, thing: LedgerEnd) -> dict[str, Any]:
        return {
            "RetailerDeliveryId": thing.ledger_id,
            "ActualArrivalDateTime": self.local(thing.at),
            "Packages": [
                {
                    "Label": good.tag,
                    "EndQuantity": float(good.quantity),
                    "EndUnitOfMeasure": good.unit,
                }
                for good in thing.left
            ],
        }

    def _delivery(self, thing: Delivery) -> dict[str, Any]:
        return {
            "TransporterFacilityLicenseNumber": None,
            "SalesDateTime": self.local(thing.sold_at),
            "SalesCustomerType": _CUSTOMER,
            "PatientLicenseNumber": None,
            "ConsumerId": None,
            **self._crew(thing.crew),
            **_recipient(thing.destination),
            "PlannedRoute": route(thing.number),
            "EstimatedDepartureDateTime": self.local(thing.departs_at),
            "EstimatedArrivalDateTime": self.local(thing.arrives_at),
            "Transactions": _transactions(thing.goods),
        }

    def _receipt(self, thing: Receipt) -> dict[str, Any]:
        return {
            "SalesDateTime": self.local(thing.sold_at),
            "ExternalReceiptNumber": thing.number,
            "SalesCustomerType": _CUSTOMER,
            "PatientLicenseNumber": None,
            "CaregiverLicenseNumber": None,
            "IdentificationMethod": None,
            "PatientRegistrationLocationId": None,
            "Transactions": _transactions(thing.goods),
        }

    def _adjustment(self, thing: Adjustment) -> dict[str, Any]:
        return {
            "Label": thing.tag,
            "Quantity": float(thing.quantity),
            "UnitOfMeasure": thing.unit,
            "AdjustmentReason": thing.reason
            or (self.destroyed_reason if thing.destroyed else self.adjusted_reason),
            "AdjustmentDate": thing.on.isoformat(),
            "ReasonNote": note(thing),
        }

    def _crew(self, crew: Crew) -> dict[str, Any]:
        return {
            "DriverEmployeeId": crew.employee_no,
            "DriverName": crew.driver_name,
            "DriversLicenseNumber": crew.license_no,
            "PhoneNumberForQuestions": self.phone,
            "VehicleMake": crew.make,
            "VehicleModel": crew.model,
            "VehicleLicensePlateNumber": crew.plate,
        }

    def _on_board(self, good: Good, *, at: datetime) -> dict[str, Any]:
        return {"DateTime": self.local(at), **_package(good)}

    def _restock(self, thing: LedgerRestock) -> dict[str, Any]:
        return {
            "RetailerDeliveryId": thing.ledger_id,
            "DateTime": self.local(thing.at),
            "EstimatedDepartureDateTime": self.local(thing.at),
            "Destinations": None,
            "Packages": [
                *({**_package(good), "RemoveCurrentPackage": False} for good in thing.added),
                *({**_package(good), "RemoveCurrentPackage": True} for good in thing.removed),
            ],
        }

    def _delivery_end(self, thing: DeliveryEnd) -> dict[str, Any]:
        return {
            "Id": thing.delivery_id,
            "ActualArrivalDateTime": self.local(thing.at),
            "PaymentType": None,
            "AcceptedPackages": list(thing.accepted),
            "ReturnedPackages": [
                {
                    "Label": good.tag,
                    "ReturnQuantityVerified": float(good.quantity),
                    "ReturnUnitOfMeasure": good.unit,
                    "ReturnReason": thing.reason or self.return_reason,
                    "ReturnReasonNote": "",
                }
                for good in thing.returned
            ],
        }


def route(number: str) -> str:
    """Return a planned route that carries our number."""
    return f"Ref {number}. Drive to destination."


def number_in(text: object) -> str | None:
    """Return our number out of a route or a note that carries one."""
    if not isinstance(text, str) or not text.startswith("Ref "):
        return None
    return text.removeprefix("Ref ").partition(".")[0]


def note(thing: Adjustment) -> str:
    """Return an adjustment's note with our number; Metrc takes 200 characters at most in practice."""
    return f"Ref {thing.number}. {thing.note or ''}".strip()[:200]


def _recipient(place: Destination) -> dict[str, Any]:
    """Return where it goes; no name, because no state asked for one where it is optional."""
    return {
        "RecipientName": None,
        "RecipientAddressStreet1": place.street,
        "RecipientAddressStreet2": place.street_2,
        "RecipientAddressCity": place.city,
        "RecipientAddressCounty": None,
        "RecipientAddressState": place.state,
        "RecipientAddressPostalCode": place.zip,
        "RecipientZoneId": None,
    }


def _package(good: Good) -> dict[str, Any]:
    return {
        "PackageLabel": good.tag,
        "Quantity": float(good.quantity),
        "UnitOfMeasure": good.unit,
        "TotalPrice": to_dollars(good.price_cents),
    }


def _transactions(goods: Sequence[Good]) -> list[dict[str, Any]]:
    return [
        {
            "PackageLabel": good.tag,
            "Quantity": float(good.quantity),
            "UnitOfMeasure": good.unit,
            "TotalAmount": to_dollars(good.price_cents),
        }
        for good in goods
    ]
