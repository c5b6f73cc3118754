"""From cart to paid order, with everything that can happen to a payment on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from faded_skies.simulate import wire
from faded_skies.simulate.client import Answer, Refused, Unexplained, new_key
from faded_skies.simulate.customer import Customer
from faded_skies.simulate.tally import Failure
from faded_skies.simulate.watch import follow

WAYS_TO_PAY = {"card": 62, "cash": 20, "fs_coin": 4, "declined": 8, "authentication": 6}
"""Shares of orders, in percent."""

TEST_CARDS = {"declined": "pm_card_chargeCustomerFail", "authentication": "pm_card_authenticationRequired"}
REFUSED_CARD = "pm_card_chargeDeclined"
"""A card that cannot even be added."""

TIPS = (2, 3, 3.5, 5, 8.25)
MORE_TRIES = 3

# Shares of orders.
TIPPED, WITH_COINS, DOUBLE_TAPPED, CANCELLED_EARLY = 0.4, 0.25, 0.06, 0.06
# Shares of those whom the thing happened to.
WALKS_AWAY, FAILS_AUTHENTICATION, ORDERS_AGAIN, TRIES_ANYWAY = 0.2, 0.2, 0.4, 0.3

FLEETING = frozenset({"OUT_OF_STOCK", "PAYMENT_FAILED"})
"""Problems that may be gone a moment later: stock and coins come back from orders that end."""


@dataclass(frozen=True, slots=True)
class Wish:
    way: str
    method_id: str
    address_id: str
    tip: float = 0
    coins: bool | int = False
    instructions: str | None = None

    def body(self) -> dict[str, object]:
        """Return the body of an order; what is not wanted is left out."""
        body: dict[str, object] = {"deliveryAddressId": self.address_id, "paymentMethodId": self.method_id}
        if self.tip:
            body["tip"] = self.tip
        if self.coins:
            body["useCoins"] = self.coins
        if self.instructions:
            body["specialInstructions"] = self.instructions
        return body


class Checkout:
    """One attempt of one customer to order; `more` puts something more into the cart."""

    def __init__(self, customer: Customer, *, more: Callable[[], Awaitable[bool]]) -> None:
        self._customer = customer
        self._api = customer.api
        self._chance = customer.chance
        self._counts = customer.tally.counts
        self._more = more

    async def run(self) -> None:
        """Raises Refused or Unexplained where it ends without an order."""
        wish = await self._wish()
        try:
            bill = await self._agree(wish)
            if bill is not None:
                await self._order(wish, bill)
        finally:
            if wish.way in TEST_CARDS:
                await self._api.call("DELETE", "/api/payments/methods/{id}", of=wish.method_id)

    async def _wish(self) -> Wish:
        chance, customer = self._chance, self._customer
        way = chance.choices(list(WAYS_TO_PAY), list(WAYS_TO_PAY.values()))[0]
        if way == "declined" and chance.sometimes(0.5):
            await self._be_refused_a_card()
        method_id = await customer.add_card(TEST_CARDS[way]) if way in TEST_CARDS else customer.methods[way]
        coins: bool | int = False
        if chance.sometimes(WITH_COINS):
            coins = True
            if chance.sometimes(0.5):
                ledger = await self._api.call("GET", "/api/users/rewards")
                coins = min(ledger.read(wire.whole, "balance"), chance.randrange(50, 1_000))
        return Wish(
            way,
            method_id,
            customer.address_id,
            tip=chance.choice(TIPS) if chance.sometimes(TIPPED) else 0,
            coins=coins,
            instructions="Call when you are near." if chance.sometimes(0.1) else None,
        )

    async def _be_refused_a_card(self) -> None:
        try:
            await self._customer.add_card(REFUSED_CARD, refusals=frozenset({"PAYMENT_FAILED"}))
        except Refused as refused:
            if refused.code != "PAYMENT_FAILED":
                raise
            return
        raise Unexplained(Failure("took a card that its bank declines", "POST /api/payments/methods"))

    async def _agree(self, wish: Wish) -> wire.Bill | None:
        """Ask for a quote, and mend what can be mended; None when there is nothing to order."""
        for attempt in range(MORE_TRIES + 1):
            answer = await self._api.call("POST", "/api/orders/quote", json=wish.body())
            bill = answer.read(wire.quote)
            if not bill.adds_up:
                raise answer.unexplained("the quote does not add up")
            problems = answer.read(wire.several(wire.problem), "problems")
            for code in problems:
                self._customer.tally.refusals[code, answer.call] += 1
            if not problems:
                return bill
            small = set(problems) <= {"BELOW_MINIMUM_ORDER", "EMPTY_CART"}
            if not small or attempt == MORE_TRIES or not await self._more():
                break
        if self._chance.sometimes(TRIES_ANYWAY):
            await self._try_anyway(wish, problems)
        if "PURCHASE_LIMIT_EXCEEDED" in problems:
            await self._empty_the_cart()
        return None

    async def _try_anyway(self, wish: Wish, problems: list[str]) -> None:
        refusals = frozenset({*problems, *(["PAYMENT_FAILED"] if wish.way == "declined" else [])})
        answer = await self._tap(wish, new_key(), refusals)
        order = answer.read(wire.order, "order")
        follow(self._customer, order)
        if not set(problems) & FLEETING:
            raise answer.unexplained(f"accepted although the quote says {', '.join(problems)}")

    async def _empty_the_cart(self) -> None:
        cart = (await self._api.call("GET", "/api/cart")).read(wire.cart)
        for line in cart.lines:
            await self._api.call("DELETE", "/api/cart/remove/{id}", of=line.product_id)

    async def _order(self, wish: Wish, bill: wire.Bill) -> None:
        refusals = {"OUT_OF_STOCK"}
        if wish.way == "declined":
            refusals.add("PAYMENT_FAILED")
        try:
            answer = await self._place(wish, frozenset(refusals))
        except Refused as refused:
            if refused.code != "PAYMENT_FAILED":
                raise
            await self._after_a_decline(wish, refused.answer)
            return
        order = self._accepted(answer, bill)
        await self._cart_is_taken(answer)
        if wish.way == "declined" and order.bill.due:
            raise answer.unexplained("a card that must be declined was accepted")
        if answer.read(wire.text, "payment", "status") == "requires_action":
            await self._authenticate(order, answer)
        elif order.status != "confirmed":
            raise answer.unexplained(f"a paid order is {order.status}")
        elif self._chance.sometimes(CANCELLED_EARLY):
            await asyncio.sleep(self._chance.uniform(0, 4))
            await self._cancel(order.id)

    async def _place(self, wish: Wish, refusals: frozenset[str]) -> Answer:
        """Place the order; an impatient customer taps twice, and must not get two."""
        key = new_key()
        if not self._chance.sometimes(DOUBLE_TAPPED):
            return await self._tap(wish, key, refusals)
        self._counts["double_taps"] += 1
        impatient = refusals | {"IDEMPOTENCY_IN_PROGRESS"}
        taps = await asyncio.gather(
            self._tap(wish, key, impatient), self._tap(wish, key, impatient), return_exceptions=True
        )
        answers = []
        for tap in taps:
            if isinstance(tap, Refused) and tap.code == "IDEMPOTENCY_IN_PROGRESS":
                continue  # whichever of the two came second
            if isinstance(tap, BaseException):
                raise tap
            answers.append(tap)
        if len({answer.read(wire.text, "order", "id") for answer in answers}) != 1:
            raise Unexplained(
                Failure(f"two taps with one key made {len(answers)} orders", "POST /api/orders")
            )
        return answers[0]

    async def _tap(self, wish: Wish, key: str, refusals: frozenset[str]) -> Answer:
        try:
            return await self._api.call("POST", "/api/orders", json=wish.body(), key=key, refusals=refusals)
        except asyncio.CancelledError:
            self._customer.unanswered += 1
            raise

    def _accepted(self, answer: Answer, bill: wire.Bill) -> wire.Order:
        """Count and follow an order. Raises Unexplained when it is not what was quoted."""
        order = answer.read(wire.order, "order")
        self._counts["placed"] += 1
        follow(self._customer, order)
        if not order.adds_up:
            raise answer.unexplained("the order does not add up")
        # Coins may have come or gone since the quote; everything else is as quoted.
        if order.bill != replace(bill, coins=order.bill.coins, due=bill.total - order.bill.coins):
            raise answer.unexplained("the order costs something else than its quote said")
        return order

    async def _cart_is_taken(self, answer: Answer) -> None:
        """Raise Unexplained when what was ordered still lies in the cart."""
        cart = await self._api.call("GET", "/api/cart")
        if cart.read(wire.cart).lines:
            raise answer.unexplained("what was ordered still lies in the cart")

    async def _after_a_decline(self, wish: Wish, answer: Answer) -> None:
        """Pay with a good card, order anew, or leave the order unpaid."""
        order_id = answer.read(wire.text, "orderId")
        unpaid = (await self._api.call("GET", "/api/orders/{id}", of=order_id)).read(wire.order, "order")
        self._counts["placed"] += 1
        follow(self._customer, unpaid)
        if unpaid.status != "payment_failed":
            raise answer.unexplained(f"the order of a declined card is {unpaid.status}")
        choice = self._chance.random()
        if choice < WALKS_AWAY:
            self._counts["left_unpaid"] += 1
            return
        if choice < WALKS_AWAY + ORDERS_AGAIN:
            good = replace(wish, way="card", method_id=self._customer.methods["card"])
            bill = await self._agree(good)
            if bill is not None:
                await self._order(good, bill)
            return
        paid = await self._api.call(
            "POST",
            "/api/orders/{id}/confirm-payment",
            of=order_id,
            json={"paymentMethodId": self._customer.methods[self._chance.choice(("card", "cash"))]},
            refusals={"INVALID_STATE"},
        )
        if paid.read(wire.order, "order").status != "confirmed":
            raise paid.unexplained("paid another way, and still not confirmed")
        await self._cart_is_taken(paid)

    async def _authenticate(self, order: wire.Order, answer: Answer) -> None:
        """Go to the bank's page of the sandbox and pass or fail there, or turn round."""
        if self._chance.sometimes(WALKS_AWAY):
            await self._cancel(order.id)
            return
        secret = answer.read(wire.text, "payment", "clientSecret")
        intent_id = secret.partition("_secret_")[0]
        fails = self._chance.sometimes(FAILS_AUTHENTICATION)
        outcome = {"client_secret": secret, "outcome": "fail" if fails else "complete"}
        await self._api.call("POST", "/sandbox/authenticate/{id}", of=intent_id, form=outcome)
        self._counts["authenticated"] += 1
        try:
            paid = await self._api.call(
                "POST",
                "/api/orders/{id}/confirm-payment",
                of=order.id,
                refusals={"PAYMENT_FAILED"} if fails else (),
            )
        except Refused as refused:
            if refused.code != "PAYMENT_FAILED":
                raise
            return
        state = paid.read(wire.order, "order").status
        if fails or state in {"pending", "payment_failed"}:
            raise paid.unexplained(f"after the bank's page ({outcome['outcome']}) the order is {state}")

    async def _cancel(self, order_id: str) -> None:
        answer = await self._api.call(
            "POST", "/api/orders/{id}/cancel", of=order_id, key=new_key(), refusals={"INVALID_STATE"}
        )
        self._counts["cancelled_by_customer"] += 1
        if answer.read(wire.order, "order").status != "cancelled":
            raise answer.unexplained("cancelled, and still not cancelled")
