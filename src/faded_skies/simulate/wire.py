"""What the simulation reads of answers. A reader raises KeyError, TypeError or ValueError for a wrong shape."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from faded_skies.demo.road_map import Point

T = TypeVar("T")

FINAL = frozenset({"delivered", "returned", "cancelled"})

MOVES = {
    "pending": {"confirmed", "payment_failed", "cancelled"},
    "payment_failed": {"confirmed", "cancelled"},
    "confirmed": {"preparing", "cancelled"},
    "preparing": {"out_for_delivery", "cancelled"},
    "out_for_delivery": {"delivered", "returned"},
}
"""The order states and no other moves (contract §3)."""


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text, not {type(value).__name__}")
    return value


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false, not {type(value).__name__}")
    return value


def whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a whole number, not {type(value).__name__}")
    return value


def cents(value: Any) -> int:
    """Return dollars as cents. Fractions of JSON are read as Decimal, so nothing is rounded."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise TypeError(f"dollars, not {type(value).__name__}")
    amount = Decimal(value) * 100
    if amount != int(amount):
        raise ValueError("dollars with at most two decimals")
    return int(amount)


def moment(value: Any) -> datetime:
    """Return a time; the contract wants UTC written with a Z."""
    if not text(value).endswith("Z"):
        raise ValueError("a time in UTC that ends with Z")
    return datetime.fromisoformat(value)


def several(reader: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    """Return a reader of lists."""

    def read(value: Any) -> list[T]:
        if not isinstance(value, list):
            raise TypeError(f"a list, not {type(value).__name__}")
        return [reader(one) for one in value]

    return read


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    price: int
    product_class: str
    stock: int


def product(value: Any) -> Product:
    return Product(
        text(value["id"]), cents(value["price"]), text(value["productClass"]), whole(value["stockQuantity"])
    )


@dataclass(frozen=True, slots=True)
class CartLine:
    product_id: str
    quantity: int
    total: int


@dataclass(frozen=True, slots=True)
class Cart:
    lines: list[CartLine]
    subtotal: int
    item_count: int

    @property
    def adds_up(self) -> bool:
        return self.subtotal == sum(line.total for line in self.lines) and self.item_count == sum(
            line.quantity for line in self.lines
        )


def _cart_line(value: Any) -> CartLine:
    return CartLine(text(value["productId"]), whole(value["quantity"]), cents(value["lineTotal"]))


def cart(value: Any) -> Cart:
    return Cart(several(_cart_line)(value["items"]), cents(value["subtotal"]), whole(value["itemCount"]))


@dataclass(frozen=True, slots=True)
class Bill:
    """The amounts of a quote or an order, in cents."""

    subtotal: int
    tax: int
    fee: int
    tip: int
    coins: int
    total: int
    due: int

    @property
    def adds_up(self) -> bool:
        """Tell whether the amounts fit each other (contract §3)."""
        sums = self.total == self.subtotal + self.tax + self.fee + self.tip
        return sums and self.due == self.total - self.coins

    @property
    def points(self) -> int:
        """Coins that the order earns on delivery: whole dollars of money paid, tip left out."""
        return max(0, self.due - self.tip) // 100


def quote(value: Any) -> Bill:
    taxes = value["taxes"]
    return Bill(
        subtotal=cents(value["subtotal"]),
        tax=cents(taxes["state"]) + cents(taxes["cannabis"]) + cents(taxes["local"]),
        fee=cents(value["deliveryFee"]),
        tip=cents(value["tip"]),
        coins=cents(value["coinDiscount"]),
        total=cents(value["totalAmount"]),
        due=cents(value["amountDue"]),
    )


def problem(value: Any) -> str:
    """Return the code of one problem of a quote."""
    text(value["error"])
    return text(value["code"])


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    status: str
    bill: Bill
    items: int
    """Sum of the lines in cents."""
    paid: int
    refunded: int
    has_driver: bool
    goods: dict[str, int]
    """How many of each product."""

    @property
    def adds_up(self) -> bool:
        return self.bill.adds_up and self.bill.subtotal == self.items


def order(value: Any) -> Order:
    payment = value["payment"]
    return Order(
        id=text(value["id"]),
        status=text(value["status"]),
        bill=Bill(
            subtotal=cents(value["subtotal"]),
            tax=cents(value["taxAmount"]),
            fee=cents(value["deliveryFee"]),
            tip=cents(value["tip"]),
            coins=cents(value["coinDiscount"]),
            total=cents(value["totalAmount"]),
            due=cents(payment["amountDue"]),
        ),
        items=sum(cents(item["totalPrice"]) for item in value["items"]),
        paid=cents(payment["amountPaid"]),
        refunded=cents(payment["refundedAmount"]),
        has_driver=value["driver"] is not None,
        goods={text(item["productId"]): whole(item["quantity"]) for item in value["items"]},
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order's story."""

    status: str
    at: datetime


def line(value: Any) -> Line:
    text(value["message"])
    return Line(text(value["status"]), moment(value["createdAt"]))


@dataclass(frozen=True, slots=True)
class Stop:
    """One order on a driver's list. `cash_due` in cents; `contact` is a masked phone number or None."""

    id: str
    status: str
    door: Point
    contact: str | None
    cash_due: int


def stop(value: Any) -> Stop:
    pin, contact = value["pin"], value["customer"]["contact"]
    return Stop(
        id=text(value["id"]),
        status=text(value["status"]),
        door=Point(float(pin["latitude"]), float(pin["longitude"])),
        contact=None if contact is None else text(contact),
        cash_due=cents(value["cashDue"]),
    )


@dataclass(frozen=True, slots=True)
class Coins:
    """One line of the rewards ledger."""

    kind: str
    amount: int
    order_id: str | None


def coins(value: Any) -> Coins:
    order_id = value["orderId"]
    return Coins(text(value["type"]), whole(value["amount"]), None if order_id is None else text(order_id))


@dataclass(frozen=True, slots=True)
class Lot:
    tag: str
    units: int
    on_sale: bool


def lot(value: Any) -> Lot:
    return Lot(text(value["tag"]), whole(value["quantity"]), yes_or_no(value["onSale"]))
