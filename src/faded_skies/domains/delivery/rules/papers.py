"""Manifests and receipts, laid out as sheets. What is not there is a dash."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from faded_skies.domains.delivery.rules.sheets import Sheet, Table

NOTHING = "-"
_G_PER_KG = 1000

Content = Mapping[str, Any]


def manifest_sheet(content: Content, *, title: str, timezone: ZoneInfo) -> Sheet:
    """Return a trip's manifest as a page, its times in the shop's zone."""
    about, retailer, driver = content["manifest"], content["retailer"], content["driver"]
    trip, vehicle = content["trip"], content["vehicle"]
    when = _moment(trip["started_at"], timezone)
    return Sheet(
        title=title,
        subtitle=f"No. {about['number']}, version {about['version']} · departed {when}",
        facts=[
            [
                ("Retailer", _text(retailer.get("name"))),
                ("Licence", _text(retailer.get("license_no"))),
                ("Driver", _named(driver.get("name"), driver.get("employee_no"), "employee")),
                *([("Driver's licence", _text(driver["license_no"]))] if "license_no" in driver else []),
                ("Vehicle", _vehicle(vehicle)),
                ("People on board", _text(trip.get("people"))),
            ]
        ],
        tables=[
            Table(
                "Stops",
                ("#", "Order", "Customer", "Address", "Status", "Value"),
                [
                    (
                        _text(stop["place"]),
                        _text(stop["order_number"]),
                        _text(_customer(stop)),
                        _text(stop["address"]),
                        _outcome(stop, timezone),
                        _dollars(stop.get("value")),
                    )
                    for stop in content["stops"]
                ],
                shares=(1, 4, 4, 9, 5, 3),
                numbers=frozenset({5}),
            ),
            Table(
                "Goods",
                ("Order", "Product", "Category", "Package", "Units", "Net weight", "Value"),
                [
                    (
                        _text(item["order_number"]),
                        _text(item["name"]),
                        _text(item["category"]),
                        _text(item.get("package_tag")),
                        _text(item["units"]),
                        _weight(item.get("net_weight_mg")),
                        _dollars(item.get("value")),
                    )
                    for item in content["items"]
                ],
                shares=(9, 11, 6, 17, 4, 7, 6),
                numbers=frozenset({4, 5, 6}),
            ),
        ],
        notes=[_together(content["totals"])],
        foot=f"Manifest {about['number']} v{about['version']} · trip {trip['id']}",
        made_at=about["made_at"],
    )


def receipt_sheet(content: Content, *, title: str, timezone: ZoneInfo) -> Sheet:
    """Return an order's receipt as a page, its times in the shop's zone."""
    order, retailer, totals = content["order"], content["retailer"], content["totals"]
    customer, driver = content["customer"], content["driver"]
    sums = [
        ("Goods", _dollars(totals["subtotal"])),
        *((_tax(tax), _dollars(tax["amount"])) for tax in content["taxes"]),
        ("Delivery", _dollars(totals["delivery_fee"])),
        ("Tip", _dollars(totals["tip"])),
        ("Total", _dollars(totals["total"])),
        *([("FS coins", f"-{_dollars(totals['coins'])}")] if totals["coins"] else []),
        (f"Paid ({totals['tender']})", _dollars(content["total_paid"])),
        *(
            (f"Given back, {_moment(one['at'], timezone)}", _dollars(one["amount"]))
            for one in content["refunds"]
        ),
    ]
    return Sheet(
        title=title,
        subtitle=" · ".join(
            (
                f"Order {order['number']}",
                f"{_text(retailer.get('name'))}, licence {_text(retailer.get('license_no'))}",
            )
        ),
        facts=[
            [
                ("Customer", _named(customer.get("name") or customer["first_name"], customer["no"], "no.")),
                ("Delivered to", _text(content["delivery_address"])),
                ("Ordered", _moment(content["requested_at"], timezone)),
                ("Handed over", _moment(content["delivered_at"], timezone)),
                ("Driver", _named(driver.get("first_name"), driver.get("employee_no"), "employee")),
                *(
                    [
                        (
                            "Packed by",
                            _named(
                                content["preparer"].get("first_name"),
                                content["preparer"].get("employee_no"),
                                "employee",
                            ),
                        )
                    ]
                    if "preparer" in content
                    else []
                ),
                ("Signature", _text(customer.get("signature"))),
                ("State", _text(order["status"])),
            ]
        ],
        tables=[
            Table(
                "Items",
                ("Item", "Measure", "Package", "Units", "Each", "Price"),
                [
                    (
                        _text(item["name"]),
                        _text(item["measure"]),
                        _text(item.get("package_tag")),
                        _text(item["units"]),
                        _dollars(item["unit_price"]),
                        _dollars(item["price"]),
                    )
                    for item in content["items"]
                ],
                shares=(14, 6, 16, 4, 5, 6),
                numbers=frozenset({3, 4, 5}),
            ),
            Table("Sums", ("", "Amount"), sums, shares=(4, 1), numbers=frozenset({1})),
        ],
        notes=[],
        foot=f"Order {order['number']} · {_text(retailer.get('name'))}",
        made_at=content["made_at"],
    )


def _together(totals: Content) -> str:
    weight, value = _weight(totals["net_weight_mg"]), _dollars(totals["value"])
    return f"Together: {totals['stops']} stops, {totals['units']} units, {weight}, {value} at retail prices."


def _text(value: object) -> str:
    return NOTHING if value is None or value == "" else str(value)


def _named(name: object, number: object, word: str) -> str:
    return _text(name) if not number else f"{_text(name)} ({word} {number})"


def _customer(stop: Content) -> object:
    customer = stop.get("customer", {})
    return customer.get("name") or customer.get("first_name") or customer.get("no")


def _vehicle(vehicle: Content) -> str:
    parts: Sequence[object] = [vehicle.get(name) for name in ("make", "model", "plate", "vin")]
    return ", ".join(str(part) for part in parts if part) or NOTHING


def _outcome(stop: Content, timezone: ZoneInfo) -> str:
    word = str(stop["status"]).replace("_", " ")
    return word if stop.get("ended_at") is None else f"{word}, {_moment(stop['ended_at'], timezone)}"


def _moment(text: str | None, timezone: ZoneInfo) -> str:
    if text is None:
        return NOTHING
    return datetime.fromisoformat(text).astimezone(timezone).strftime("%Y-%m-%d %H:%M %Z")


def _dollars(amount: float | None) -> str:
    return NOTHING if amount is None else f"${amount:,.2f}"


def _weight(mg: int | None) -> str:
    return NOTHING if not mg else f"{mg / _G_PER_KG:,.2f} g"


def _tax(tax: Content) -> str:
    return f"{tax['name']} ({tax['rate'] * 100:g} %)" if tax.get("rate") is not None else str(tax["name"])
