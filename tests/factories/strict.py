"""The example's law with stricter parts, in place of the one that bootstrap read."""

import re
from pathlib import Path

from faded_skies.bootstrap import Application
from faded_skies.domains.compliance.service import Law, read_law

EXAMPLE = "us-tx-example"
_FILE = Path(__file__).parents[2] / "jurisdictions" / f"{EXAMPLE}.toml"

MANIFEST = """
[[document]]
kind = "manifest"
title = "Delivery inventory ledger"
event = "trip.depart"
fields = [
    "ledger_no", "retailer.name", "retailer.license_no", "driver.name", "driver.employee_no", "driver.license_no",
    "vehicle.make", "vehicle.model", "vehicle.plate", "items[].name", "items[].category", "items[].units",
    "trip.started_at", "stops[].address", "stops[].order_number",
]
source = "made_up"
"""

RECEIPT = """
[[document]]
kind = "receipt"
title = "Delivery request receipt"
event = "stop.arrive"
fields = [
    "retailer.legal_name", "retailer.license_no", "driver.first_name", "driver.employee_no", "preparer.first_name",
    "preparer.employee_no", "customer.first_name", "customer.no",
    "requested_at", "delivery_address", "items[].description", "items[].measure", "total_paid",
    "delivered_at", "customer.signature",
]
source = "made_up"
"""

COMPLETION = """
[[document]]
kind = "completion"
title = "Delivery completion"
event = "stop.delivered"
fields = ["delivered_at", "customer.class", "items[].package_tag", "items[].price", "address.city", "address.county"]
source = "made_up"
"""


def make_strict(app: Application, folder: Path, *more: str, **parts: str) -> Law:
    """Put further rules to the example's, and lines into its tables by name; the application obeys at once."""
    text = _FILE.read_text()
    for name, lines in parts.items():
        for line in lines.strip().splitlines():
            key = line.partition("=")[0].strip()
            text, _ = re.subn(rf"(?ms)(^\[{name}\]\n(?:(?!^\[).)*?)^{key} = [^\n]*\n", r"\1", text)
            text = text.replace(f"[{name}]\n", f"[{name}]\n{line.strip()}\n", 1)
    (folder / f"{EXAMPLE}.toml").write_text("\n".join((text, *more)))
    law = read_law(EXAMPLE, folder)
    app.ports.provide(Law, law)
    return law
