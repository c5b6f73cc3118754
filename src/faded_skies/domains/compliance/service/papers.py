"""What rule files may want on papers, by the kind of paper; tests hold that whoever lays papers out has it all."""

from collections.abc import Mapping

_RETAILER = ("name", "legal_name", "address", "phone", "license_no", "license_type", "license_issuer")
_PLACE = ("city", "state", "zip")
_GOODS = ("name", "category", "package_tag", "units", "quantity", "price")


def _within(branch: str, *leaves: str) -> set[str]:
    return {f"{branch}.{leaf}" for leaf in leaves}


_CARRIED = (*_GOODS, "order_number", "net_weight_mg", "value")
_MANIFEST = frozenset(
    {
        "ledger_no",
        *_within("manifest", "number", "version", "made_at"),
        *_within("retailer", *_RETAILER),
        *_within("driver", "name", "first_name", "employee_no", "license_no", "born_on"),
        *_within("vehicle", "make", "model", "plate", "vin", "enclosed"),
        *_within("trip", "id", "started_at", "people"),
        *_within("stops[]", "place", "order_number", "address", *_PLACE, "status", "arrived_at", "ended_at"),
        *_within("stops[]", "eta", "value"),
        *_within("stops[].customer", "first_name", "no", "name", "phone"),
        *_within("items[]", *_CARRIED),
        *_within("preordered[]", *_CARRIED),
        *_within("totals", "stops", "units", "net_weight_mg", "value"),
    }
)
_OF_AN_ORDER = frozenset(
    {
        "made_at",
        *_within("order", "number", "status"),
        *_within("retailer", *_RETAILER),
        *_within("customer", "first_name", "name", "no", "class", "signature"),
        *_within("driver", "first_name", "employee_no"),
        *_within("preparer", "first_name", "employee_no"),
        "requested_at",
        "delivered_at",
        "delivery_address",
        *_within("address", *_PLACE, "county"),
        *_within("items[]", *_GOODS, "description", "measure", "unit_price"),
        *_within("taxes[]", "name", "rate", "amount"),
        *_within("totals", "subtotal", "tax", "delivery_fee", "tip", "total", "coins", "due", "tender"),
        "total_paid",
        *_within("refunds[]", "amount", "status", "at"),
    }
)
PAPERS: Mapping[str, frozenset[str]] = {
    "manifest": _MANIFEST,
    "receipt": _OF_AN_ORDER,
    "completion": _OF_AN_ORDER,
}
