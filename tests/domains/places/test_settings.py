"""The shop's own particulars: set up once, changed in part, told where the law wants them."""

from typing import Any

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.shop import open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

WHOLE: dict[str, Any] = {
    "name": "Faded Skies",
    "licenseNumber": "C9-0000123-LIC",
    "licenseType": "Non-storefront retailer",
    "licenseIssuer": "Department of Cannabis Control",
    "licenseIssuedOn": "2026-01-01",
    "licenseExpiresOn": "2099-01-01",
    "latitude": 30.2672,
    "longitude": -97.7431,
}


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def change(client: httpx.AsyncClient, who: SignedInPerson, **fields: Any) -> httpx.Response:
    return await client.patch("/api/admin/settings", json=fields, headers=who.headers)


async def test_a_shop_is_set_up_with_everything_it_needs(
    client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    before = await client.get("/api/admin/settings", headers=admin.headers)
    assert (before.status_code, before.json()["code"]) == (503, "UNAVAILABLE")
    for name in WHOLE:
        refused = await change(client, admin, **{key: value for key, value in WHOLE.items() if key != name})
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["details"]] == [name]
    made = await change(client, admin, **WHOLE)
    assert made.status_code == 200, made.text
    settings = made.json()["settings"]
    assert settings == WHOLE | {
        "legalName": None,
        "address": None,
        "phone": None,
        "paused": False,
        "automaticDispatch": False,
        "tenders": ["card", "apple_pay", "google_pay", "fs_coin", "cash"],
        "coinsExpireDays": 365,
    }
    assert (await client.get("/api/shop")).json()["licenseNumber"] == "C9-0000123-LIC"


async def test_what_is_sent_changes_and_is_audited(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    await open_shop(app)
    told = await change(client, admin, legalName="Faded Skies LLC", paused=True, tenders=["cash"])
    settings = told.json()["settings"]
    assert (settings["legalName"], settings["paused"], settings["tenders"]) == (
        "Faded Skies LLC",
        True,
        ["cash"],
    )
    shop = (await client.get("/api/shop")).json()
    assert (shop["openNow"], shop["tenders"]) == (False, ["cash"])
    assert (await change(client, admin, legalName=None)).json()["settings"]["legalName"] is None
    assert (await change(client, admin, paused=None)).json()["settings"]["paused"] is True
    row = await app.ports.db.fetchrow(
        "SELECT actor_id, details FROM audit_log WHERE action = 'shop.changed' ORDER BY seq LIMIT 1"
    )
    assert row is not None
    assert row["actor_id"] == admin.id
    assert row["details"]["changes"] == {"legal_name": "Faded Skies LLC", "paused": True, "tenders": ["cash"]}


async def test_how_long_coins_hold_is_set_for_those_to_come(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await open_shop(app)
    customer = await signed_in(app)
    for days in (30, None):
        told = await change(client, admin, coinsExpireDays=days)
        assert told.json()["settings"]["coinsExpireDays"] == days
        async with db.transaction() as tx:
            await rewards.grant(tx, user_id=customer.id, coins=5, description="Welcome", actor_id=admin.id)
    assert (await change(client, admin, paused=False)).json()["settings"]["coinsExpireDays"] is None
    held = await db.fetch(
        "SELECT extract(day FROM expires_at - created_at)::int AS days FROM rewards_transactions ORDER BY created_at"
    )
    assert [row["days"] for row in held] == [30, None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"licenseExpiresOn": "2000-01-01"},
        {"licenseExpiresOn": "soon"},
        {"phone": "5125550134"},
        {"latitude": 91},
        {"latitude": "30"},
        {"name": " "},
        {"tenders": []},
        {"tenders": ["cash", "cash"]},
        {"tenders": ["gold"]},
        {"paused": "yes"},
        {"mood": "good"},
        {"address": "x"},
        {"coinsExpireDays": 0},
        {"coinsExpireDays": 3651},
        {"coinsExpireDays": "30"},
    ],
)
async def test_wrong_fields_change_nothing(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson, wrong: dict[str, Any]
) -> None:
    await open_shop(app)
    before = (await client.get("/api/admin/settings", headers=admin.headers)).json()
    refused = await change(client, admin, **wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert (await client.get("/api/admin/settings", headers=admin.headers)).json() == before


async def test_staff_are_numbered_and_customers_are_not(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    agent, customer = await signed_in(app, Role.AGENT), await signed_in(app)

    async def number(user_id: object, value: object) -> httpx.Response:
        body = {"employeeNo": value}
        return await client.patch(f"/api/admin/users/{user_id}", json=body, headers=admin.headers)

    told = (await number(agent.id, "E-2")).json()["user"]
    assert (told["role"], told["employeeNo"]) == ("agent", "E-2")
    assert (await number(agent.id, None)).json()["user"]["employeeNo"] is None
    absent = await number(customer.id, "E-3")
    assert (absent.status_code, absent.json()["code"]) == (404, "NOT_FOUND")
    assert (await number(agent.id, "")).status_code == 422
    assert (await number(agent.id, "x" * 31)).status_code == 422
