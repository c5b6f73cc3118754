"""Whatever is done with carts, orders, payments, coins and refunds, in whatever order: the books agree all the time.

Hypothesis draws the steps. They go through the doors that people use, on a real database; what must hold is asked of
the books (`ledger verify`), of the vendor, and of a small model of each order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from factories.catalog import make_product
from factories.payments import card_gateway, deliver_webhooks
from factories.stage import Stage, open_stage
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.rules import MOVES, Status
from faded_skies.domains.payments.ports import Gateways
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform import clock
from faded_skies.platform.settings import Settings
from faded_skies.reports.verifying import verify

DECLINES, ASKS = "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"
STOCK = 1_000_000


@dataclass
class World:
    """The shop, and what it sells."""

    stage: Stage
    haze: UUID
    grinder: UUID


@dataclass
class Seen:
    """What the model knows of an order: how it stood last, and what was given back of it (cents)."""

    id: str
    status: Status
    worth: int
    given_back: int = 0
    story: list[str] = field(default_factory=list)


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with open_stage(settings, DECLINES, ASKS) as stage:
        db = stage.trade.db
        haze = make_product(db, "Haze", price_cents=3333, stock=STOCK, product_class="topical")
        grinder = make_product(db, "Grinder", price_cents=1701, stock=STOCK, product_class="accessory")
        yield World(stage, stage.run(haze), stage.run(grinder))


class Money(RuleBasedStateMachine):
    """One customer, one driver, one admin; orders in every state."""

    world: World
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.trade = self.world.stage.trade
        self.do = self.world.stage.run
        self.post = self.world.stage.post
        self.seen: dict[str, Seen] = {}

    @initialize()
    def empty_the_cart(self) -> None:
        for product_id in (self.world.haze, self.world.grinder):
            url = f"/api/cart/remove/{product_id}"
            self.do(self.trade.client.delete(url, headers=self.trade.shopper.headers))

    @rule(quantity=st.integers(1, 3), which=st.booleans())
    def put_in_the_cart(self, quantity: int, *, which: bool) -> None:
        product_id = self.world.haze if which else self.world.grinder
        body = {"productId": str(product_id), "quantity": quantity}
        self.post("/api/cart/add", self.trade.shopper.headers, body)

    @rule(
        target=made,
        tender=st.sampled_from(["card", "card", DECLINES, ASKS, "cash", "fs_coin"]),
        coins=st.sampled_from([False, False, True, 1, 999, 100_000]),
        tip=st.sampled_from([0, 0, 3.5]),
        quantity=st.integers(1, 3),
    )
    def order(self, tender: str, coins: object, tip: float, quantity: int) -> Any:
        body = {"productId": str(self.world.haze), "quantity": quantity}
        self.post("/api/cart/add", self.trade.shopper.headers, body)
        wish = self.trade.shopper.order(tender, tip=tip, useCoins=coins)
        answer = self.post("/api/orders", self.trade.shopper.headers, wish)
        told = answer.json()
        order_id = told["order"]["id"] if answer.status_code == 201 else told.get("orderId")
        if order_id is None or order_id in self.seen:
            assert answer.status_code in {402, 409, 422}, answer.text
            return multiple()
        order = self.do(self.trade.look({"id": order_id}))
        worth = round(order["totalAmount"] * 100)
        self.seen[order_id] = Seen(order_id, Status(order["status"]), worth)
        return order_id

    @rule(order_id=made, method=st.sampled_from([None, "card", "cash", DECLINES]))
    def pay_again(self, order_id: str, method: str | None) -> None:
        body = None if method is None else {"paymentMethodId": str(self.trade.shopper.methods[method])}
        answer = self.post(f"/api/orders/{order_id}/confirm-payment", self.trade.shopper.headers, body)
        assert answer.status_code in {200, 402, 409}, answer.text

    @rule(passed=st.booleans())
    def answer_the_bank(self, *, passed: bool) -> None:
        gateway = card_gateway(self.trade.app)
        assert isinstance(gateway, SandboxGateway)
        waiting = "SELECT id, client_secret FROM sandbox.charges WHERE status = 'requires_action'"
        for charge in self.do(self.trade.db.fetch(waiting)):
            self.do(gateway.authenticate(charge["id"], charge["client_secret"], passed=passed))

    @rule(order_id=made)
    def cancel(self, order_id: str) -> None:
        was = self.seen[order_id].status
        answer = self.post(f"/api/orders/{order_id}/cancel", self.trade.shopper.headers)
        if was in {Status.OUT_FOR_DELIVERY, Status.DELIVERED, Status.RETURNED}:
            assert answer.status_code == 409

    @rule(order_id=made, end=st.sampled_from(["deliver", "return", "nothing"]))
    def drive(self, order_id: str, end: str) -> None:
        order = self.do(self.trade.look({"id": order_id}))
        if order["status"] == "confirmed":
            self.do(self.trade.pack(order))
            assert self.do(self.trade.pick_up(order)).status_code == 200
            order["status"] = "out_for_delivery"
        if order["status"] != "out_for_delivery" or end == "nothing":
            return
        if end == "return":
            url = f"/api/driver/orders/{order_id}/return"
            self.post(url, self.trade.driver.headers, {"reason": "Nobody there."})
            return
        due = order["payment"]["amountDue"]
        is_cash = order["paymentMethod"]["type"] == "cash" and due > 0
        handed = self.do(self.trade.hand_over(order, cash=due if is_cash else None))
        assert handed.status_code == 200, handed.text

    @rule(order_id=made, share=st.sampled_from([0.01, 0.5, 1.0, 1.01]))
    def give_an_amount_back(self, order_id: str, share: float) -> None:
        seen = self.seen[order_id]
        # A change that the bank had to confirm may have made it dearer since.
        seen.worth = round(self.do(self.trade.look({"id": order_id}))["totalAmount"] * 100)
        amount = max(1, int(seen.worth * share))
        answer = self.do(self.trade.refund({"id": order_id}, amount=amount / 100))
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 200:
            seen.given_back += amount
            assert seen.given_back <= seen.worth

    @rule(order_id=made, restock=st.booleans())
    def give_a_jar_back(self, order_id: str, *, restock: bool) -> None:
        items = [{"productId": str(self.world.haze), "quantity": 1}]
        answer = self.do(self.trade.refund({"id": order_id}, items=items, restock=restock))
        assert answer.status_code in {200, 409}, answer.text

    @rule(order_id=made, haze=st.integers(0, 4), grinders=st.integers(0, 2))
    def change_it(self, order_id: str, haze: int, grinders: int) -> None:
        goods = {self.world.haze: haze, self.world.grinder: grinders}
        wished = [{"productId": str(one), "quantity": count} for one, count in goods.items() if count]
        body = {"lines": wished}
        answer = self.post(f"/api/orders/{order_id}/amend", self.trade.shopper.headers, body)
        assert answer.status_code in {200, 402, 409, 422}, answer.text
        if answer.status_code == 200 and answer.json()["amendment"]["status"] == "applied":
            self.seen[order_id].worth = round(answer.json()["order"]["totalAmount"] * 100)
            self.seen[order_id].given_back = 0  # bounded by the books from here on

    @rule(
        order_id=made, haze=st.integers(1, 3), price=st.sampled_from([None, 1, 17.01]), agrees=st.booleans()
    )
    def offer_another(self, order_id: str, haze: int, price: float | None, *, agrees: bool) -> None:
        line = {"productId": str(self.world.grinder), "quantity": haze}
        if price is not None:
            line["unitPrice"] = price
        body = {"lines": [line], "reason": "It was broken.", "restock": agrees}
        path = f"orders/{order_id}/amendments"
        answer = self.post(f"/api/admin/{path}", self.trade.admin.headers, body)
        assert answer.status_code in {201, 409, 422}, answer.text
        if answer.status_code != 201:
            return
        word = "accept" if agrees else "decline"
        url = f"/api/{path}/{answer.json()['amendment']['id']}/{word}"
        answered = self.post(url, self.trade.shopper.headers)
        assert answered.status_code in {200, 402}, answered.text
        if answered.status_code == 200 and agrees:
            self.seen[order_id].worth = round(answered.json()["order"]["totalAmount"] * 100)
            self.seen[order_id].given_back = 0

    @rule(coins=st.integers(1, 3000))
    def give_coins(self, coins: int) -> None:
        body = {"coins": coins, "reason": "A favour."}
        url = f"/api/admin/users/{self.trade.shopper.id}/coins"
        assert self.post(url, self.trade.admin.headers, body).status_code == 200

    @rule()
    def let_the_world_tell(self) -> None:
        self.do(deliver_webhooks(self.trade.app, self.trade.client))
        self.do(self.trade.app.worker.drain())

    @rule()
    def let_a_quarter_of_an_hour_pass(self) -> None:
        self.do(orders.expire_amendments(self.trade.db, now=clock.now().replace(year=2098)))
        self.do(orders.expire_holds(self.trade.db, now=clock.now().replace(year=2098)))
        self.do(self.trade.app.worker.drain())

    @rule()
    def let_years_pass_for_coins(self) -> None:
        self.do(rewards.expire(self.trade.db, now=clock.now().replace(year=2098)))

    @rule(order_id=consumes(made))
    def leave_it(self, order_id: str) -> None:
        assert order_id in self.seen

    @invariant()
    def states_only_move_forward(self) -> None:
        for seen in self.seen.values():
            order = self.do(self.trade.look({"id": seen.id}))
            now = Status(order["status"])
            reachable = {seen.status} | _reachable(seen.status)
            assert now in reachable, (seen.status, now)
            seen.status = now
            money = order["payment"]
            assert 0 <= money["refundedAmount"] <= money["amountPaid"]
            assert money["amountPaid"] == 0 or money["amountPaid"] >= money["amountDue"]

    @invariant()
    def the_books_agree(self) -> None:
        async def disagreements() -> list[str]:
            return [str(one) async for verdict in verify(self.trade.db) for one in verdict.shown]

        assert self.do(disagreements()) == []

    @invariant()
    def nothing_is_sold_twice_and_no_coin_is_made_up(self) -> None:
        row = self.do(
            self.trade.db.fetchrow(
                """
                SELECT (SELECT min(quantity) FROM stock_levels) AS least,
                       (SELECT coalesce(min(balance), 0) FROM rewards_accounts) AS balance,
                       (SELECT count(*) FROM stock_levels s WHERE quantity <>
                           (SELECT sum(change) FROM stock_movements m WHERE m.product_id = s.product_id)) AS wrong
                """
            )
        )
        assert row is not None
        assert row["least"] >= 0
        assert row["balance"] >= 0
        assert row["wrong"] == 0

    def teardown(self) -> None:
        """At rest the vendor has kept of each order just what we say it paid."""
        for _ in range(2):
            self.let_the_world_tell()
            self.let_a_quarter_of_an_hour_pass()
        gateways: Gateways = self.trade.app.ports.get(Gateways)
        assert gateways.find("sandbox") is not None
        apart = self.do(
            self.trade.db.fetch(
                """
                SELECT o.order_number FROM orders o
                LEFT JOIN payment_intents i ON i.order_id = o.id LEFT JOIN sandbox.charges c ON c.intent_id = i.id
                WHERE o.tender <> 'cash' GROUP BY o.id
                HAVING o.paid_cents - o.refunded_cents <>
                    coalesce(sum(c.amount_cents - c.refunded_cents) FILTER (WHERE c.status = 'succeeded'), 0)
                """
            )
        )
        assert [row["order_number"] for row in apart] == []


def _reachable(status: Status) -> set[Status]:
    found: set[Status] = set()
    todo = [status]
    while todo:
        for later in MOVES[todo.pop()]:
            if later not in found:
                found.add(later)
                todo.append(later)
    return found


@pytest.mark.timeout(280)
def test_the_books_agree_whatever_is_done(world: World) -> None:
    machine = type("Machine", (Money,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
