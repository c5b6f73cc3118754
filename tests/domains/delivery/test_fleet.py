"""Vehicles and papers by HTTP, for staff."""

import asyncio
from typing import Any

import pytest

from factories.road import Road
from faded_skies.platform.ids import new_id


async def test_vehicles_are_added_changed_and_taken_out_of_use(road: Road) -> None:
    car: dict[str, object] = {"make": "Ford", "model": "Transit", "plate": "FS-7", "vin": "KNDCC3LG0L5000001"}
    car |= {"enclosed": False, "maxOrders": 12}
    answers = await asyncio.gather(*(road.staff("POST", "vehicles", car) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "PLATE_TAKEN"}
    (added,) = [answer.json()["vehicle"] for answer in answers if answer.status_code == 201]
    assert added == {**car, "id": added["id"], "isActive": True}
    taken = await road.staff("PATCH", f"vehicles/{added['id']}", {"plate": "FS-1042"})
    assert (taken.status_code, taken.json()["code"]) == (409, "PLATE_TAKEN")
    changed = await road.staff("PATCH", f"vehicles/{added['id']}", {"vin": None, "isActive": False})
    assert changed.json()["vehicle"] == {**added, "vin": None, "isActive": False}
    in_use = await road.staff("PATCH", f"vehicles/{road.vehicle_id}", {"isActive": False})
    assert (in_use.status_code, in_use.json()["code"]) == (409, "INVALID_STATE")
    listed = (await road.staff("GET", "vehicles?limit=1")).json()
    assert (listed["total"], listed["hasMore"], len(listed["vehicles"])) == (2, True, 1)
    assert (await road.staff("PATCH", f"vehicles/{new_id()}", {})).status_code == 404
    await road.post("shift", {"online": False, "closingCash": 0})
    gone = await road.post("shift", {"online": True, "vehicleId": added["id"]})
    assert (gone.status_code, gone.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "change",
    [
        {"plate": "fs-1"},
        {"plate": ""},
        {"vin": "KNDCC3LG0L500000I"},
        {"vin": "SHORT"},
        {"make": " "},
        {"enclosed": "yes"},
        {"colour": "red"},
    ],
)
async def test_what_no_vehicle_is(road: Road, change: dict[str, Any]) -> None:
    car: dict[str, object] = {"make": "Ford", "model": "Transit", "plate": "FS-7"} | change
    refused = await road.staff("POST", "vehicles", car)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await road.count("vehicles") == 1


async def test_papers_are_the_ones_that_were_sent_last(road: Road) -> None:
    url = f"vehicles/{road.vehicle_id}/papers"
    first = [{"kind": "insurance", "expiresOn": "2027-01-31"}, {"kind": "registration", "expiresOn": None}]
    assert (await road.staff("PUT", url, {"papers": first})).json()["papers"] == first
    assert (await road.staff("PUT", url, {"papers": first[:1]})).json()["papers"] == first[:1]
    assert (await road.staff("GET", url)).json()["papers"] == first[:1]
    twice = await road.staff("PUT", url, {"papers": first[:1] * 2})
    assert (twice.status_code, twice.json()["code"]) == (422, "VALIDATION_ERROR")
    for unknown in (f"vehicles/{new_id()}/papers", f"drivers/{road.customer.id}/papers"):
        assert (await road.staff("PUT", unknown, {"papers": []})).status_code == 404
        assert (await road.staff("GET", unknown)).status_code == 404


async def test_a_licence_number_is_told_nobody(road: Road) -> None:
    url, number = f"drivers/{road.driver.id}/papers", "T48210377"
    body: dict[str, Any] = {"papers": [], "employeeNo": "E-17", "licenseNumber": number}
    told = await road.staff("PUT", url, body)
    profile = told.json()["driver"]
    assert (profile["employeeNo"], profile["hasLicenseNumber"]) == ("E-17", True)
    kept = (await road.staff("PUT", url, {"papers": []})).json()["driver"]
    assert (kept["employeeNo"], kept["hasLicenseNumber"]) == ("E-17", True)
    assert number not in told.text
    for table in ("driver_profiles", "audit_log"):
        rows = await road.db.fetch(f"SELECT t::text AS row FROM {table} t")
        for row in rows:
            assert number not in row["row"]
            assert number.encode().hex() not in row["row"]
    gone = (await road.staff("PUT", url, {"papers": [], "licenseNumber": None})).json()["driver"]
    assert (gone["employeeNo"], gone["hasLicenseNumber"]) == ("E-17", False)
