"""The catalogue as staff keeps it: products, categories, what the law wants to know, and the records of changes."""

from typing import Any

import httpx
import pytest

from factories.catalog import make_category
from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

JSON = dict[str, Any]
PATH = "/api/admin/products"


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def body_of(db: Database, **fields: Any) -> JSON:
    return {
        "categoryId": str(await make_category(db, f"Flower {new_id().hex[-8:]}")),
        "name": "Barton Haze",
        "price": 35,
        "productClass": "flower",
        "netWeightMg": 3500,
        **fields,
    }


async def create(client: httpx.AsyncClient, admin: SignedInPerson, body: JSON) -> JSON:
    answer = await client.post(PATH, json=body, headers=admin.headers)
    assert answer.status_code == 201, answer.text
    product: JSON = answer.json()["product"]
    return product


async def test_a_product_is_added_changed_put_away_and_brought_back(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    body = await body_of(db, effects=["Happy", "calm"], barredTenders=["cash"], description="  ")
    product = await create(client, admin, body)
    assert (product["stockQuantity"], product["effects"], product["description"]) == (
        0,
        ["happy", "calm"],
        None,
    )
    assert product["barredTenders"] == ["cash"]
    path = f"{PATH}/{product['id']}"

    changed = await client.patch(
        path, json={"price": 30.5, "originalPrice": 35, "name": None, "thcMg": 700}, headers=admin.headers
    )
    assert changed.status_code == 200, changed.text
    told = changed.json()["product"]
    assert (told["price"], told["originalPrice"], told["name"], told["thcMg"]) == (
        30.5,
        35,
        "Barton Haze",
        700,
    )
    shown = (await client.get(f"/api/products/{product['id']}")).json()["product"]
    assert "barredTenders" not in shown
    assert shown["price"] == 30.5

    again = await client.patch(path, json={"price": 30.5}, headers=admin.headers)
    assert again.json()["product"]["updatedAt"] == told["updatedAt"]

    gone = await client.delete(path, headers=admin.headers)
    assert gone.json()["product"]["isActive"] is False
    assert (await client.get(f"/api/products/{product['id']}")).status_code == 404
    assert (await client.get(path, headers=admin.headers)).status_code == 200
    await client.patch(path, json={"isActive": True}, headers=admin.headers)
    assert (await client.get(f"/api/products/{product['id']}")).status_code == 200

    rows = await db.fetch(
        "SELECT action, details FROM audit_log WHERE object_type = 'product' AND actor_id = $1 ORDER BY seq",
        admin.id,
    )
    assert [row["action"] for row in rows] == ["product.created", *["product.changed"] * 3]
    assert rows[1]["details"]["changes"] == {
        "price_cents": [3500, 3050],
        "original_price_cents": [None, 3500],
        "thc_mg": [None, 700],
    }


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"netWeightMg": None}, "netWeightMg", "net milligrams of flower"),
        ({"originalPrice": 35}, "originalPrice", "above the price"),
        ({"thcMg": 3501}, "thcMg", "more THC than"),
        ({"categoryId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}, "categoryId", "no such category"),
        ({"effects": ["happy", "HAPPY"]}, "effects", "only once"),
        ({"effects": ["happy, calm"]}, "effects.0", "pattern"),
        ({"price": 0}, "price", "0.01"),
        ({"labResultsUrl": "javascript:alert(1)"}, "labResultsUrl", "pattern"),
        ({"labResultsUrl": "/media/coa%20a.pdf"}, "labResultsUrl", "pattern"),
        ({"labResultsUrl": "/media/coa.pdf?v=2"}, "labResultsUrl", "pattern"),
        ({"labResultsUrl": "/media/../x"}, "labResultsUrl", "pattern"),
        ({"labResultsUrl": "/media/" + 256 * "x"}, "labResultsUrl", "pattern"),
        ({"stockQuantity": 3}, "stockQuantity", "not known"),
    ],
)
async def test_what_does_not_fit_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson, fields: JSON, field: str, words: str
) -> None:
    refused = await client.post(PATH, json=await body_of(db, **fields), headers=admin.headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    (detail,) = refused.json()["details"]
    assert detail["field"] == field
    assert words in detail["message"]
    assert await db.fetchval("SELECT count(*) FROM products") == 0
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE object_type = 'product'") == 0


async def test_what_the_law_cannot_count_is_kept_but_not_sold(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    product = await create(client, admin, await body_of(db, netWeightMg=None, isActive=False))
    path = f"{PATH}/{product['id']}"
    refused = await client.patch(path, json={"isActive": True}, headers=admin.headers)
    assert refused.json()["details"][0]["field"] == "netWeightMg"
    entered = await client.patch(path, json={"isActive": True, "netWeightMg": 1000}, headers=admin.headers)
    assert entered.json()["product"]["isActive"] is True


async def test_the_list_is_searched_by_letters_as_they_are(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    body = await body_of(db)
    for name in ("Sour 50% off", "Sour_Diesel", "Sweet Haze"):
        await create(client, admin, body | {"name": name})

    async def names(**query: Any) -> list[str]:
        answer = await client.get(PATH, params=query, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return [product["name"] for product in answer.json()["products"]]

    assert await names(search="SOUR") == ["Sour_Diesel", "Sour 50% off"]
    assert await names(search="%") == ["Sour 50% off"]
    assert await names(search="_") == ["Sour_Diesel"]
    assert await names(search="\\") == []
    assert await names(categoryId=body["categoryId"], limit=1, offset=2) == ["Sour 50% off"]
    assert await names(isActive="false") == []
    assert (await client.get(PATH, params={"search": "\x00"}, headers=admin.headers)).status_code == 422


async def test_categories_have_slugs_of_their_own(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    path = "/api/admin/categories"
    made = await client.post(path, json={"name": "Pre-Rolls & Co"}, headers=admin.headers)
    category = made.json()["category"]
    assert (made.status_code, category["slug"]) == (201, "pre-rolls-co")
    for body in ({"name": "Pre-Rolls & Co", "slug": "other"}, {"name": "Other", "slug": "pre-rolls-co"}):
        taken = await client.post(path, json=body, headers=admin.headers)
        assert (taken.status_code, taken.json()["code"]) == (409, "CATEGORY_TAKEN")
    product = await create(client, admin, await body_of(db, categoryId=category["id"]))
    gone = await client.delete(f"{path}/{category['id']}", headers=admin.headers)
    assert gone.json()["category"]["isActive"] is False
    assert (await client.get(f"/api/products/{product['id']}")).status_code == 404
    told = (await client.get(f"{PATH}/{product['id']}", headers=admin.headers)).json()["product"]
    assert told["isActive"] is True  # its own; only its category is put away
    back = await client.patch(
        f"{path}/{category['id']}", json={"isActive": True, "slug": "rolls"}, headers=admin.headers
    )
    assert back.json()["category"]["slug"] == "rolls"
    assert (await client.get(f"/api/products/{product['id']}")).status_code == 200
