"""Readers take the contract's shapes and nothing else; sums are checked to the cent."""

from decimal import Decimal
from typing import Any

import pytest

from faded_skies.simulate import wire


def order_json(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
        "status": "confirmed",
        "subtotal": 40,
        "taxAmount": Decimal("9.30"),
        "deliveryFee": 5,
        "tip": Decimal("3.5"),
        "totalAmount": Decimal("57.8"),
        "coinDiscount": Decimal("1.2"),
        "payment": {"amountDue": Decimal("56.6"), "amountPaid": 0, "refundedAmount": 0},
        "items": [
            {"productId": "p", "quantity": 1, "totalPrice": 15},
            {"productId": "q", "quantity": 1, "totalPrice": 25},
        ],
        "driver": None,
    } | changes


@pytest.mark.parametrize(
    ("dollars", "cents"), [(0, 0), (12, 1200), (Decimal("0.07"), 7), (Decimal("19.990"), 1999)]
)
def test_dollars_become_cents_exactly(dollars: Any, cents: int) -> None:
    assert wire.cents(dollars) == cents


@pytest.mark.parametrize("wrong", ["12.00", None, True, Decimal("0.005")])
def test_what_is_no_money_is_refused(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        wire.cents(wrong)


def test_times_are_utc_and_say_so() -> None:
    assert wire.moment("2026-11-23T03:00:00.5Z").utcoffset() is not None
    with pytest.raises(ValueError, match="ends with Z"):
        wire.moment("2026-11-23T03:00:00+00:00")


def test_an_order_that_adds_up() -> None:
    order = wire.order(order_json())
    assert order.adds_up
    assert order.bill.points == 53  # whole dollars of 56.60 - 3.50


@pytest.mark.parametrize(
    "changes",
    [
        {"totalAmount": Decimal("57.81")},
        {"coinDiscount": Decimal("1.21")},
        {"items": [{"productId": "p", "quantity": 1, "totalPrice": 15}]},
        {"payment": {"amountDue": Decimal("57.8"), "amountPaid": 0, "refundedAmount": 0}},
    ],
)
def test_an_order_that_does_not(changes: dict[str, Any]) -> None:
    assert not wire.order(order_json(**changes)).adds_up


def test_an_order_paid_with_coins_alone_earns_nothing() -> None:
    paid = {"amountDue": 0, "amountPaid": 0, "refundedAmount": 0}
    order = wire.order(order_json(coinDiscount=Decimal("57.8"), payment=paid))
    assert order.adds_up
    assert order.bill.points == 0


def test_a_cart_must_add_up() -> None:
    line = {"productId": "a", "quantity": 2, "lineTotal": 30}
    assert wire.cart({"items": [line], "subtotal": 30, "itemCount": 2}).adds_up
    assert not wire.cart({"items": [line], "subtotal": 30, "itemCount": 1}).adds_up
    assert not wire.cart({"items": [line], "subtotal": 31, "itemCount": 2}).adds_up
