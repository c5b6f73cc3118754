"""Search forgives slips of the finger, and does not find everything."""

import httpx
import pytest

from factories.catalog import make_category, make_product
from faded_skies.demo.catalogue import CATEGORIES, PRODUCTS
from faded_skies.domains.catalog import service
from faded_skies.domains.catalog.rules import author_name, search_words
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


@pytest.fixture
async def menu(db: Database) -> None:
    ids = {category.slug: new_id() for category in CATEGORIES}
    async with db.transaction() as tx:
        await service.create_categories(
            tx, [service.NewCategory(id=ids[one.slug], name=one.name, slug=one.slug) for one in CATEGORIES]
        )
        await service.create_products(
            tx,
            [
                service.NewProduct(
                    id=new_id(),
                    category_id=ids[one.category],
                    name=one.name,
                    price_cents=one.price_cents,
                    product_class=one.product_class,
                    strain_type=one.strain_type,
                    effects=one.effects,
                )
                for one in PRODUCTS
            ],
        )


async def found(client: httpx.AsyncClient, search: str, *, limit: int = 100) -> list[str]:
    answer = await client.get("/api/products", params={"search": search, "limit": limit})
    assert answer.status_code == 200, answer.text
    return [product["name"] for product in answer.json()["products"]]


@pytest.mark.usefixtures("menu")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Blackberry Dusk Gummies", "Blackberry Dusk Gummies"),
        ("blackbery dusk", "Blackberry Dusk Gummies"),
        ("blackberry gumies", "Blackberry Dusk Gummies"),
        ("dusk blackberry", "Blackberry Dusk Gummies"),
        ("choclate sea salt", "Sea Salt Dark Chocolate Bar"),
        ("prikly pear punsh", "Prickly Pear Punch"),
        ("barton hase", "Barton Haze"),
        ("barton 3.5g", "Barton Haze 3.5 g"),
        ("violett crowm", "Violet Crown"),
        ("alumnium grinder", "Four-Piece Aluminium Grinder"),
        ("vaporiser dry herb", "Dry Herb Vaporizer"),
        ("the grapefruit sparkler", "Grapefruit Sparkler"),
        ("seasalt chocolate", "Sea Salt Dark Chocolate Bar"),
    ],
)
async def test_typing_errors_are_forgiven(client: httpx.AsyncClient, typed: str, meant: str) -> None:
    assert (await found(client, typed))[0].startswith(meant)


@pytest.mark.usefixtures("menu")
@pytest.mark.parametrize(
    ("typed", "slug"), [("edibles", "edibles"), ("edibels", "edibles"), ("tinctres", "tinctures")]
)
async def test_the_name_of_a_category_finds_what_is_in_it(
    client: httpx.AsyncClient, typed: str, slug: str
) -> None:
    expected = {product.name for product in PRODUCTS if product.category == slug}

    assert expected <= set(await found(client, typed))


@pytest.mark.usefixtures("menu")
async def test_all_words_must_match(client: httpx.AsyncClient) -> None:
    expected = {
        product.name
        for product in PRODUCTS
        if product.category == "edibles" and product.strain_type == "indica"
    }

    assert set(await found(client, "indica edibles")) == expected


@pytest.mark.usefixtures("menu")
@pytest.mark.parametrize("typed", ["refrigerator", "xyzzy", "!!!", "blackberry refrigerator", "%", "🌿"])
async def test_what_we_do_not_sell_is_not_found(client: httpx.AsyncClient, typed: str) -> None:
    assert await found(client, typed) == []


async def test_a_product_is_found_by_its_words_of_now(client: httpx.AsyncClient, db: Database) -> None:
    category_id = await make_category(db)
    product_id = await make_product(db, "Moonlit Orchard", category_id=category_id)
    await make_product(db, "Moonlit Harbour", category_id=category_id)
    async with db.transaction() as tx:
        await tx.execute("UPDATE products SET name = 'Amber Orchard' WHERE id = $1", product_id)
        await tx.execute("UPDATE products SET rating_sum = 5, review_count = 1")

    assert await found(client, "moonlit") == ["Moonlit Harbour"]
    assert await found(client, "amber") == ["Amber Orchard"]
    assert await found(client, "amberorchard") == ["Amber Orchard"]


async def test_blanks_search_for_nothing_and_show_all(client: httpx.AsyncClient, db: Database) -> None:
    await make_product(db)

    assert len(await found(client, "   ")) == 1


async def test_a_search_can_be_ordered_and_paged(client: httpx.AsyncClient, db: Database) -> None:
    category_id = await make_category(db)
    for name, cents in (("Honey", 3000), ("Honey Bear", 1000), ("Honeycomb", 2000)):
        await make_product(db, name, category_id=category_id, price_cents=cents)

    answer = await client.get(
        "/api/products", params={"search": "honey", "sort": "price_asc", "limit": 2, "offset": 1}
    )
    past = await client.get("/api/products", params={"search": "honey", "offset": 9})

    page = answer.json()
    assert [product["name"] for product in page["products"]] == ["Honeycomb", "Honey"]
    assert (page["total"], page["hasMore"]) == (3, False)
    assert past.json() == {"products": [], "total": 3, "hasMore": False}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Blue Dream", ["blue", "dream"]),
        ("dream, DREAM!", ["dream"]),
        ("3.5g", ["3", "5", "g"]),
        ("something for sleep", ["sleep"]),
        ("the", ["the"]),
        ("!!!", []),
        ("a b c d e f g h i j k", ["b", "c", "d", "e", "f", "g"]),
    ],
)
def test_how_a_search_is_read(text: str, words: list[str]) -> None:
    assert search_words(text) == words


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [("Maya Okafor", "Maya O."), ("Maya Ann de Vries", "Maya V."), ("Prince", "Prince")],
)
def test_authors_are_shown_by_first_name_and_initial(full_name: str, shown: str) -> None:
    assert author_name(full_name) == shown
