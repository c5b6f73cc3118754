"""What rule files may want on papers is what we lay out: nothing that may be asked for is unknown to the papers."""

from pathlib import Path

from factories.delivery import id_check
from factories.road import Road
from factories.strict import make_strict
from faded_skies.domains.compliance.service.papers import PAPERS

EMPTY = {
    "manifest": {
        "driver.employee_no",
        "driver.license_no",
        "vehicle.vin",
        "stops[].arrived_at",
        "stops[].ended_at",
        "items[].package_tag",
        "preordered[].package_tag",
        "retailer.address",
        "retailer.phone",
    },
    "receipt": {
        "customer.signature",
        "driver.employee_no",
        "preparer.employee_no",
        "items[].package_tag",
        "retailer.address",
        "retailer.phone",
    },
}
"""What is really not there at a departure and on a receipt of this shop."""


def demand(kind: str) -> str:
    fields = ", ".join(f'"{path}"' for path in sorted(PAPERS[kind]))
    return f"""
[[document]]
kind = "{kind}"
title = "Everything"
event = "trip.depart"
fields = [{fields}]
source = "made_up"
"""


async def test_a_manifest_can_tell_all_that_may_be_wanted(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, demand("manifest"))
    refused = await road.depart(await road.plan(await road.packed()))
    assert refused.json()["code"] == "DEPARTURE_REFUSED", refused.text
    (reason,) = refused.json()["reasons"]
    gaps = reason["reason"].removeprefix("The Everything lacks: ").removesuffix(".")
    assert set(gaps.split(", ")) == EMPTY["manifest"]


async def test_a_receipt_can_tell_all_that_may_be_wanted(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, demand("receipt"))
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await road.post(f"orders/{order_id}/deliver", {"idCheck": id_check()})
    told = await road.client.get(f"/api/orders/{order_id}/receipt", headers=road.customer.headers)
    assert set(told.json()["receipt"]["missing"]) == EMPTY["receipt"]
    assert PAPERS["completion"] == PAPERS["receipt"]
