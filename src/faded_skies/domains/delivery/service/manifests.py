"""The paper that goes with a trip: put together, frozen at departure, and anew after each stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import ManifestNotFound
from faded_skies.domains.delivery.models.trips import DriverPapers, Manifest, Trip, TripStop, Vehicle
from faded_skies.domains.delivery.queries import trips as queries
from faded_skies.domains.delivery.service.fleet import license_context
from faded_skies.domains.places import service as places
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.errors import Unavailable
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring
from faded_skies.platform.money import to_dollars

# What is on every manifest; what the law wants besides comes from its file. It stays for years, so of customers it
# tells no more than a number unless the law wants their names.
_ALWAYS = (
    "ledger_no",
    "manifest",
    "retailer.name",
    "retailer.license_no",
    "driver.name",
    "driver.employee_no",
    "vehicle.make",
    "vehicle.model",
    "vehicle.plate",
    "trip",
    "stops[].place",
    "stops[].order_number",
    "stops[].address",
    "stops[].status",
    "stops[].arrived_at",
    "stops[].ended_at",
    "stops[].value",
    "stops[].customer.no",
    "items[].order_number",
    "items[].name",
    "items[].category",
    "items[].package_tag",
    "items[].units",
    "items[].net_weight_mg",
    "items[].value",
    "totals",
)
_LICENSE = "driver.license_no"


@dataclass(frozen=True, slots=True)
class Load:
    """What a manifest is made of, besides the trip."""

    driver: DriverPapers
    vehicle: Vehicle | None
    stops: Sequence[TripStop]
    goods: Sequence[Row]
    license_number: str | None


def context_of(manifest_id: UUID) -> str:
    """Return what the licence number beside a manifest is bound to."""
    return f"manifest:{manifest_id}"


def demanded(book: RuleBook) -> list[str]:
    """Return the paths that the law wants on what goes with a trip."""
    return [
        path
        for document in book.documents
        if document.kind == "manifest" and document.event == "trip.depart"
        for path in document.fields
    ]


def title_of(book: RuleBook) -> str:
    """Return what the law calls the paper."""
    return next((one.title for one in book.documents if one.kind == "manifest"), "Delivery manifest")


def open_license(keyring: Keyring, driver: DriverPapers) -> str | None:
    """Return the driver's licence number. Raises KeyLost, Tampered."""
    if driver.license_wrapped is None:
        return None
    return keyring.unwrap(driver.license_wrapped, context=license_context(driver.driver_id)).decode()


async def _lay_out(
    tx: Tx, trip: Trip, load: Load, *, number: int, version: int, now: datetime
) -> dict[str, Any]:
    """Return everything that a manifest of the trip could tell, as a tree."""
    driver, vehicle = load.driver, load.vehicle
    numbers = {stop.order_id: stop.order_number for stop in load.stops}
    value: dict[UUID, int] = dict.fromkeys(numbers, 0)
    for line in load.goods:
        value[line["order_id"]] += line["total_price_cents"]
    items = [_item(line, numbers[line["order_id"]]) for line in load.goods]
    return {
        "ledger_no": str(number),
        "manifest": {"number": number, "version": version, "made_at": _text(now)},
        "retailer": await retailer(tx),
        "driver": {
            "name": driver.full_name,
            "first_name": driver.full_name.partition(" ")[0],
            "employee_no": driver.employee_no,
            "license_no": load.license_number,
            "born_on": None if driver.born_on is None else driver.born_on.isoformat(),
        },
        "vehicle": {}
        if vehicle is None
        else {
            "make": vehicle.make,
            "model": vehicle.model,
            "plate": vehicle.plate,
            "vin": vehicle.vin,
            "enclosed": vehicle.enclosed,
        },
        "trip": {"id": str(trip.id), "started_at": _text(trip.departed_at or now), "people": trip.people},
        "stops": [_stop(stop, value[stop.order_id]) for stop in load.stops],
        "items": items,
        "preordered": items,
        "totals": {
            "stops": len(load.stops),
            "units": sum(line["quantity"] for line in load.goods),
            "net_weight_mg": sum(line["net_weight_mg"] * line["quantity"] for line in load.goods),
            "value": to_dollars(sum(value.values())),
        },
    }


async def retailer(source: Database | Tx) -> dict[str, Any]:
    """Return what papers tell of the shop; nothing before it is set up."""
    try:
        shop = await places.get_shop(source)
    except Unavailable:
        return {}
    return {
        "name": shop.name,
        "legal_name": shop.legal_name or shop.name,
        "address": shop.address,
        "phone": shop.phone,
        "license_no": shop.license_number,
        "license_type": shop.license_type,
        "license_issuer": shop.license_issuer,
    }


def customer_number(customer_id: UUID) -> str:
    """Return the number that stands for a customer on papers: the end of their id, which is chance."""
    return customer_id.hex[-10:].upper()


def one_line(address: dict[str, Any]) -> str:
    """Return an address as one line."""
    street = " ".join(str(address[part]) for part in ("addressLine1", "addressLine2") if address.get(part))
    return f"{street}, {address['city']}, {address['state']} {address['zipCode']}"


def _stop(stop: TripStop, value_cents: int) -> dict[str, Any]:
    address = stop.delivery_address
    return {
        "place": stop.place,
        "order_number": stop.order_number,
        "address": one_line(address),
        "city": address["city"],
        "state": address["state"],
        "zip": address["zipCode"],
        "status": stop.outcome or "on board",
        "arrived_at": None if stop.arrived_at is None else _text(stop.arrived_at),
        "ended_at": None if stop.ended_at is None else _text(stop.ended_at),
        "eta": None if stop.eta_at is None else _text(stop.eta_at),
        "value": to_dollars(value_cents),
        "customer": {
            "first_name": stop.customer_name.partition(" ")[0],
            "no": customer_number(stop.customer_id),
            "name": stop.customer_name,
            "phone": stop.customer_phone,
        },
    }


def _item(line: Row, order_number: str) -> dict[str, Any]:
    return {
        "order_number": order_number,
        "name": line["name"],
        "category": line["product_class"],
        "package_tag": line["package_tag"] or compliance.untracked(line["product_class"]),
        "units": line["quantity"],
        "quantity": line["quantity"],
        "net_weight_mg": line["net_weight_mg"] * line["quantity"],
        "price": to_dollars(line["unit_price_cents"]),
        "value": to_dollars(line["total_price_cents"]),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Draft:
    """The next version of a trip's manifest, whole: what of it is kept is for `freeze` to say."""

    number: int
    version: int
    tree: dict[str, Any]
    before: str | None
    """The digest of the version before it."""


async def draft(tx: Tx, trip: Trip, load: Load, *, now: datetime) -> Draft:
    """Put the next version together. The caller holds the trip."""
    last = await queries.find_manifest(tx, trip.id)
    number = await queries.next_manifest_number(tx) if last is None else last.number
    version = 1 if last is None else last.version + 1
    tree = await _lay_out(tx, trip, load, number=number, version=version, now=now)
    return Draft(number, version, tree, None if last is None else last.digest)


async def freeze(
    tx: Tx, keyring: Keyring, trip: Trip, made: Draft, book: RuleBook, *, now: datetime
) -> Manifest:
    """Keep a draft for good: what is on every manifest, and what the law wants."""
    wanted = demanded(book)
    content = rules.pick(made.tree, [*_ALWAYS, *(path for path in wanted if path != _LICENSE)])
    number = made.tree["driver"]["license_no"]
    manifest_id, wrapped = new_id(), None
    if _LICENSE in wanted and number is not None:
        wrapped = keyring.wrap(number.encode(), context=context_of(manifest_id))
    manifest = Manifest(
        id=manifest_id,
        trip_id=trip.id,
        number=made.number,
        version=made.version,
        content=content,
        license_wrapped=wrapped,
        digest=rules.digest_of(content, before=made.before),
        made_at=now,
    )
    await queries.insert_manifest(tx, manifest)
    return manifest


async def get_manifest(db: Database, keyring: Keyring, trip_id: UUID, *, version: int | None) -> Manifest:
    """Return a version of a trip's manifest with the licence number in it, the last one unless told otherwise.

    Raises ManifestNotFound, KeyLost, Tampered.
    """
    manifest = await queries.find_manifest(db, trip_id, version=version)
    if manifest is None:
        raise ManifestNotFound
    if manifest.license_wrapped is not None:
        opened = keyring.unwrap(manifest.license_wrapped, context=context_of(manifest.id))
        manifest.content["driver"]["license_no"] = opened.decode()
    return manifest


async def skip_manifest_numbers(tx: Tx, count: int) -> None:
    """Leave so many manifest numbers unused: after a restore, those of lost manifests are on papers."""
    await queries.skip_manifest_numbers(tx, count)
