"""Fills the demo shop through the services that the product itself uses, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.demo import people
from faded_skies.demo.catalogue import CATEGORIES, PRODUCTS
from faded_skies.demo.people import PEOPLE, Address, Person
from faded_skies.demo.pictures import lab_report, picture
from faded_skies.demo.product import Product
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import NewCategory, NewImage, NewProduct
from faded_skies.domains.delivery import service as delivery
from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.ports import PasswordHasher
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Lab, NewLot
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.ports import Gateways, MethodDetails, PaymentGateway
from faded_skies.domains.payments.service import Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import AddressFields, Circle, Polygon, Position, ServiceArea, Shop
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Tx
from faded_skies.platform.geo import METRES_PER_MILE
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings

WELCOME_COINS = 2_500

_SHOP = Shop(
    name="Faded Skies LLC",
    license_number="TX-RET-2024-001",
    license_type="Retail Cannabis Delivery",
    license_issuer="Texas Department of State Health Services (example)",
    license_issued_on=date(2024, 1, 15),
    license_expires_on=date(2034, 1, 15),
    latitude=30.2672,
    longitude=-97.7431,
    legal_name="Faded Skies LLC",
    address="301 Congress Avenue, Austin, TX 78701",
    phone="(512) 555-0100",
)


# Roughly the river, Lamar, 15th Street, I-35 and Oltorf: near enough to deliver for less.
_DOWNTOWN = Polygon(
    (
        (
            (30.2785, -97.7525),
            (30.2770, -97.7325),
            (30.2620, -97.7340),
            (30.2480, -97.7365),
            (30.2350, -97.7430),
            (30.2390, -97.7560),
            (30.2500, -97.7570),
            (30.2640, -97.7560),
        ),
    )
)


def _areas() -> list[ServiceArea]:
    return [
        ServiceArea(
            id=new_id(),
            name=name,
            shape=shape,
            fee_cents=fee,
            minimum_cents=minimum,
            opens_minute=0,
            closes_minute=1440,
        )
        for name, shape, fee, minimum in (
            ("Austin", Circle(30.2672, -97.7431, round(25 * METRES_PER_MILE)), 500, 2_500),
            ("Round Rock", Circle(30.5082, -97.6789, round(15 * METRES_PER_MILE)), 750, 4_000),
            ("Downtown and South Congress", _DOWNTOWN, 300, 2_500),
        )
    ]


async def seed(settings: Settings, *, progress: Callable[[str], None]) -> None:
    """Fill the shop: all of it or nothing. A second one at the same time finds it filled and does nothing."""
    async with bootstrap.application(settings, serves=False) as application:
        progress(f"Drawing {len(PRODUCTS)} products")
        _write_media(settings.data / "media")
        hasher: PasswordHasher = application.ports.get(PasswordHasher)
        password_hash = await hasher.hash(people.PASSWORD)
        ids = {person.email: new_id() for person in PEOPLE}
        cards = await _attach_cards(application, ids)
        async with application.ports.db.transaction() as tx:
            await tx.execute("SELECT pg_advisory_xact_lock(7262024002)")
            if await tx.fetchval("SELECT EXISTS (SELECT FROM shop)"):
                return
            progress("Opening the shop and its delivery areas")
            await places.open_shop(tx, _SHOP)
            for area in _areas():
                await places.add_area(tx, area)
            progress(f"Putting {len(PRODUCTS)} products on the shelves")
            await _fill_shelves(tx)
            progress(f"Welcoming {len(PEOPLE)} people")
            for person in PEOPLE:
                await _welcome(
                    tx, person, ids[person.email], password_hash, cards.get(person.email), application
                )


def _write_media(folder: Path) -> None:
    for kind, suffix, draw, drawn in (
        ("products", "svg", picture, PRODUCTS),
        ("lab", "html", lab_report, [product for product in PRODUCTS if product.lab_tested]),
    ):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for product in drawn:
            (folder / kind / f"{product.slug}.{suffix}").write_bytes(draw(product))


async def _attach_cards(application: Application, ids: dict[str, UUID]) -> dict[str, MethodDetails]:
    # At the gateway first: no vendor is called while the transaction is open.
    gateway = _gateway(application)
    attached = {}
    for person in people.CUSTOMERS:
        customer = await gateway.open_customer(ids[person.email])
        attached[person.email] = await gateway.attach(customer, "pm_card_visa")
    return attached


def _gateway(application: Application) -> PaymentGateway:
    gateways: Gateways = application.ports.get(Gateways)
    return gateways.for_tender(Tender.CARD)


async def _fill_shelves(tx: Tx) -> None:
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
    ids = {product.slug: new_id() for product in PRODUCTS}
    await catalog.create_products(tx, [_product(product, ids, categories) for product in PRODUCTS])
    await catalog.add_images(tx, _images(PRODUCTS, ids))
    await inventory.open_stock(
        tx, {ids[product.slug]: 0 if _has_lots(product) else product.stock_quantity for product in PRODUCTS}
    )
    today = clock.now().date()
    for number, product in enumerate(PRODUCTS, start=1):
        if _has_lots(product):
            lot = _lot(product, ids[product.slug], number, today=today)
            await inventory.receive(tx, lot, actor_id=None, today=today)


def _has_lots(product: Product) -> bool:
    return product.product_class != "accessory" and product.stock_quantity > 0


def _lot(product: Product, product_id: UUID, number: int, *, today: date) -> NewLot:
    """Return the package in which a product came, with a tag in the manner of Metrc's."""
    return NewLot(
        id=new_id(),
        product_id=product_id,
        tag=f"1A4DEM0{number:017}",
        quantity=product.stock_quantity,
        already_counted=0,
        lab=Lab("passed", "Example Labs", today - timedelta(days=30), None),
        expires_on=today + timedelta(days=335),
        note=None,
    )


def _product(product: Product, ids: dict[str, UUID], categories: dict[str, UUID]) -> NewProduct:
    return NewProduct(
        id=ids[product.slug],
        category_id=categories[product.category],
        name=product.name,
        description=product.description,
        price_cents=product.price_cents,
        original_price_cents=product.original_price_cents,
        product_class=product.product_class,
        thc_content=product.thc_content,
        cbd_content=product.cbd_content,
        strain_type=product.strain_type,
        effects=product.effects,
        lab_tested=product.lab_tested,
        lab_results_url=f"/media/lab/{product.slug}.html" if product.lab_tested else None,
        net_weight_mg=product.net_weight_mg,
        thc_mg=product.thc_mg,
        is_featured=product.is_featured,
    )


def _images(products: Sequence[Product], ids: dict[str, UUID]) -> list[NewImage]:
    return [
        NewImage(
            id=new_id(),
            product_id=ids[product.slug],
            image_url=f"/media/products/{product.slug}.svg",
            alt_text=f"A drawing of {product.name}",
            is_primary=True,
        )
        for product in products
    ]


async def _welcome(
    tx: Tx,
    person: Person,
    user_id: UUID,
    password_hash: str,
    card: MethodDetails | None,
    application: Application,
) -> None:
    await identity.create_person(
        tx,
        user_id=user_id,
        email=person.email,
        password_hash=password_hash,
        full_name=f"{person.first_name} {person.last_name}",
        phone=person.phone,
        date_of_birth=person.date_of_birth,
        role=Role(person.role),
        id_verified=person.role == "customer",
        email_verified=True,
    )
    if person.address is not None:
        await _give_address(tx, user_id, person.address)
    if person.car is not None:
        await delivery.add_vehicle(tx, make=person.car.make, model=person.car.model, plate=person.car.plate)
    if card is not None:
        name = _gateway(application).name
        await payments.add_card(tx, user_id=user_id, tender=Tender.CARD, provider=name, details=card)
        await payments.add_shop_method(tx, user_id=user_id, tender=Tender.CASH)
        await payments.add_shop_method(tx, user_id=user_id, tender=Tender.FS_COIN)
        await rewards.grant(
            tx, user_id=user_id, coins=WELCOME_COINS, description="A welcome from the demo shop"
        )


async def _give_address(tx: Tx, user_id: UUID, address: Address) -> None:
    await places.add_address(
        tx,
        user_id=user_id,
        fields=AddressFields(
            name="Home",
            address_line1=address.line1,
            city=address.city,
            state=address.state,
            zip_code=address.zip_code,
            address_type="home",
            delivery_instructions=address.instructions,
            is_primary=True,
        ),
        position=Position(
            address.latitude,
            address.longitude,
            "pin",
            f"{address.line1}, {address.city}, {address.state} {address.zip_code}",
        ),
    )
