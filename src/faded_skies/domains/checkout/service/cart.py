"""The cart: changed in Valkey, shown with exact prices and stock, never beyond stock or the law."""

from collections.abc import Mapping
from uuid import UUID

from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import Product
from faded_skies.domains.checkout import queries
from faded_skies.domains.checkout.errors import ProductNotFound, QuantityTooLarge
from faded_skies.domains.checkout.models import Cart, CartLine, CartView
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Line
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.orders import service as orders
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.valkey import Valkey


async def show(checkout: Checkout, actor: Actor) -> CartView:
    """Return the whole cart; products that are no longer on sale have left it."""
    return await _view(checkout, actor, await queries.get_cart(checkout.valkey, actor.id))


async def add(checkout: Checkout, actor: Actor, *, product_id: UUID, quantity: int, most: int) -> CartView:
    """Add to what is there.

    Raises ProductNotFound, OutOfStock, ProductNotSellable, PurchaseLimitExceeded or QuantityTooLarge.
    """
    cart = await queries.get_cart(checkout.valkey, actor.id)
    there = next((line.quantity for line in cart.lines if line.product_id == product_id), 0)
    await _check(checkout, actor, cart, product_id=product_id, quantity=there + quantity)
    return await _change(checkout, actor, product_id=product_id, change=f"+{quantity}", most=most)


async def update(checkout: Checkout, actor: Actor, *, product_id: UUID, quantity: int, most: int) -> CartView:
    """Set a quantity; 0 removes the product. Raises as `add` does."""
    if quantity:
        cart = await queries.get_cart(checkout.valkey, actor.id)
        await _check(checkout, actor, cart, product_id=product_id, quantity=quantity)
    return await _change(checkout, actor, product_id=product_id, change=str(quantity), most=most)


async def _change(checkout: Checkout, actor: Actor, *, product_id: UUID, change: str, most: int) -> CartView:
    cart = await queries.change_line(checkout.valkey, actor.id, product_id, change=change, most=most)
    if isinstance(cart, int):
        raise QuantityTooLarge(f"That would make {cart} of one product; {most} is the most in one order.")
    return await _view(checkout, actor, cart)


async def _check(checkout: Checkout, actor: Actor, cart: Cart, *, product_id: UUID, quantity: int) -> None:
    lines = [line for line in cart.lines if line.product_id != product_id]
    lines.append(CartLine(product_id, quantity, ""))
    products = await catalog.find_products(checkout.db, [line.product_id for line in lines])
    product = products.get(product_id)
    if product is None or not product.is_active:
        raise ProductNotFound
    if quantity > product.stock_quantity:
        raise inventory.out_of_stock([(Wanted(product_id, product.name, quantity), product.stock_quantity)])
    compliance.check_sellable(checkout.book, law_line(product, quantity), name=product.name)
    passed = compliance.exceeded(await _limits(checkout, actor, cart, lines, products))
    if passed:
        raise passed[0]


async def _view(checkout: Checkout, actor: Actor, cart: Cart) -> CartView:
    ids = [line.product_id for line in cart.lines]
    products = await catalog.find_products(checkout.db, ids)
    cards = await catalog.find_cards(checkout.db, ids)
    lines = [
        line for line in cart.lines if line.product_id in products and products[line.product_id].is_active
    ]
    limits = await _limits(checkout, actor, cart, lines, products)
    return CartView(
        lines=lines,
        cards=cards,
        prices={product_id: product.price_cents for product_id, product in products.items()},
        limits=limits,
    )


async def _limits(
    checkout: Checkout, actor: Actor, cart: Cart, lines: list[CartLine], products: Mapping[UUID, Product]
) -> list[compliance.LimitUse]:
    bought = await orders.list_bought_since(
        checkout.db, actor.id, compliance.day_start(checkout.book, clock.now()), cart_id=cart.id
    )
    return compliance.limit_uses(
        checkout.book,
        [bought_line(item) for item in bought],
        [law_line(products[line.product_id], line.quantity) for line in lines if line.product_id in products],
    )


def law_line(product: Product, quantity: int) -> Line:
    """Return what the law sees of so much of a product."""
    return Line(
        product_class=product.product_class,
        quantity=quantity,
        total_cents=product.price_cents * quantity,
        net_weight_mg=product.net_weight_mg,
        thc_mg=product.thc_mg,
    )


def bought_line(item: orders.Item) -> Line:
    """Return what the law sees of a line that was sold."""
    return Line(item.product_class, item.quantity, item.total_price_cents, item.net_weight_mg, item.thc_mg)


async def held_on(valkey: Valkey, user_id: UUID) -> list[dict[str, object]]:
    """Return what lies in a person's cart, as it is kept."""
    cart = await queries.get_cart(valkey, user_id)
    return [
        {"productId": line.product_id, "quantity": line.quantity, "addedAt": line.added_at}
        for line in cart.lines
    ]


async def erase(valkey: Valkey, user_id: UUID) -> None:
    """Throw away the cart of somebody who left."""
    await queries.delete_cart(valkey, user_id)
