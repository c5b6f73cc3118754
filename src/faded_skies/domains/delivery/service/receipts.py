"""Papers of an order: its receipt, and the record of its handover where the law wants one."""

from typing import Any, Literal
from uuid import UUID

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.errors import NoReceiptYet, NotHandedOver
from faded_skies.domains.delivery.queries import receipts as queries
from faded_skies.domains.delivery.queries import trips
from faded_skies.domains.delivery.service.manifests import customer_number, one_line, retailer
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Order, Status
from faded_skies.domains.places.ports import Gazetteer
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Row
from faded_skies.platform.money import to_dollars

_COUNTY = "address.county"
_UNCONFIRMED = frozenset({Status.PENDING, Status.PAYMENT_FAILED})
# What is on every receipt. Of the customer only the first name and a number, unless the law wants more.
_ALWAYS = (
    "made_at",
    "order",
    "retailer.name",
    "retailer.license_no",
    "customer.first_name",
    "customer.no",
    "customer.signature",
    "driver.first_name",
    "driver.employee_no",
    "requested_at",
    "delivered_at",
    "delivery_address",
    "items[].name",
    "items[].category",
    "items[].measure",
    "items[].package_tag",
    "items[].units",
    "items[].unit_price",
    "items[].price",
    "taxes",
    "totals",
    "total_paid",
    "refunds",
)


_TITLES = {"receipt": "Receipt", "completion": "Record of handover"}

Kind = Literal["receipt", "completion"]


async def get_paper(
    db: Database, law: Law, gazetteer: Gazetteer, *, kind: Kind, actor: Actor, order_id: UUID
) -> tuple[dict[str, Any], list[str], str]:
    """Return a paper of an order, what the law misses on it, and its title.

    Raises OrderNotFound, NoReceiptYet; NotHandedOver for a completion of what is not delivered.
    """
    order = await orders.get_order_for(db, actor, order_id)
    if order.status in _UNCONFIRMED:
        raise NoReceiptYet
    if kind == "completion" and order.status is not Status.DELIVERED:
        raise NotHandedOver
    book = law.of_town(order.created_at, order.delivery_address["city"])
    documents = [one for one in book.documents if one.kind == kind]
    wanted = [path for one in documents for path in one.fields]
    county = await gazetteer.county(order.delivery_address["zipCode"]) if _COUNTY in wanted else None
    tree = await _lay_out(db, order, county=county)
    title = documents[0].title if documents else _TITLES[kind]
    return rules.pick(tree, [*_ALWAYS, *wanted]), rules.lacking(tree, wanted), title


async def _lay_out(db: Database, order: Order, *, county: str | None) -> dict[str, Any]:
    packer = await queries.find_packer(db, order.id)
    around = await queries.get_around(db, order.id)
    address = order.delivery_address
    lines = [_item(line) for line in await trips.list_goods(db, [order.id])]
    delivered = None if order.delivered_at is None else order.delivered_at.isoformat(timespec="seconds")
    return {
        "made_at": order.updated_at.isoformat(timespec="seconds"),
        "order": {"number": order.order_number, "status": order.status.value.replace("_", " ")},
        "retailer": await retailer(db),
        "customer": {
            "first_name": around["customer_name"].partition(" ")[0],
            "name": around["customer_name"],
            "no": customer_number(order.user_id),
            "class": "adult use",
            "signature": "signed electronically" if around["signed"] else None,
        },
        "driver": {"first_name": around["driver_first_name"], "employee_no": around["employee_no"]},
        "preparer": {} if packer is None else dict(packer),
        "requested_at": order.created_at.isoformat(timespec="seconds"),
        "delivered_at": delivered,
        "delivery_address": one_line(address),
        "address": {
            "city": address["city"],
            "state": address["state"],
            "zip": address["zipCode"],
            "county": county,
        },
        "items": lines,
        "taxes": [
            {"name": step["name"], "rate": step["rate"], "amount": step["amount"]}
            for step in order.taxes.get("breakdown", ())
        ],
        "totals": {
            "subtotal": to_dollars(order.subtotal_cents),
            "tax": to_dollars(order.tax_cents),
            "delivery_fee": to_dollars(order.delivery_fee_cents),
            "tip": to_dollars(order.tip_cents),
            "total": to_dollars(order.total_cents),
            "coins": to_dollars(order.coins_used),
            "due": to_dollars(order.amount_due_cents - order.paid_cents),
            "tender": order.tender.replace("_", " "),
        },
        "total_paid": to_dollars(order.paid_cents),
        "refunds": [
            {
                "amount": to_dollars(row["amount_cents"]),
                "status": row["status"],
                "at": row["at"].isoformat(timespec="seconds"),
            }
            for row in await queries.list_refunds(db, order.id)
        ],
    }


def _item(line: Row) -> dict[str, Any]:
    grams = f"{line['net_weight_mg'] / 1000:g} g each" if line["net_weight_mg"] else "by the piece"
    return {
        "name": line["name"],
        "description": line["name"],
        "category": line["product_class"],
        "measure": grams,
        "package_tag": line["package_tag"] or compliance.untracked(line["product_class"]),
        "units": line["quantity"],
        "quantity": line["quantity"],
        "unit_price": to_dollars(line["unit_price_cents"]),
        "price": to_dollars(line["total_price_cents"]),
    }
