"""One visit: look around, fill the cart, order, pay. Sometimes with a change of mind."""

import asyncio

from faded_skies.demo.catalogue import CATEGORIES, PRODUCTS
from faded_skies.simulate import wire
from faded_skies.simulate.checkout import Checkout
from faded_skies.simulate.client import NOT_MODIFIED, Refused, going_on
from faded_skies.simulate.customer import Customer

ABANDONS = 0.12
"""Share of visits that end without an order."""

CART_IS_FULL = 6

SHORTEST_MISSPELLED = 5
"""Letters; a shorter word with a typing error is another word."""

PAGE = 24
CART_REFUSALS = frozenset({"OUT_OF_STOCK", "PURCHASE_LIMIT_EXCEEDED"})


async def visit(customer: Customer) -> None:
    """Let a customer come by once, whatever comes of it."""
    customer.busy = True
    customer.tally.counts["visits"] += 1
    try:
        with going_on(customer.tally):
            await Visit(customer).run()
    finally:
        customer.busy = False


class Visit:
    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self._api = customer.api
        self._chance = customer.chance

    async def run(self) -> None:
        """Raises Refused or Unexplained where the visit ends early."""
        await self._make_room()
        chosen = await self._browse()
        await self._fill(chosen, self._chance.choice((1, 2, 2, 3)))
        await self._change_of_mind()
        if self._chance.sometimes(ABANDONS):
            self._customer.tally.counts["abandoned"] += 1
            return
        await Checkout(self._customer, more=self.put_one_more).run()

    async def _think(self) -> None:
        await asyncio.sleep(self._chance.expovariate(1 / self._customer.scene.pause))

    async def cart(self) -> wire.Cart:
        answer = await self._api.call("GET", "/api/cart")
        cart = answer.read(wire.cart)
        if not cart.adds_up:
            raise answer.unexplained("the cart does not add up")
        return cart

    async def _make_room(self) -> None:
        """Take everything out of a cart that earlier visits left too full."""
        cart = await self.cart()
        if cart.item_count < CART_IS_FULL:
            return
        for line in cart.lines:
            await self._api.call("DELETE", "/api/cart/remove/{id}", of=line.product_id)

    async def _browse(self) -> list[wire.Product]:
        """Look at the categories and at a list or two; return what there is to choose from."""
        answer = await self._api.call("GET", "/api/categories")
        slugs = [wire.text(one["slug"]) for one in answer.read(wire.several(dict), "categories")]
        await self._think()
        query = self._query(slugs or [category.slug for category in CATEGORIES])
        found = await self._list(query)
        if not found:
            found = await self._list({"inStock": "true", "limit": PAGE})
        return found

    def _query(self, slugs: list[str]) -> dict[str, str | int]:
        chance = self._chance
        queries: list[dict[str, str | int]] = [
            {"search": self._search_words(), "limit": PAGE},
            {"category": chance.choice(slugs), "limit": PAGE},
            {"inStock": "true", "sort": "price_asc", "limit": PAGE, "offset": chance.randrange(100)},
            {"featured": "true"},
        ]
        return chance.choices(queries, (35, 40, 15, 10))[0]

    def _search_words(self) -> str:
        """Return a word of a product's name, sometimes with a typing error."""
        chance = self._chance
        words = [word for word in chance.choice(PRODUCTS).name.split() if word.isalpha()]
        word = max(words, key=len, default="haze")
        if len(word) < SHORTEST_MISSPELLED or chance.sometimes(0.7):
            return word
        place = chance.randrange(1, len(word) - 1)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    async def _list(self, query: dict[str, str | int]) -> list[wire.Product]:
        answer = await self._api.call("GET", "/api/products", query=query)
        products = answer.read(wire.several(wire.product), "products")
        answer.read(wire.whole, "total")
        answer.read(wire.yes_or_no, "hasMore")
        if not answer.etag:
            raise answer.unexplained("the list has no ETag")
        await self._think()
        if self._chance.sometimes(0.3):
            again = await self._api.call("GET", "/api/products", query=query, etag=answer.etag)
            if again.status == NOT_MODIFIED:
                self._customer.tally.counts["not_modified"] += 1
            elif again.etag == answer.etag:
                raise again.unexplained("the list was sent again although its ETag is the same")
        return [product for product in products if product.stock > 0]

    async def _fill(self, choice: list[wire.Product], pieces: int) -> None:
        exhausted = self._customer.exhausted
        wanted = [product for product in choice if product.product_class not in exhausted] or choice
        for product in self._chance.sample(wanted, min(pieces, len(wanted))):
            await self._put(product, 2 if self._chance.sometimes(0.25) else 1)

    async def _put(self, listed: wire.Product, quantity: int) -> bool:
        """Open a product's page and put it into the cart; False when the shop refuses for a good reason."""
        page = await self._api.call("GET", "/api/products/{id}", of=listed.id)
        if page.read(wire.product, "product").price != listed.price:
            raise page.unexplained("the product page has another price than the list")
        await self._think()
        try:
            answer = await self._api.call(
                "POST",
                "/api/cart/add",
                json={"productId": listed.id, "quantity": quantity},
                refusals=CART_REFUSALS,
            )
        except Refused as refused:
            if refused.code == "PURCHASE_LIMIT_EXCEEDED":
                self._customer.exhausted.add(listed.product_class)
            elif refused.code not in CART_REFUSALS:
                raise
            return False
        cart = answer.read(wire.cart)
        if not cart.adds_up or listed.id not in {line.product_id for line in cart.lines}:
            raise answer.unexplained("the cart does not hold what was put into it, or does not add up")
        return True

    async def _change_of_mind(self) -> None:
        """Sometimes change a quantity or put something back."""
        if not self._chance.sometimes(0.3):
            return
        cart = await self.cart()
        if not cart.lines:
            return
        line = self._chance.choice(cart.lines)
        await self._think()
        if len(cart.lines) > 1 and self._chance.sometimes(0.3):
            answer = await self._api.call("DELETE", "/api/cart/remove/{id}", of=line.product_id)
            if line.product_id in {left.product_id for left in answer.read(wire.cart).lines}:
                raise answer.unexplained("what was removed is still in the cart")
            return
        wanted = line.quantity % 3 + 1
        try:
            answer = await self._api.call(
                "PUT",
                "/api/cart/update",
                json={"productId": line.product_id, "quantity": wanted},
                refusals=CART_REFUSALS,
            )
        except Refused as refused:
            if refused.code not in CART_REFUSALS:
                raise
            return
        if wanted not in {
            now.quantity for now in answer.read(wire.cart).lines if now.product_id == line.product_id
        }:
            raise answer.unexplained("the cart does not have the quantity that was set")

    async def put_one_more(self) -> bool:
        """Put something of some value into the cart, for an order that is too small yet."""
        query: dict[str, str | int] = {"inStock": "true", "minPrice": 20, "limit": PAGE}
        # Without limits of the law: these can always be bought.
        query["category"] = self._chance.choice(("accessories", "topicals", "cbd-wellness"))
        answer = await self._api.call("GET", "/api/products", query=query)
        found = answer.read(wire.several(wire.product), "products")
        if not found:
            return False
        return await self._put(self._chance.choice(found), 1)
