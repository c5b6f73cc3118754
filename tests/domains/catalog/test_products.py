"""The menu by its door: lists, filters, pages, products, reviews."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from factories.catalog import had_delivered, make_category, make_product, set_stock
from factories.identity import signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog import service
from faded_skies.domains.catalog.schemas import (
    CategoriesShape,
    ProductPageShape,
    ProductQuery,
    ProductsShape,
    WrittenReviewShape,
)
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


async def names(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/api/products", params=query)
    assert answer.status_code == 200, answer.text
    return [product["name"] for product in answer.json()["products"]]


async def test_a_product_in_the_list_has_the_contract_s_shape(
    client: httpx.AsyncClient, db: Database
) -> None:
    category_id = await make_category(db)
    product_id = await make_product(
        db,
        category_id=category_id,
        description="Bright.",
        price_cents=4599,
        original_price_cents=5000,
        thc_content="22.4%",
        strain_type="sativa",
        effects=["happy", "focused"],
        lab_tested=True,
        lab_results_url="https://example.com/lab.pdf",
        is_featured=True,
        stock=7,
    )
    async with db.transaction() as tx:
        image = service.NewImage(id=new_id(), product_id=product_id, image_url="/a.svg", is_primary=True)
        await service.add_images(tx, [image])

    answer = await client.get("/api/products")

    assert answer.headers["content-type"] == "application/json"
    page = answer.json()
    ProductsShape.model_validate_json(answer.content)
    product = page["products"][0]
    assert product.pop("createdAt") == product.pop("updatedAt")
    assert page == {"products": [product], "total": 1, "hasMore": False}
    assert product == {
        "id": str(product_id),
        "categoryId": str(category_id),
        "name": "Barton Haze 3.5 g",
        "description": "Bright.",
        "price": 45.99,
        "originalPrice": 50.0,
        "thcContent": "22.4%",
        "cbdContent": None,
        "strainType": "sativa",
        "effects": ["happy", "focused"],
        "labTested": True,
        "labResultsUrl": "https://example.com/lab.pdf",
        "stockQuantity": 7,
        "isFeatured": True,
        "isActive": True,
        "primaryImage": "/a.svg",
        "averageRating": None,
        "reviewCount": 0,
        "productClass": "flower",
        "netWeightMg": 3500,
        "thcMg": 700,
    }


async def test_times_end_in_z(client: httpx.AsyncClient, db: Database) -> None:
    await make_product(db)

    product = (await client.get("/api/products")).json()["products"][0]

    assert product["createdAt"].endswith("Z")


async def test_pages_follow_one_another(client: httpx.AsyncClient, db: Database) -> None:
    category_id = await make_category(db)
    for number in range(5):
        await make_product(db, f"Number {number}", category_id=category_id)

    pages = [
        (await client.get("/api/products", params={"limit": 2, "offset": offset})).json()
        for offset in (0, 2, 4, 6)
    ]

    found = [[product["name"][-1] for product in page["products"]] for page in pages]
    assert found == [["4", "3"], ["2", "1"], ["0"], []]
    assert [page["total"] for page in pages] == [5, 5, 5, 5]
    assert [page["hasMore"] for page in pages] == [True, True, False, False]


async def test_an_empty_shop_has_an_empty_list(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/products")

    assert answer.json() == {"products": [], "total": 0, "hasMore": False}


async def test_each_filter_narrows(client: httpx.AsyncClient, db: Database) -> None:
    flower = await make_category(db, "Flower")
    edibles = await make_category(db, "Edibles")
    await make_product(
        db, "Sativa", category_id=flower, strain_type="sativa", effects=["happy"], price_cents=2000, stock=0
    )
    await make_product(
        db,
        "Gummies",
        category_id=edibles,
        strain_type="indica",
        effects=["happy", "sleepy"],
        price_cents=3000,
        is_featured=True,
    )

    assert await names(client, category="flower") == ["Sativa"]
    assert await names(client, category=str(edibles)) == ["Gummies"]
    assert await names(client, category="hats") == []
    assert await names(client, category=str(new_id())) == []
    assert await names(client, category="") == ["Gummies", "Sativa"]
    assert await names(client, featured="true") == ["Gummies"]
    assert await names(client, featured="false") == ["Sativa"]
    assert await names(client, strainType="indica") == ["Gummies"]
    assert await names(client, effects="happy") == ["Gummies", "Sativa"]
    assert await names(client, effects="Happy, sleepy") == ["Gummies"]
    assert await names(client, effects=["happy", "sleepy"]) == ["Gummies"]
    assert await names(client, effects="") == ["Gummies", "Sativa"]
    assert await names(client, minPrice=20, maxPrice=29.99) == ["Sativa"]
    assert await names(client, minPrice="20.01") == ["Gummies"]
    assert await names(client, inStock="true") == ["Gummies"]
    assert await names(client, inStock="false") == ["Sativa"]
    everything = {
        "category": "edibles",
        "search": "gummies",
        "featured": "true",
        "strainType": "indica",
        "effects": "happy",
        "minPrice": "30",
        "maxPrice": "30",
        "inStock": "true",
        "sort": "relevance",
    }
    assert await names(client, **everything) == ["Gummies"]
    assert await names(client, **everything, offset=1) == []


async def test_each_order(client: httpx.AsyncClient, db: Database) -> None:
    category_id = await make_category(db)
    for name, cents, ratings in (("b", 3000, []), ("C", 1000, [5, 4]), ("a", 2000, [3])):
        product_id = await make_product(db, name, category_id=category_id, price_cents=cents)
        await db.fetch(
            "UPDATE products SET rating_sum = $2, review_count = $3 WHERE id = $1",
            product_id,
            sum(ratings),
            len(ratings),
        )

    assert await names(client) == ["a", "C", "b"]
    assert await names(client, sort="newest") == ["a", "C", "b"]
    assert await names(client, sort="relevance") == ["a", "C", "b"]
    assert await names(client, sort="price_asc") == ["C", "a", "b"]
    assert await names(client, sort="price_desc") == ["b", "a", "C"]
    assert await names(client, sort="name") == ["a", "b", "C"]
    assert await names(client, sort="rating") == ["C", "a", "b"]


async def test_what_is_not_sold_is_not_there(client: httpx.AsyncClient, db: Database) -> None:
    closed = await make_category(db, "Closed", is_active=False)
    inside = await make_product(db, "Inside", category_id=closed)
    retired = await make_product(db, "Retired", category_id=await make_category(db, "Open"), is_active=False)

    assert await names(client) == []
    assert await names(client, search="retired") == []
    assert await names(client, category="closed") == []
    categories = (await client.get("/api/categories")).json()["categories"]
    assert [(one["slug"], one["productCount"]) for one in categories] == [("open", 0)]
    for product_id in (inside, retired, new_id()):
        answer = await client.get(f"/api/products/{product_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_categories_come_whole_and_in_order(client: httpx.AsyncClient, db: Database) -> None:
    await make_category(db, "Vapes", sort_order=2)
    flower = await make_category(db, "Flower", sort_order=1, icon="🌿", description="Buds.")
    await make_product(db, category_id=flower)

    answer = await client.get("/api/categories")

    CategoriesShape.model_validate_json(answer.content)
    categories = answer.json()["categories"]
    assert [one["name"] for one in categories] == ["Flower", "Vapes"]
    assert categories[0] == {
        "id": str(flower),
        "name": "Flower",
        "slug": "flower",
        "icon": "🌿",
        "description": "Buds.",
        "sortOrder": 1,
        "productCount": 1,
    }


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "This must be at least 1."),
        ("limit=101", "limit", "This must be at most 100."),
        ("limit=ten", "limit", "Write this as a whole number."),
        ("limit=", "limit", "Write this as a whole number."),
        ("limit=1&limit=2", "limit", "Write this as a whole number."),
        ("limit=99999999999999999999999", "limit", "This must be at most 100."),
        ("offset=-1", "offset", "This must be at least 0."),
        ("offset=1000001", "offset", "This must be at most 1000000."),
        ("featured=maybe", "featured", "Write true or false."),
        ("inStock=2", "inStock", "Write true or false."),
        ("minPrice=-1", "minPrice", "This must be at least 0."),
        ("minPrice=1.005", "minPrice", "Write at most 2 decimals."),
        ("maxPrice=NaN", "maxPrice", "Input should be a finite number."),
        ("maxPrice=1e9", "maxPrice", "This must be at most 1000000."),
        ("minPrice=9&maxPrice=8", "query", "minPrice is above maxPrice; exchange them."),
        ("strainType=blue", "strainType", "Choose one of 'sativa', 'indica' or 'hybrid'."),
        (
            "sort=cheap",
            "sort",
            "Choose one of 'newest', 'price_asc', 'price_desc', 'rating', 'name' or 'relevance'.",
        ),
        ("search=a%00b", "search", "Remove the NUL character."),
        ("category=%00", "category", "Remove the NUL character."),
        ("effects=a%00", "effects.0", "Remove the NUL character."),
        ("effects=" + "a," * 11, "effects", "Give at most 10 of them."),
        ("search=" + "a" * 101, "search", "Write at most 100 characters."),
        ("colour=green", "colour", "This field is not known here; remove it."),
        ("min_price=1", "min_price", "This field is not known here; remove it."),
        ("&".join(f"a{n}=1" for n in range(51)), "query", "Send at most 50 parameters."),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: httpx.AsyncClient, query: str, field: str, message: str
) -> None:
    answer = await client.get(f"/api/products?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0] == {"field": field, "message": message}


@pytest.mark.parametrize(
    "query", ["search=%FF%FE", "search=%ED%A0%80", "search=%25_%27%22%5C", "category=%27--"]
)
async def test_odd_text_finds_nothing_and_breaks_nothing(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/products?{query}")

    assert (answer.status_code, answer.json()["total"]) == (200, 0)


async def test_the_document_knows_the_parameters(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    parameters = document["paths"]["/api/products"]["get"]["parameters"]
    assert {one["name"] for one in parameters} == {
        field.alias for field in ProductQuery.model_fields.values()
    }
    assert all(
        one["in"] == "query" and not one["required"] and one["description"]
        for one in parameters
        if one["name"] != "offset"
    )
    assert "$ref" not in orjson.dumps(parameters).decode()


async def test_the_page_has_pictures_and_the_newest_reviews(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    product_id = await make_product(db)
    images = [
        service.NewImage(id=new_id(), product_id=product_id, image_url="/back.svg", sort_order=1),
        service.NewImage(
            id=new_id(),
            product_id=product_id,
            image_url="/front.svg",
            alt_text="Jar",
            sort_order=0,
            is_primary=True,
        ),
    ]
    async with db.transaction() as tx:
        await service.add_images(tx, images)
    for full_name, rating in (("Maya Okafor", 5), ("Prince", 4)):
        person = await signed_in(app, full_name=full_name)
        await had_delivered(db, person.id, product_id)
        await client.post(
            f"/api/products/{product_id}/reviews", json={"rating": rating}, headers=person.headers
        )

    answer = await client.get(f"/api/products/{product_id}")

    ProductPageShape.model_validate_json(answer.content)
    page = answer.json()
    assert page["images"] == [
        {
            "id": str(images[1].id),
            "imageUrl": "/front.svg",
            "altText": "Jar",
            "sortOrder": 0,
            "isPrimary": True,
            "sizes": [],
        },
        {
            "id": str(images[0].id),
            "imageUrl": "/back.svg",
            "altText": None,
            "sortOrder": 1,
            "isPrimary": False,
            "sizes": [],
        },
    ]
    assert page["product"]["primaryImage"] == "/front.svg"
    assert (page["product"]["averageRating"], page["product"]["reviewCount"]) == (4.5, 2)
    assert [(one["authorName"], one["rating"]) for one in page["reviews"]] == [("Prince", 4), ("Maya O.", 5)]


async def test_the_page_is_exact_and_tagged(client: httpx.AsyncClient, db: Database) -> None:
    product_id = await make_product(db, stock=3)
    first = await client.get(f"/api/products/{product_id}")
    again = await client.get(f"/api/products/{product_id}", headers={"If-None-Match": first.headers["etag"]})
    await set_stock(db, product_id, 2)
    changed = await client.get(
        f"/api/products/{product_id}", headers={"If-None-Match": first.headers["etag"]}
    )

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (changed.status_code, changed.json()["product"]["stockQuantity"]) == (200, 2)


@pytest.mark.parametrize("wrong", ["1", "not-a-uuid", "0190b5a07c5e7cc39f0e1b2c3d4e5f60"])
async def test_a_product_id_is_a_uuid(client: httpx.AsyncClient, wrong: str) -> None:
    answer = await client.get(f"/api/products/{wrong}")

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def review(
    client: httpx.AsyncClient, product_id: UUID, headers: Mapping[str, str], body: Mapping[str, Any]
) -> httpx.Response:
    return await client.post(f"/api/products/{product_id}/reviews", json=body, headers=headers)


async def rating_of(db: Database, product_id: UUID) -> tuple[int, int]:
    row = await db.fetchrow("SELECT rating_sum, review_count FROM products WHERE id = $1", product_id)
    assert row is not None
    return row["rating_sum"], row["review_count"]


async def test_a_review_is_written_once(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    product_id = await make_product(db)
    person = await signed_in(app, full_name="Maya Ann Okafor")
    await had_delivered(db, person.id, product_id)

    answer = await review(client, product_id, person.headers, {"rating": 5, "title": " Bright ", "body": ""})
    second = await review(client, product_id, person.headers, {"rating": 1})

    assert answer.status_code == 201
    WrittenReviewShape.model_validate_json(answer.content)
    written = answer.json()["review"]
    assert {key: written[key] for key in ("rating", "title", "body", "authorName")} == {
        "rating": 5,
        "title": "Bright",
        "body": "",
        "authorName": "Maya O.",
    }
    assert (second.status_code, second.json()["code"]) == (409, "ALREADY_REVIEWED")
    assert await rating_of(db, product_id) == (5, 1)


@pytest.mark.parametrize("status", [None, "out_for_delivery", "returned"])
async def test_only_who_had_it_delivered_may_review(
    app: Application, client: httpx.AsyncClient, db: Database, status: str | None
) -> None:
    product_id, person = await make_product(db), await signed_in(app)
    if status:
        await had_delivered(db, person.id, product_id, status=status)
    await had_delivered(db, person.id, await make_product(db, "Another"))
    await had_delivered(db, (await signed_in(app)).id, product_id)

    answer = await review(client, product_id, person.headers, {"rating": 5})

    assert (answer.status_code, answer.json()["code"]) == (403, "REVIEW_NOT_ALLOWED")
    assert await rating_of(db, product_id) == (0, 0)


async def test_reviews_at_the_same_time_all_count_and_each_person_s_once(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    product_id = await make_product(db)
    people = [await signed_in(app) for _ in range(8)]
    for person in people:
        await had_delivered(db, person.id, product_id)

    answers = await asyncio.gather(
        *(review(client, product_id, person.headers, {"rating": 4}) for person in people for _ in range(3))
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 8 + [409] * 16
    assert await rating_of(db, product_id) == (32, 8)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rating"),
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": True}, "rating"),
        ({"rating": 5, "title": "x" * 101}, "title"),
        ({"rating": 5, "title": " "}, "title"),
        ({"rating": 5, "body": "x" * 501}, "body"),
        ({"rating": 5, "body": "a\x00"}, "body"),
        ({"rating": 5, "authorName": "Me"}, "authorName"),
    ],
)
async def test_a_wrong_review_changes_nothing(
    app: Application, client: httpx.AsyncClient, db: Database, body: dict[str, Any], field: str
) -> None:
    product_id, person = await make_product(db), await signed_in(app)
    await had_delivered(db, person.id, product_id)

    answer = await review(client, product_id, person.headers, body)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["details"]] == [field]
    assert await rating_of(db, product_id) == (0, 0)


async def test_a_review_needs_a_token_and_a_product(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)

    nobody = await review(client, await make_product(db), {}, {"rating": 5})
    nothing = await review(client, new_id(), person.headers, {"rating": 5})

    assert (nobody.status_code, nobody.json()["code"]) == (401, "TOKEN_REQUIRED")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "NOT_FOUND")


async def test_other_domains_see_what_is_no_longer_sold(db: Database) -> None:
    sold = await make_product(db, "Sold", stock=4)
    retired = await make_product(db, "Retired", is_active=False, net_weight_mg=None, thc_mg=None)
    closed = await make_product(
        db, "Closed", category_id=await make_category(db, "Closed", is_active=False), is_active=True
    )

    products = await service.find_products(db, [sold, retired, closed, new_id()])
    cards = await service.find_cards(db, [sold, retired])

    assert products[sold] == service.Product(
        sold, "Sold", 3500, "flower", 3500, 700, is_active=True, barred_tenders=[], stock_quantity=4
    )
    assert products[retired] == service.Product(
        retired, "Retired", 3500, "flower", None, None, is_active=False, barred_tenders=[], stock_quantity=10
    )
    assert not products[closed].is_active
    assert len(products) == 3
    assert (cards[sold]["stockQuantity"], cards[sold]["price"], cards[sold]["isActive"]) == (4, 35.0, True)
    assert cards[retired]["isActive"] is False
