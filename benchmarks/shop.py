"""The shop that is measured: the demo's menu over and over, and customers who can order at once."""

from dataclasses import dataclass, replace
from uuid import UUID

from faded_skies.bootstrap import Application
from faded_skies.demo import people
from faded_skies.demo.catalogue import CATEGORIES, PRODUCTS
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import NewCategory, NewImage, NewProduct
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.models import Account, Grant
from faded_skies.domains.identity.ports import PasswordHasher
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.ports import Gateways
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import AddressFields, Circle, Position, ServiceArea, Shop
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Tx
from faded_skies.platform.ids import new_id

PASSWORD = people.PASSWORD
REVIEWS_EACH = 3
STOCK = 1_000_000

# As if each product had been bought and reviewed by a few people.
_REVIEW = """
INSERT INTO product_reviews (id, product_id, user_id, rating, title, body)
SELECT gen_random_uuid(), p.id, u.id, 4, 'Just right', 'Came on time, well packed, and as described on the page.'
FROM products p CROSS JOIN (SELECT id FROM users ORDER BY id LIMIT $1) u
"""
_COUNT_REVIEWS = "UPDATE products SET rating_sum = 4 * $1::int, review_count = $1::int"


@dataclass(frozen=True)
class Customer:
    """Who browses and orders: an access token, an address, and ways to pay."""

    id: UUID
    email: str
    token: str
    address_id: UUID
    methods: dict[Tender, UUID]


@dataclass(frozen=True)
class BenchShop:
    """What requests are made of. `goods` are accessories: no daily limit counts them."""

    products: list[UUID]
    goods: list[UUID]
    customers: list[Customer]


async def fill(application: Application, *, products: int, customers: int) -> BenchShop:
    """Fill an empty shop through the product's services, then let PostgreSQL count what is there."""
    db = application.ports.db
    hasher: PasswordHasher = application.ports.get(PasswordHasher)
    password_hash = await hasher.hash(PASSWORD)
    async with db.transaction() as tx:
        await _open(tx)
        shelf = await _fill_shelves(tx, products)
    shoppers = [await _welcome(application, number, password_hash) for number in range(customers)]
    await db.pool.execute(_REVIEW, min(REVIEWS_EACH, customers))
    await db.pool.execute(_COUNT_REVIEWS, min(REVIEWS_EACH, customers))
    await db.pool.execute("VACUUM ANALYZE")
    goods = [product.id for product in shelf if product.product_class == "accessory"]
    return BenchShop([product.id for product in shelf], goods, shoppers)


async def _open(tx: Tx) -> None:
    licence_day = people.CUSTOMERS[0].date_of_birth
    await places.open_shop(
        tx,
        Shop(
            name="Benchmark",
            license_number="TX-0",
            license_type="Retail",
            license_issuer="Nobody",
            license_issued_on=licence_day,
            license_expires_on=licence_day.replace(year=2099),
            latitude=30.2672,
            longitude=-97.7431,
        ),
    )
    area = ServiceArea(
        id=new_id(),
        name="Austin",
        shape=Circle(30.2672, -97.7431, 40_000),
        fee_cents=500,
        minimum_cents=0,
        opens_minute=0,
        closes_minute=1440,
    )
    await places.add_area(tx, area)
    await places.add_area(
        tx, replace(area, id=new_id(), name="Round Rock", shape=Circle(30.5082, -97.7431, 40_000))
    )


async def _fill_shelves(tx: Tx, count: int) -> list[NewProduct]:
    categories = {category.slug: new_id() for category in CATEGORIES}
    await catalog.create_categories(
        tx,
        [
            NewCategory(
                id=categories[category.slug],
                name=category.name,
                slug=category.slug,
                icon=category.icon,
                description=category.description,
                sort_order=category.sort_order,
            )
            for category in CATEGORIES
        ],
    )
    shelf = []
    for number in range(count):
        product = PRODUCTS[number % len(PRODUCTS)]
        batch = number // len(PRODUCTS)
        shelf.append(
            NewProduct(
                id=new_id(),
                category_id=categories[product.category],
                name=f"{product.name} {batch}",
                description=product.description,
                price_cents=product.price_cents + batch,
                product_class=product.product_class,
                thc_content=product.thc_content,
                cbd_content=product.cbd_content,
                strain_type=product.strain_type,
                effects=product.effects,
                lab_tested=product.lab_tested,
                net_weight_mg=product.net_weight_mg,
                thc_mg=product.thc_mg,
                is_featured=product.is_featured,
            )
        )
    await catalog.create_products(tx, shelf)
    await catalog.add_images(
        tx,
        [
            NewImage(
                id=new_id(), product_id=product.id, image_url=f"/media/{product.id}.svg", is_primary=True
            )
            for product in shelf
        ],
    )
    await inventory.open_stock(tx, {product.id: STOCK for product in shelf})
    return shelf


async def _welcome(application: Application, number: int, password_hash: str) -> Customer:
    ports = application.ports
    gateways: Gateways = ports.get(Gateways)
    gateway = gateways.for_tender(Tender.CARD)
    example = people.CUSTOMERS[number % len(people.CUSTOMERS)]
    email, user_id = f"customer-{number}@bench.example", new_id()
    async with ports.db.transaction() as tx:
        await identity.create_person(
            tx,
            user_id=user_id,
            email=email,
            password_hash=password_hash,
            full_name=f"{example.first_name} {example.last_name}",
            phone=example.phone,
            date_of_birth=example.date_of_birth,
            role=Role.CUSTOMER,
            id_verified=True,
            email_verified=True,
        )
    details = await gateway.attach(await payments.get_customer(ports.db, gateway, user_id), "pm_card_visa")
    async with ports.db.transaction() as tx:
        address = await places.add_address(
            tx,
            user_id=user_id,
            fields=AddressFields(
                name="Home",
                address_line1="1 Main St",
                city="Austin",
                state="TX",
                zip_code="78701",
                address_type="home",
            ),
            position=Position(30.2672, -97.7431, "pin", "1 Main St, Austin, TX 78701"),
        )
        card = await payments.add_card(
            tx, user_id=user_id, tender=Tender.CARD, provider=gateway.name, details=details
        )
        cash = await payments.add_shop_method(tx, user_id=user_id, tender=Tender.CASH)
        grant = await identity.sign_in(
            tx,
            Account(user_id, password_hash),
            password_right=True,
            better_hash=None,
            session_lifetime=ports.settings.refresh_expires_in,
        )
    assert isinstance(grant, Grant)
    return Customer(
        id=user_id,
        email=email,
        token=ports.tokens.issue(user_id=user_id, session_id=grant.session_id),
        address_id=address.id,
        methods={Tender.CARD: card.id, Tender.CASH: cash.id},
    )
