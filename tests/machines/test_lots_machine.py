"""Whatever happens to lots and to the orders packed from them: no unit is lost, sold twice, or sold off a held lot.

Hypothesis draws the steps of staff, customers and drivers. After each one the equation of docs/adr/0021 is asked of the
database, and each lot is held against a small model of what came in and what was written off.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from factories.catalog import make_product
from factories.lots import check_even, of_lot, scan, try_receive, unscan
from factories.stage import Stage, open_stage
from factories.trade import JSON
from faded_skies.platform.settings import Settings


@pytest.fixture
def stage(settings: Settings) -> Iterator[Stage]:
    with open_stage(settings) as opened:
        yield opened


class Lots(RuleBasedStateMachine):
    """One product that is kept in lots, one customer, one driver, one admin."""

    stage: Stage
    lots = Bundle("lots")
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.trade = self.stage.trade
        self.do = self.stage.run
        self.entered: dict[str, int] = {}

    @initialize(target=lots, quantity=st.integers(3, 8))
    def open_the_shelf(self, quantity: int) -> JSON:
        haze = make_product(self.trade.db, "Haze", price_cents=5000, stock=0, product_class="topical")
        self.haze: UUID = self.do(haze)
        return self.receive(quantity, "passed")

    def receive(self, quantity: int, lab: str) -> JSON:
        answer = self.do(try_receive(self.trade, self.haze, quantity, labResult=lab))
        assert answer.status_code == 201, answer.text
        lot: JSON = answer.json()["lot"]
        self.entered[lot["id"]] = quantity
        return lot

    @rule(target=lots, quantity=st.integers(1, 6), lab=st.sampled_from(["passed", "passed", "pending"]))
    def a_lot_comes_in(self, quantity: int, lab: str) -> JSON:
        return self.receive(quantity, lab)

    @rule(lot=lots, what=st.sampled_from(["hold", "hold", "release", "release", "recall"]))
    def turn(self, lot: JSON, what: str) -> None:
        answer = self.do(of_lot(self.trade, lot, what))
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 200 and what != "release":
            assert answer.json()["lot"]["onSale"] is False

    @rule(lot=lots, result=st.sampled_from(["passed", "passed", "failed"]))
    def the_laboratory_writes(self, lot: JSON, result: str) -> None:
        answer = self.do(of_lot(self.trade, lot, "lab", labResult=result))
        assert answer.status_code == 200, answer.text
        assert result == "passed" or answer.json()["lot"]["onSale"] is False

    @rule(lot=lots, change=st.integers(-3, 2).filter(bool), destroyed=st.booleans())
    def count_or_destroy(self, lot: JSON, change: int, *, destroyed: bool) -> None:
        if destroyed:
            change = -abs(change)
            answer = self.do(of_lot(self.trade, lot, "destroy", quantity=-change))
        else:
            answer = self.do(of_lot(self.trade, lot, "adjust", change=change))
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 200:
            self.entered[lot["id"]] += change

    @rule(target=orders, quantity=st.integers(1, 3), packed=st.booleans())
    def order(self, quantity: int, *, packed: bool) -> Any:
        can_have = self.do(
            self.trade.db.fetchval("SELECT quantity FROM stock_levels WHERE product_id = $1", self.haze)
        )
        if can_have < quantity:
            body = {"productId": str(self.haze), "quantity": quantity}
            refused = self.stage.post("/api/cart/add", self.trade.shopper.headers, body)
            assert refused.json()["code"] == "OUT_OF_STOCK", refused.text
            return multiple()
        order = self.do(self.trade.order((self.haze, quantity), tender="cash"))
        self.do(self.trade.pack(order))
        if packed:
            self.scan_what_fits(order, range(4))
        return order

    @rule(order=orders, lot=lots, quantity=st.integers(1, 3))
    def scan(self, order: JSON, lot: JSON, quantity: int) -> None:
        answer = self.do(scan(self.trade, order, (lot, quantity)))
        assert answer.status_code in {200, 409, 422}, answer.text

    @rule(order=orders, lot=lots)
    def take_out(self, order: JSON, lot: JSON) -> None:
        assert self.do(unscan(self.trade, order, lot)).status_code in {200, 404, 409}

    @rule(order=orders, quantity=st.integers(1, 4))
    def change(self, order: JSON, quantity: int) -> None:
        body = {"lines": [{"productId": str(self.haze), "quantity": quantity}]}
        answer = self.stage.post(f"/api/orders/{order['id']}/amend", self.trade.shopper.headers, body)
        assert answer.status_code in {200, 409, 422}, answer.text

    @rule(order=orders)
    def cancel(self, order: JSON) -> None:
        answer = self.stage.post(f"/api/orders/{order['id']}/cancel", self.trade.shopper.headers)
        assert answer.status_code in {200, 409}, answer.text

    @rule(order=orders, wanted=st.permutations(range(4)))
    def pack(self, order: JSON, wanted: list[int]) -> None:
        self.scan_what_fits(order, wanted)

    def scan_what_fits(self, order: JSON, wanted: Sequence[int]) -> None:
        tags = self.do(
            self.trade.db.fetch("SELECT tag FROM lots WHERE product_id = $1 ORDER BY id", self.haze)
        )
        for place in (place for place in wanted if place < len(tags)):
            for quantity in (3, 2, 1):
                self.do(scan(self.trade, order, ({"tag": tags[place]["tag"]}, quantity)))

    @rule(order=orders)
    def leave(self, order: JSON) -> None:
        answer = self.do(self.trade.pick_up(order))
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 200:
            self.left_with_what_may_be_sold(order)

    def left_with_what_may_be_sold(self, order: JSON) -> None:
        row = self.do(
            self.trade.db.fetchrow(
                """
                SELECT coalesce(sum(k.quantity), 0) AS packed, bool_and(l.on_sale) AS sellable,
                       (SELECT sum(quantity) FROM order_items WHERE order_id = $1) AS ordered
                FROM order_packages k JOIN lots l ON l.id = k.lot_id WHERE k.order_id = $1
                """,
                UUID(order["id"]),
            )
        )
        assert row is not None
        assert (row["packed"], row["sellable"]) == (row["ordered"], True)

    @rule(order=orders, end=st.sampled_from(["deliver", "return", "receive", "refund"]))
    def end(self, order: JSON, end: str) -> None:
        ends = {
            "deliver": self.deliver,
            "return": self.bring_back,
            "receive": self.receive_back,
            "refund": self.refund,
        }
        answer = ends[end](order)
        assert answer.status_code in {200, 409, 422}, answer.text

    def deliver(self, order: JSON) -> httpx.Response:
        due = self.do(self.trade.look(order))["payment"]["amountDue"]
        return self.do(self.trade.hand_over(order, cash=due))

    def refund(self, order: JSON) -> httpx.Response:
        jar = {"productId": str(self.haze), "quantity": 1}
        return self.do(self.trade.refund(order, items=[jar], restock=True))

    def bring_back(self, order: JSON) -> httpx.Response:
        url = f"/api/driver/orders/{order['id']}/return"
        return self.stage.post(url, self.trade.driver.headers, {"reason": "Nobody there."})

    def receive_back(self, order: JSON) -> httpx.Response:
        return self.stage.post(f"/api/admin/orders/{order['id']}/receive-goods", self.trade.admin.headers)

    @invariant()
    def what_can_be_sold_is_what_is_there(self) -> None:
        self.do(check_even(self.trade.db))

    @invariant()
    def no_unit_is_lost(self) -> None:
        rows = self.do(
            self.trade.db.fetch(
                """
                SELECT l.id, l.quantity + (
                    SELECT coalesce(sum(k.quantity - k.returned), 0) FROM order_packages k WHERE k.lot_id = l.id
                ) AS known
                FROM lots l WHERE l.product_id = $1
                """,
                self.haze,
            )
        )
        assert {str(row["id"]): row["known"] for row in rows} == self.entered


@pytest.mark.timeout(280)
def test_lots_and_orders_agree_whatever_is_done(stage: Stage) -> None:
    machine = type("Machine", (Lots,), {"stage": stage})
    run_machine(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
