"""A double of Metrc's API v2, written from its published collection; no independent server exists.

It keeps packages, receipts, deliveries and ledgers, and refuses as documented: wrong keys and licences (401), bodies
that are no array or name unknown fields (400 with `Message`), rows that cannot be (400 with `row` and `message`), more
than ten objects (413), pages above twenty and spans above a day (400). A POST is not idempotent there, so it is not
here: what is sent twice is done twice. Its writes are judged by thunkmetrc-client, which knows nothing of us. What it
cannot tell: whether Metrc still behaves as its collection says, and in which order it looks at what is wrong.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import parse_qsl

import httpx
import orjson
from aiohttp import web

VENDOR, USER, LICENSE = "the-vendors-key", "the-users-key", "C10-0000001-LIC"

Fault = Literal["forget", "drop", "500 after", "503", "429"]
"""What befalls one write: it is done and no answer comes, nothing is done and none comes, and so on."""

JSON = dict[str, Any]
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")
_TRANSACTION = frozenset(
    [
        "PackageLabel",
        "Quantity",
        "UnitOfMeasure",
        "TotalAmount",
        "UnitThcPercent",
        "UnitThcContent",
        "UnitThcContentUnitOfMeasure",
        "UnitWeight",
        "UnitWeightUnitOfMeasure",
        "InvoiceNumber",
        "Price",
        "ExciseTax",
        "CityTax",
        "CountyTax",
        "MunicipalTax",
        "DiscountAmount",
        "SubTotal",
        "SalesTax",
        "QrCodes",
    ]
)
_CREW = [
    "DriverEmployeeId",
    "DriverName",
    "DriversLicenseNumber",
    "PhoneNumberForQuestions",
    "VehicleMake",
    "VehicleModel",
    "VehicleLicensePlateNumber",
]
_RECIPIENT = [
    "RecipientName",
    "RecipientAddressStreet1",
    "RecipientAddressStreet2",
    "RecipientAddressCity",
    "RecipientAddressCounty",
    "RecipientAddressState",
    "RecipientAddressPostalCode",
    "RecipientZoneId",
]
_SALE = ["SalesDateTime", "SalesCustomerType", "PatientLicenseNumber", "ConsumerId"]
_FIELDS = {
    "receipts": {
        *_SALE[:3],
        "ExternalReceiptNumber",
        "CaregiverLicenseNumber",
        "IdentificationMethod",
        "PatientRegistrationLocationId",
        "Transactions",
    },
    "deliveries": {
        "TransporterFacilityLicenseNumber",
        *_SALE,
        *_CREW,
        *_RECIPIENT,
        "PlannedRoute",
        "EstimatedDepartureDateTime",
        "EstimatedArrivalDateTime",
        "Transactions",
    },
    "receipt again": {
        "Id",
        *_SALE[:3],
        "ExternalReceiptNumber",
        "CaregiverLicenseNumber",
        "IdentificationMethod",
        "PatientRegistrationLocationId",
        "Transactions",
    },
    "delivery again": {
        "Id",
        "TransporterFacilityLicenseNumber",
        *_SALE,
        *_CREW,
        *_RECIPIENT,
        "PlannedRoute",
        "EstimatedDepartureDateTime",
        "EstimatedArrivalDateTime",
        "Transactions",
    },
    "complete": {"Id", "ActualArrivalDateTime", "PaymentType", "AcceptedPackages", "ReturnedPackages"},
    "retailer": {"DateTime", *_CREW, "EstimatedDepartureDateTime", "Destinations", "Packages"},
    "depart": {"RetailerDeliveryId"},
    "restock": {
        "RetailerDeliveryId",
        "DateTime",
        "EstimatedDepartureDateTime",
        "Destinations",
        "Packages",
    },
    "sale": {
        "RetailerDeliveryId",
        *_SALE,
        "PhoneNumberForQuestions",
        *_RECIPIENT,
        "PlannedRoute",
        "EstimatedDepartureDateTime",
        "EstimatedArrivalDateTime",
        "Transactions",
    },
    "end": {"RetailerDeliveryId", "ActualArrivalDateTime", "Packages"},
    "adjust": {"Label", "Quantity", "UnitOfMeasure", "AdjustmentReason", "AdjustmentDate", "ReasonNote"},
}


_WITHOUT_IDS = frozenset({"depart", "complete", "receipt again", "delivery again"})


class DroppedError(Exception):
    """The connection ends without an answer."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else orjson.dumps(self.body, default=float)


class _RefusedError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)


@dataclass
class MetrcPeer:
    """One facility's Metrc. `down` answers 503 to all; `faults` befall the next writes, one each."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    packages: dict[str, JSON] = field(default_factory=dict)
    receipts: dict[int, JSON] = field(default_factory=dict)
    deliveries: dict[int, JSON] = field(default_factory=dict)
    ledgers: dict[int, JSON] = field(default_factory=dict)
    adjustments: list[JSON] = field(default_factory=list)
    facilities: list[JSON] = field(default_factory=lambda: [a_facility()])
    down: bool = False
    keys: tuple[str, str] = (VENDOR, USER)
    faults: list[Fault] = field(default_factory=list)
    delay: float = 0
    retry_after: str = "1"
    asked: list[str] = field(default_factory=list)
    told: list[tuple[str, list[JSON]]] = field(default_factory=list)
    _last_id: int = 0

    def stock(self, tag: str, quantity: float, unit: str = "Each") -> None:
        self.packages[tag] = {
            "Id": self._id(),
            "Label": tag,
            "Quantity": Decimal(str(quantity)),
            "UnitOfMeasureName": unit,
            "IsFinished": False,
            "LastModified": self._stamp(),
        }

    async def answer(
        self, method: str, path: str, query: dict[str, str], authorization: str, body: bytes
    ) -> Reply:
        """Answer as Metrc would. Raises DroppedError."""
        if self.delay:
            await asyncio.sleep(self.delay)
        self.asked.append(f"{method} {path}")
        if self.down:
            return Reply(503)
        if not self._knows(authorization):
            return Reply(401)
        if path == "/facilities/v2":
            return Reply(200, self.facilities)
        if query.get("licenseNumber") != LICENSE:
            return Reply(401)
        return self._read(path, query) if method == "GET" else self._write_with_faults(method, path, body)

    def _knows(self, authorization: str) -> bool:
        try:
            told = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return told == ":".join(self.keys)

    # Reading

    def _read(self, path: str, query: dict[str, str]) -> Reply:
        if path in self._lists():
            return _page(self._lists()[path], query)
        *_, kind, last = path.split("/")
        if path.startswith("/sales/v2/receipts/external/"):
            found = [one for one in self.receipts.values() if one["ExternalReceiptNumber"] == last]
            return Reply(200, found[0]) if found else Reply(401)  # as documented
        if path == f"/packages/v2/{last}":
            return Reply(200, self.packages[last]) if last in self.packages else Reply(401)  # as documented
        things = self._things(kind)
        if things is None or not last.isdigit():
            return Reply(404)
        thing = things.get(int(last))
        return Reply(401) if thing is None else Reply(200, thing)

    def _things(self, kind: str) -> dict[int, JSON] | None:
        return {"receipts": self.receipts, "deliveries": self.deliveries, "retailer": self.ledgers}.get(kind)

    def _lists(self) -> dict[str, list[JSON]]:
        return {
            "/packages/v2/active": list(self.packages.values()),
            "/packages/v2/adjustments": self.adjustments,
            "/sales/v2/receipts/active": [one for one in self.receipts.values() if not one["ArchivedDate"]],
            "/sales/v2/deliveries/active": _open(self.deliveries),
            "/sales/v2/deliveries/inactive": _closed(self.deliveries),
            "/sales/v2/deliveries/retailer/active": _open(self.ledgers),
            "/sales/v2/deliveries/retailer/inactive": _closed(self.ledgers),
        }

    # Writing

    def _write_with_faults(self, method: str, path: str, body: bytes) -> Reply:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "drop":
            raise DroppedError
        if fault == "503":
            return Reply(503)
        if fault == "429":
            return Reply(429, headers={"Retry-After": self.retry_after})
        reply = self._write(method, path, body)
        if fault == "forget":
            raise DroppedError
        return Reply(500) if fault == "500 after" else reply

    def _write(self, method: str, path: str, body: bytes) -> Reply:
        if method == "DELETE":
            return self._void(path)
        work = {
            "POST /sales/v2/receipts": ("receipts", self._receipt),
            "PUT /sales/v2/receipts": ("receipt again", self._receipt_again),
            "PUT /sales/v2/deliveries": ("delivery again", self._delivery_again),
            "POST /sales/v2/deliveries": ("deliveries", self._delivery),
            "PUT /sales/v2/deliveries/complete": ("complete", self._complete),
            "POST /sales/v2/deliveries/retailer": ("retailer", self._ledger),
            "POST /sales/v2/deliveries/retailer/depart": ("depart", self._depart),
            "POST /sales/v2/deliveries/retailer/restock": ("restock", self._restock),
            "POST /sales/v2/deliveries/retailer/sale": ("sale", self._sale),
            "POST /sales/v2/deliveries/retailer/end": ("end", self._end),
            "POST /packages/v2/adjust": ("adjust", self._adjust),
        }.get(f"{method} {path}")
        if work is None:
            return Reply(404)
        name, do = work
        rows = _rows(body)
        if rows is None:
            return Reply(400, {"Message": "The request body must be an array of objects."})
        if len(rows) > 10:
            return Reply(413)
        for row in rows:
            unknown = row.keys() - _FIELDS[name]
            if unknown:
                return Reply(400, {"Message": f"Unknown fields: {', '.join(sorted(unknown))}"})
        return self._all_or_none(name, do, rows)

    def _all_or_none(self, name: str, do: Callable[[JSON], int | None], rows: list[JSON]) -> Reply:
        kept = self._snapshot()
        problems, ids = [], []
        for place, row in enumerate(rows):
            try:
                _check_times(row)
                ids.append(do(row))
            except _RefusedError as refusal:
                problems.append({"row": place, "message": str(refusal)})
        if problems:
            self._restore(kept)
            return Reply(400, problems)
        self.told.append((name, rows))
        return Reply(204) if name in _WITHOUT_IDS else Reply(200, {"Ids": ids, "Warnings": None})

    def _snapshot(self) -> tuple[Any, ...]:
        return (
            {tag: dict(one) for tag, one in self.packages.items()},
            dict(self.receipts),
            {key: dict(one) for key, one in self.deliveries.items()},
            {
                key: dict(one) | {"Packages": [dict(x) for x in one["Packages"]]}
                for key, one in self.ledgers.items()
            },
            list(self.adjustments),
        )

    def _restore(self, kept: tuple[Any, ...]) -> None:
        self.packages, self.receipts, self.deliveries, self.ledgers, self.adjustments = kept

    def _receipt(self, row: JSON) -> int:
        self._take(row["Transactions"])
        made = self._id()
        self.receipts[made] = {
            **row,
            "Id": made,
            "TotalPrice": _total(row["Transactions"]),
            "IsFinal": False,
            "ArchivedDate": None,
            "LastModified": self._stamp(),
        }
        return made

    def _receipt_again(self, row: JSON) -> None:
        receipt = self.receipts.get(row["Id"])
        if receipt is None or receipt["ArchivedDate"] is not None:
            raise _RefusedError("Sales Receipt was not found.")
        if not row["Transactions"]:
            raise _RefusedError("A sale has at least one transaction.")
        self._give_back(receipt["Transactions"])
        self._take(row["Transactions"])
        self.receipts[row["Id"]] = receipt | self._restated(row)

    def _delivery_again(self, row: JSON) -> None:
        delivery = self.deliveries.get(row["Id"])
        if delivery is None or delivery["VoidedDate"] is not None:
            raise _RefusedError("Sales Delivery was not found.")
        if not row["Transactions"]:
            raise _RefusedError("A sale has at least one transaction.")
        if delivery["CompletedDateTime"] is not None:
            self._give_back(delivery["Transactions"])
            self._take(row["Transactions"])
        self.deliveries[row["Id"]] = delivery | self._restated(row)

    def _restated(self, row: JSON) -> JSON:
        return row | {"TotalPrice": _total(row["Transactions"]), "LastModified": self._stamp()}

    def _void(self, path: str) -> Reply:
        """Archive a receipt, or void a delivery or ledger; what it took is back in its packages."""
        *_, kind, last = path.split("/")
        thing = (self._things(kind) or {}).get(int(last)) if last.isdigit() else None
        if thing is None:
            return Reply(404)
        ended = "ArchivedDate" if kind == "receipts" else "VoidedDate"
        if thing[ended] is not None:
            return Reply(400, {"Message": "It is void already."})
        if kind == "retailer" and thing["ActualDepartureDateTime"] is not None:
            return Reply(400, {"Message": "Retailer Delivery has departed."})
        if kind == "receipts" or (kind == "deliveries" and thing["CompletedDateTime"] is not None):
            self._give_back(thing["Transactions"])
        thing |= {ended: self._stamp(), "LastModified": self._stamp()}
        self.told.append((f"void {kind}", [{"Id": int(last)}]))
        return Reply(204)

    def _give_back(self, lines: list[JSON]) -> None:
        for line in lines:
            self.packages[line["PackageLabel"]]["Quantity"] += Decimal(str(line["Quantity"]))

    def _delivery(self, row: JSON) -> int:
        for line in row["Transactions"]:
            self._package(line["PackageLabel"], line["Quantity"], line["UnitOfMeasure"])
        return self._add_delivery(row, completed=None)

    def _add_delivery(self, row: JSON, *, completed: str | None) -> int:
        made = self._id()
        self.deliveries[made] = {
            **row,
            "Id": made,
            "TotalPrice": _total(row["Transactions"]),
            "CompletedDateTime": completed,
            "VoidedDate": None,
            "LastModified": self._stamp(),
        }
        return made

    def _complete(self, row: JSON) -> None:
        delivery = self.deliveries.get(row["Id"])
        if delivery is None:
            raise _RefusedError("Sales Delivery was not found.")
        if delivery["CompletedDateTime"] is not None:
            raise _RefusedError("Sales Delivery was completed already.")
        lines = {line["PackageLabel"]: line for line in delivery["Transactions"]}
        named = [*row["AcceptedPackages"], *(one["Label"] for one in row["ReturnedPackages"])]
        if sorted(named) != sorted(lines):
            raise _RefusedError("Every package of the delivery must be accepted or returned, once.")
        self._take([lines[tag] for tag in row["AcceptedPackages"]])
        delivery["CompletedDateTime"] = row["ActualArrivalDateTime"]
        delivery["LastModified"] = self._stamp()

    def _ledger(self, row: JSON) -> int:
        if not row["DriverName"] or not row["VehicleLicensePlateNumber"]:
            raise _RefusedError("Driver and vehicle are required.")
        labels = [line["PackageLabel"] for line in row["Packages"]]
        if len(set(labels)) != len(labels):
            raise _RefusedError("A package stands in one delivery once.")
        for line in row["Packages"]:
            self._package(line["PackageLabel"], line["Quantity"], line["UnitOfMeasure"])
        made = self._id()
        self.ledgers[made] = {
            **row,
            "Id": made,
            "Packages": [dict(line) for line in row["Packages"]],
            "Destinations": [],
            "ActualDepartureDateTime": None,
            "RestockDateTime": None,
            "CompletedDateTime": None,
            "VoidedDate": None,
            "LastModified": self._stamp(),
        }
        return made

    def _find_ledger(self, row: JSON, *, departed: bool) -> JSON:
        ledger = self.ledgers.get(row["RetailerDeliveryId"])
        if ledger is None:
            raise _RefusedError("Retailer Delivery was not found.")
        if ledger["CompletedDateTime"] is not None:
            raise _RefusedError("Retailer Delivery has ended.")
        if (ledger["ActualDepartureDateTime"] is not None) != departed:
            raise _RefusedError("Retailer Delivery has departed." if not departed else "It has not departed.")
        ledger["LastModified"] = self._stamp()
        return ledger

    def _depart(self, row: JSON) -> None:
        self._find_ledger(row, departed=False)["ActualDepartureDateTime"] = self._stamp()

    def _restock(self, row: JSON) -> int:
        ledger = self._find_ledger(row, departed=True)
        for line in row["Packages"]:
            self._package(line["PackageLabel"], line["Quantity"], line["UnitOfMeasure"])
            sign = -1 if line["RemoveCurrentPackage"] else 1
            self._load(ledger, line["PackageLabel"], sign * line["Quantity"], line["UnitOfMeasure"])
        ledger["RestockDateTime"] = row["DateTime"]
        return int(ledger["Id"])

    def _sale(self, row: JSON) -> int:
        ledger = self._find_ledger(row, departed=True)
        for line in row["Transactions"]:
            self._load(ledger, line["PackageLabel"], -line["Quantity"], line["UnitOfMeasure"])
        self._take(row["Transactions"])
        sold = {name: value for name, value in row.items() if name != "RetailerDeliveryId"}
        made = self._add_delivery(sold, completed=row["SalesDateTime"])
        ledger["Destinations"] = [*ledger["Destinations"], self.deliveries[made]]
        return made

    def _end(self, row: JSON) -> int:
        ledger = self._find_ledger(row, departed=True)
        left = {
            line["PackageLabel"]: float(line["Quantity"]) for line in ledger["Packages"] if line["Quantity"]
        }
        told = {line["Label"]: float(line["EndQuantity"]) for line in row["Packages"]}
        if told != left:
            raise _RefusedError(f"The ledger holds {len(left)} packages at its end, {len(told)} were told.")
        ledger["CompletedDateTime"] = row["ActualArrivalDateTime"]
        return int(ledger["Id"])

    def _adjust(self, row: JSON) -> int:
        package = self._package(row["Label"], 0, row["UnitOfMeasure"])
        if package["Quantity"] + Decimal(str(row["Quantity"])) < 0:
            raise _RefusedError("The quantity of a package is never below zero.")
        package["Quantity"] += Decimal(str(row["Quantity"]))
        self.adjustments.append(
            {
                "PackageLabel": row["Label"],
                "AdjustmentQuantity": row["Quantity"],
                "AdjustmentReasonName": row["AdjustmentReason"],
                "AdjustmentNote": row["ReasonNote"],
                "AdjustmentDate": row["AdjustmentDate"],
            }
        )
        return int(package["Id"])

    def _load(self, ledger: JSON, tag: str, quantity: float, unit: str) -> None:
        lines = {line["PackageLabel"]: line for line in ledger["Packages"]}
        if tag not in lines:
            if quantity < 0:
                raise _RefusedError(f"Package {tag} is not on the delivery.")
            ledger["Packages"].append({"PackageLabel": tag, "Quantity": quantity, "UnitOfMeasure": unit})
            return
        if lines[tag]["Quantity"] + quantity < 0:
            raise _RefusedError(f"Package {tag} has too little on the delivery.")
        lines[tag]["Quantity"] += quantity

    def _take(self, lines: list[JSON]) -> None:
        labels = [line["PackageLabel"] for line in lines]
        if len(set(labels)) != len(labels):
            raise _RefusedError("A package stands in one sale once.")
        for line in lines:
            unknown = line.keys() - _TRANSACTION
            if unknown:
                raise _RefusedError(f"Unknown fields: {', '.join(sorted(unknown))}")
            package = self._package(line["PackageLabel"], line["Quantity"], line["UnitOfMeasure"])
            package["Quantity"] -= Decimal(str(line["Quantity"]))
            package["LastModified"] = self._stamp()

    def _package(self, tag: str, quantity: float, unit: str) -> JSON:
        package = self.packages.get(tag)
        if package is None:
            raise _RefusedError(f"Package {tag} was not found.")
        if package["UnitOfMeasureName"] != unit:
            raise _RefusedError(f"Package {tag} is measured in {package['UnitOfMeasureName']}.")
        if package["Quantity"] < Decimal(str(quantity)):
            raise _RefusedError(f"Package {tag} holds only {package['Quantity'].normalize():f}.")
        return package

    def _id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat()

    # Fronts

    def transport(self) -> httpx.MockTransport:
        """The same without a network, for speed."""

        async def handle(request: httpx.Request) -> httpx.Response:
            try:
                reply = await self.answer(
                    request.method,
                    request.url.path,
                    dict(request.url.params),
                    request.headers.get("authorization", ""),
                    await request.aread(),
                )
            except DroppedError:
                raise httpx.ReadError("dropped", request=request) from None
            return httpx.Response(reply.status, headers=reply.headers, content=reply.content)

        return httpx.MockTransport(handle)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a port of this machine; yields the address."""

        async def handle(request: web.Request) -> web.Response:
            query = dict(parse_qsl(request.query_string))
            authorization = request.headers.get("Authorization", "")
            try:
                reply = await self.answer(
                    request.method, request.path, query, authorization, await request.read()
                )
            except DroppedError:
                assert request.transport is not None
                request.transport.close()
                return web.Response(status=500)
            return web.Response(
                status=reply.status,
                headers=reply.headers,
                body=reply.content,
                content_type="application/json",
            )

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()


def a_facility(license_no: str = LICENSE, *, without: str | None = None) -> JSON:
    """Return a place that may do everything but one thing."""
    kinds = ("CanSellToConsumers", "CanDeliverSalesToConsumers", "RetailerDelivery")
    return {
        "FacilityId": 1,
        "Name": "Faded Skies",
        "FacilityType": {kind: kind != without for kind in kinds},
        "License": {"Number": license_no, "LicenseType": "Retailer"},
    }


def _open(things: dict[int, JSON]) -> list[JSON]:
    return [one for one in things.values() if one["CompletedDateTime"] is None and not one["VoidedDate"]]


def _closed(things: dict[int, JSON]) -> list[JSON]:
    return [one for one in things.values() if one["CompletedDateTime"] is not None or one["VoidedDate"]]


def _rows(body: bytes) -> list[JSON] | None:
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def _check_times(row: JSON) -> None:
    for name, value in row.items():
        if name.endswith("DateTime") and (not isinstance(value, str) or not _LOCAL.fullmatch(value)):
            raise _RefusedError(f"{name} must be local time without a zone.")


def _total(lines: list[JSON]) -> float:
    return float(sum(Decimal(str(line["TotalAmount"])) for line in lines))


def _page(rows: list[JSON], query: dict[str, str]) -> Reply:
    size, page = int(query.get("pageSize", 0)) or len(rows) or 1, int(query.get("pageNumber", 1))
    if "pageSize" in query and not 1 <= int(query["pageSize"]) <= 20:
        return Reply(400, {"Message": "pageSize must not exceed 20."})
    if "lastModifiedStart" in query or "lastModifiedEnd" in query:
        start, end = (
            datetime.fromisoformat(query[name]) for name in ("lastModifiedStart", "lastModifiedEnd")
        )
        if end - start > timedelta(hours=24):
            return Reply(400, {"Message": "The range of lastModified must not exceed 24 hours."})
        rows = [row for row in rows if start <= datetime.fromisoformat(row["LastModified"]) < end]
    part = rows[(page - 1) * size : page * size]
    pages = -(-len(rows) // size)
    return Reply(
        200,
        {
            "Data": part,
            "Total": len(rows),
            "TotalRecords": len(rows),
            "PageSize": size,
            "RecordsOnPage": len(part),
            "Page": page,
            "CurrentPage": page,
            "TotalPages": pages,
        },
    )
