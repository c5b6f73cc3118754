"""Service areas by staff, as GeoJSON: what comes out goes in again; what is drawn wrongly is named, and not taken."""

import asyncio
from typing import Any

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.places import open_shop
from factories.waiting import until_somebody_waits
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

JSON = dict[str, Any]
PATH = "/api/admin/service-areas"
SQUARE = [[-97.8, 30.2], [-97.7, 30.2], [-97.7, 30.35], [-97.8, 30.35], [-97.8, 30.2]]
BOW = [[-97.8, 30.2], [-97.7, 30.35], [-97.7, 30.2], [-97.8, 30.35], [-97.8, 30.2]]
PROPERTIES = {"deliveryFee": 4.99, "minimumOrder": 40, "opensAt": "09:00", "closesAt": "24:00"}


def feature(name: str = "Central", rings: Any = None, **fields: Any) -> JSON:
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [SQUARE] if rings is None else rings},
        "properties": PROPERTIES | {"name": name} | fields,
    }


def circle(name: str = "Around", **fields: Any) -> JSON:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-97.74, 30.27]},
        "properties": PROPERTIES | {"name": name, "radiusMetres": 5000} | fields,
    }


def collection(*features: JSON) -> JSON:
    return {"type": "FeatureCollection", "features": list(features)}


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def names_served(client: httpx.AsyncClient) -> list[str]:
    return [area["name"] for area in (await client.get("/api/shop")).json()["areas"]]


async def test_an_area_is_drawn_changed_and_taken_off(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await open_shop(db)
    made = await client.post(PATH, json=feature(), headers=admin.headers)
    assert made.status_code == 201, made.text
    assert made.json() == {
        **feature(),
        "id": made.json()["id"],
        "properties": {**feature()["properties"], "isActive": True, "radiusMetres": None},
    }
    assert await names_served(client) == ["Central"]
    taken = await client.post(PATH, json=feature("CENTRAL"), headers=admin.headers)
    assert taken.json()["details"] == [
        {"field": "properties.name", "message": "Another area has this name. Choose another one."}
    ]
    path = f"{PATH}/{made.json()['id']}"
    changed = await client.patch(
        path,
        json={"geometry": circle()["geometry"], "properties": {"radiusMetres": 900}},
        headers=admin.headers,
    )
    assert changed.json()["geometry"] == {"type": "Point", "coordinates": [-97.74, 30.27]}
    assert changed.json()["properties"]["radiusMetres"] == 900
    late = await client.patch(path, json={"properties": {"opensAt": "24:00"}}, headers=admin.headers)
    assert late.json()["details"][0]["field"] == "properties.closesAt"
    gone = await client.delete(path, headers=admin.headers)
    assert gone.json()["properties"]["isActive"] is False
    assert await names_served(client) == []
    actions = await db.fetch("SELECT action FROM audit_log WHERE object_type = 'service_area' ORDER BY seq")
    assert [row["action"] for row in actions] == ["service_area.created", *["service_area.changed"] * 2]


async def test_of_two_who_add_one_name_at_once_the_second_is_told(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    async with db.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('service areas', 0))")
        both = [
            asyncio.create_task(client.post(PATH, json=feature(deliveryFee=fee), headers=admin.headers))
            for fee in (1, 2)
        ]
        await until_somebody_waits(db, many=2)
    answers = sorted([await one for one in both], key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [201, 422]
    assert answers[1].json()["details"][0]["field"] == "properties.name"
    fee = await db.fetchval("SELECT fee_cents FROM service_areas")
    assert fee == answers[0].json()["properties"]["deliveryFee"] * 100


async def test_a_file_goes_out_and_in_and_the_same_again_does_nothing(
    client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    async def send(body: JSON, **query: Any) -> tuple[int, ...]:
        answer = await client.post(f"{PATH}/import", json=body, params=query, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return tuple(answer.json()[count] for count in ("created", "changed", "unchanged"))

    file = collection(feature(), circle()) | {"bbox": [-98, 30, -97, 31], "name": "areas"}
    assert await send(file, dryRun="true") == (2, 0, 0)
    assert (await client.get(PATH, headers=admin.headers)).json()["features"] == []
    assert await send(file) == (2, 0, 0)
    assert await send(file) == (0, 0, 2)
    out = (await client.get(PATH, headers=admin.headers)).json()
    assert await send(out) == (0, 0, 2)
    around, central = out["features"]
    around["properties"]["name"], central["properties"]["name"] = "Central", "Around"
    assert await send(out) == (0, 2, 0)
    again = (await client.get(PATH, headers=admin.headers)).json()
    assert {one["properties"]["name"]: one["id"] for one in again["features"]} == {
        "Central": around["id"],
        "Around": central["id"],
    }


WRONG: list[tuple[JSON, str, str]] = [
    (feature(rings=[[*SQUARE[:-1], [-97.8, 30.21]]]), "geometry.coordinates.*", "Close the ring"),
    (feature(rings=[BOW]), "geometry", "crosses or touches itself"),
    (feature(rings=[[[200, 30], [1, 30], [1, 31], [200, 30]]]), "geometry.coordinates.*", "180"),
    (feature(rings=[[[-97, 95], [-96, 95], [-96, 96], [-97, 95]]]), "geometry", "latitude -90 to 90"),
    (feature(rings=[SQUARE, SQUARE]), "geometry", "hole"),
    (feature(rings=[[[-97.8 + step / 9999, 30.2] for step in range(600)]]), "geometry.coordinates.*", "501"),
    (feature(rings=[]), "geometry.coordinates.*", ""),
    (circle(radiusMetres=None), "geometry", "a Point with radiusMetres"),
    (feature(opensAt="25:00"), "properties.opensAt", "HH:MM"),
    (feature(deliveryFee=-1), "properties.deliveryFee", ""),
    (feature(deliveryFee=None), "properties.deliveryFee", "A new area needs this"),
    (feature() | {"id": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}, "id", "no area of this id"),
    (feature() | {"crs": {}}, "crs", ""),
]


async def test_what_is_drawn_wrongly_is_named_and_nothing_is_taken(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    for wrong, field, words in WRONG:
        body = collection(circle(), wrong)
        refused = await client.post(f"{PATH}/import", json=body, headers=admin.headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR"), refused.text
        details = refused.json()["details"]
        wanted = f"features.1.{field.removesuffix('.*')}"
        assert any(
            one["field"].startswith(wanted) and words.lower() in one["message"].lower() for one in details
        ), (field, words, details)
    twice = await client.post(f"{PATH}/import", json=collection(circle(), circle()), headers=admin.headers)
    assert twice.status_code == 422
    both = await client.post(
        f"{PATH}/import", json=collection(feature(rings=[BOW]), feature("B", [BOW])), headers=admin.headers
    )
    assert [one["field"] for one in both.json()["details"]] == ["features.0.geometry", "features.1.geometry"]
    assert await db.fetchval("SELECT count(*) FROM service_areas") == 0
