"""Where we deliver: a town of the right name and a point in an area, both, at every door that tells it."""

from typing import Any

import asyncpg
import httpx
import pytest

from factories.identity import signed_in
from factories.places import AUSTIN, make_address, make_area, open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.places import service
from faded_skies.domains.places.service import Circle, Polygon
from faded_skies.platform.db import Database
from faded_skies.platform.errors import Refused

VALIDATE = "/api/compliance/validate-delivery-area"
CENTRAL = Polygon(
    (
        ((30.2, -97.8), (30.2, -97.7), (30.35, -97.7), (30.35, -97.8)),
        ((30.25, -97.76), (30.25, -97.75), (30.26, -97.75), (30.26, -97.76)),
    )
)
IN_THE_HOLE = (30.255, -97.755)
OUTSIDE_REASON = "This address lies outside our delivery areas."
TOWN_REASON = "We may not deliver in this town."
UNKNOWN_REASON = "We do not find this town, or not with this ZIP code. Check both."


async def test_a_polygon_is_kept_as_it_was_drawn(db: Database) -> None:
    drawn = await make_area(db, "Central", boundary=CENTRAL, fee_cents=300)
    circle = await make_area(db, "Wide")

    assert await service.areas(db) == [drawn, circle]


async def test_a_polygon_goes_before_a_circle_and_its_hole_does_not(db: Database) -> None:
    await open_shop(db)
    drawn = await make_area(db, "Central", boundary=CENTRAL)
    circle = await make_area(db, "Wide")

    def law(*, city: str, state: str | None) -> bool:
        return (city, state) == ("Austin", "TX")

    async def offer(point: tuple[float, float], city: str = "Austin") -> service.Offer:
        return await service.offer_at(db, law, city=city, state="TX", latitude=point[0], longitude=point[1])

    assert (await offer(AUSTIN)).reach.area == drawn
    assert (await offer(IN_THE_HOLE)).reach.area == circle
    elsewhere = (await offer(AUSTIN, city="Pflugerville")).reach
    assert (elsewhere.area, elsewhere.town_approved, elsewhere.served) == (drawn, False, False)
    far = (await offer((29.76, -95.37))).reach
    assert (far.area, far.town_approved, far.served) == (None, True, False)


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        (Polygon((((30.0, -98.0), (31.0, -97.0), (31.0, -98.0), (30.0, -97.0)),)), "boundary"),
        (Circle(30.0, -97.0, 5_000_000), "radiusMiles"),
    ],
)
async def test_what_is_drawn_wrongly_is_refused(db: Database, shape: Any, field: str) -> None:
    with pytest.raises(Refused) as refused:
        await make_area(db, shape=shape)

    details: Any = refused.value.facts["details"]
    assert details[0]["field"] == field
    assert await service.areas(db) == []


@pytest.mark.parametrize(
    "change",
    [
        "radius_m = 1000",
        "boundary = NULL",
        "boundary = '{}'",
        "boundary = '[]'",
        """boundary = '{"type": "Point", "coordinates": [1, 2]}'""",
        """boundary = '{"type": "Polygon", "coordinates": []}'""",
        """boundary = '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [1, 2]]]}'""",
        """boundary = '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 7], [6, 8]]]}'""",
    ],
)
async def test_an_area_is_a_circle_or_a_closed_polygon(db: Database, change: str) -> None:
    await make_area(db, "Central", boundary=CENTRAL)

    with pytest.raises(asyncpg.CheckViolationError):
        await db.fetch(f"UPDATE service_areas SET {change}")


async def test_the_shop_shows_both_kinds(client: httpx.AsyncClient, db: Database) -> None:
    await open_shop(db)
    await make_area(db, "Central", boundary=CENTRAL)
    await make_area(db, "Wide", radius_m=16_093)

    drawn, circle = (await client.get("/api/shop")).json()["areas"]

    assert (circle["kind"], circle["radiusMiles"], circle["boundary"]) == ("circle", 10.0, None)
    assert (circle["latitude"], circle["longitude"]) == AUSTIN
    assert (drawn["kind"], drawn["radiusMiles"]) == ("polygon", None)
    assert (drawn["latitude"], drawn["longitude"]) == pytest.approx((30.2752, -97.75), abs=0.001)
    assert drawn["boundary"]["type"] == "Polygon"
    assert drawn["boundary"]["coordinates"][0] == [
        [-97.8, 30.2],
        [-97.7, 30.2],
        [-97.7, 30.35],
        [-97.8, 30.35],
        [-97.8, 30.2],
    ]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ({"city": "Austin"}, None),
        ({"city": " austin ", "state": "tx"}, None),
        ({"city": "Austin", "state": "TX", "zipCode": "78704-1234", "addressLine1": "x", "unit": 7}, None),
        ({"city": "West Lake Hills", "zipCode": "78746"}, None),
        ({"city": "Rollingwood"}, None),
        ({"city": "Austin", "latitude": 30.27, "longitude": -97.74}, None),
        ({"city": "Austinville"}, TOWN_REASON),
        ({"city": "West Lake", "zipCode": "78746"}, TOWN_REASON),
        ({"city": "South Austin", "latitude": 30.27, "longitude": -97.74}, TOWN_REASON),
        ({"city": "Pflugerville", "latitude": 30.27, "longitude": -97.74}, TOWN_REASON),
        ({"city": "Austin", "state": "MN"}, TOWN_REASON),
        ({"city": "Cedar Park"}, OUTSIDE_REASON),
        ({"city": "Austin", "latitude": 30.6, "longitude": -97.74}, OUTSIDE_REASON),
        ({"city": "Austin", "zipCode": "78664"}, UNKNOWN_REASON),
        ({"city": "Austin", "zipCode": "00000"}, UNKNOWN_REASON),
        ({"city": "Austin", "zipCode": "|3024"}, UNKNOWN_REASON),
        ({"city": "Austin", "latitude": 30.6}, None),
    ],
)
async def test_a_delivery_area_is_a_town_and_an_area(
    client: httpx.AsyncClient, db: Database, address: dict[str, Any], reason: str | None
) -> None:
    await make_area(db, radius_m=20_000)

    answer = await client.post(VALIDATE, json={"address": address})

    assert answer.status_code == 200
    assert (answer.json()["approved"], answer.json()["reason"]) == (reason is None, reason)
    assert answer.json()["availableAreas"][:2] == ["Austin", "Round Rock"]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ({}, "address.city"),
        ({"city": ""}, "address.city"),
        ({"city": "A\x00"}, "address.city"),
        ({"city": "Austin", "latitude": 91, "longitude": 0}, "address.latitude"),
        ({"city": "Austin", "zipCode": "7" * 11}, "address.zipCode"),
    ],
)
async def test_a_wrong_address_is_told(
    client: httpx.AsyncClient, address: dict[str, Any], field: str
) -> None:
    answer = await client.post(VALIDATE, json={"address": address})

    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("city", "served"),
    [("Austin", True), ("AUSTIN", True), ("Austinville", False), ("Autsin", False), ("West Lake", False)],
)
async def test_an_address_in_an_area_needs_an_approved_town_too(
    app: Application, client: httpx.AsyncClient, db: Database, city: str, served: bool
) -> None:
    await make_area(db)
    person = await signed_in(app)
    await make_address(db, person.id, city=city)

    (address,) = (await client.get("/api/users/addresses", headers=person.headers)).json()["addresses"]

    assert address["inServiceArea"] is served
