"""The owner's reports on the wire: what was sold, refused and looked at."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from faded_skies.platform.http.fields import Shape
from faded_skies.platform.money import to_dollars
from faded_skies.reports.closing import dollars
from faded_skies.reports.funnel import STEPS, Funnel
from faded_skies.reports.refusals import Refusals
from faded_skies.reports.sales import LowStock, Overview, ProductSales, Sales

SALES_FIELDS = (
    *(
        "placed",
        "delivered",
        "returned",
        "cancelled",
        "revenue",
        "goods",
        "taxState",
        "taxCannabis",
        "taxLocal",
    ),
    *("deliveryFees", "tips", "coins", "refunded", "units", "averageBasket", "medianBasket", "unitsPerOrder"),
    *("repeatOrders", "repeatRate", "medianMinutes", "p90Minutes", "onTime", "onTimeRate"),
)
PRODUCT_FIELDS = ("productId", "name", "units", "goods")
REFUSAL_FIELDS = ("date", "kind", "reason", "count")


class PeriodShape(Shape):
    start_date: date
    end_date: date


class PeopleShape(Shape):
    total: int
    new_users: int
    active_users: int


class OrdersShape(Shape):
    """`total` placed in the period; `revenue` of those that were delivered."""

    total: int
    revenue: float


class ProductSalesShape(Shape):
    """Before refunds and without tax."""

    product_id: UUID
    name: str
    units: int
    goods: float


class NearlySoldOutShape(Shape):
    id: UUID
    name: str
    stock_quantity: int


class ShelfShape(Shape):
    top_selling: list[ProductSalesShape]
    low_stock: list[NearlySoldOutShape]


class OverviewAnswer(Shape):
    period: PeriodShape
    users: PeopleShape
    orders: OrdersShape
    products: ShelfShape


class SalesShape(Shape):
    """Orders placed, what became of them, and the sums of those that were delivered.

    `goods` and baskets are without tax; `revenue` is all that customers owed for them. Rates are 0 to 1, null without a
    delivered order; minutes are those from placing to the door, `onTime` those not later than the customer was told.
    """

    placed: int
    delivered: int
    returned: int
    cancelled: int
    revenue: float
    goods: float
    tax_state: float
    tax_cannabis: float
    tax_local: float
    delivery_fees: float
    tips: float
    coins: float
    refunded: float
    units: int
    average_basket: float | None
    median_basket: float | None
    units_per_order: float | None
    repeat_orders: int
    repeat_rate: float | None
    median_minutes: int | None
    p90_minutes: int | None
    on_time: int
    on_time_rate: float | None


class SalesDayShape(SalesShape):
    date: date


class SalesAnswer(Shape):
    """`days` on which something was ordered."""

    start_date: date
    end_date: date
    time_zone: str
    days: list[SalesDayShape]
    total: SalesShape


class ProductSalesAnswer(Shape):
    start_date: date
    end_date: date
    time_zone: str
    products: list[ProductSalesShape]


class RefusalsShape(Shape):
    """`kind` = law_order, law_departure, law_handover, door or payment."""

    date: date
    kind: str
    reason: str
    count: int


class RefusalsAnswer(Shape):
    start_date: date
    end_date: date
    time_zone: str
    refusals: list[RefusalsShape]


class VisitorsShape(Shape):
    page_view: int
    view_item: int
    add_to_cart: int
    begin_checkout: int
    purchase: int


class FunnelDayShape(Shape):
    date: date
    visitors: VisitorsShape


class FunnelAnswer(Shape):
    """How many people and visitors did each step, of those who agreed to be counted; who did it twice counts once."""

    start_date: date
    end_date: date
    time_zone: str
    days: list[FunnelDayShape]
    total: VisitorsShape


def _share(part: int, whole: int, decimals: int = 4) -> float | None:
    return round(part / whole, decimals) if whole else None


def present_sales(sales: Sales) -> dict[str, Any]:
    return {
        "placed": sales.placed,
        "delivered": sales.delivered,
        "returned": sales.returned,
        "cancelled": sales.cancelled,
        "revenue": to_dollars(sales.total_cents),
        "goods": to_dollars(sales.goods_cents),
        "taxState": to_dollars(sales.tax_state_cents),
        "taxCannabis": to_dollars(sales.tax_cannabis_cents),
        "taxLocal": to_dollars(sales.tax_local_cents),
        "deliveryFees": to_dollars(sales.fee_cents),
        "tips": to_dollars(sales.tip_cents),
        "coins": to_dollars(sales.coins_cents),
        "refunded": to_dollars(sales.refunded_cents),
        "units": sales.units,
        "averageBasket": dollars(sales.average_basket),
        "medianBasket": dollars(sales.median_basket),
        "unitsPerOrder": _share(sales.units, sales.delivered, 2),
        "repeatOrders": sales.repeat_orders,
        "repeatRate": _share(sales.repeat_orders, sales.delivered),
        "medianMinutes": sales.median_minutes,
        "p90Minutes": sales.p90_minutes,
        "onTime": sales.on_time,
        "onTimeRate": _share(sales.on_time, sales.delivered),
    }


def present_product(sold: ProductSales) -> dict[str, Any]:
    return {
        "productId": sold.product_id,
        "name": sold.name,
        "units": sold.units,
        "goods": to_dollars(sold.goods_cents),
    }


def _present_low(low: LowStock) -> dict[str, Any]:
    return {"id": low.id, "name": low.name, "stockQuantity": low.quantity}


def present_overview(found: Overview, *, start: date, end: date) -> dict[str, Any]:
    return {
        "period": {"startDate": start, "endDate": end},
        "users": {
            "total": found.people.total,
            "newUsers": found.people.new,
            "activeUsers": found.people.active,
        },
        "orders": {"total": found.sales.placed, "revenue": to_dollars(found.sales.total_cents)},
        "products": {
            "topSelling": [present_product(one) for one in found.top],
            "lowStock": [_present_low(one) for one in found.low],
        },
    }


def overview_rows(told: dict[str, Any]) -> Iterable[tuple[object, ...]]:
    """Yield an overview as rows of section, name and value."""
    for section in ("users", "orders"):
        for name, value in told[section].items():
            yield section, name, value
    for one in told["products"]["topSelling"]:
        yield "topSelling", one["name"], one["units"]
    for one in told["products"]["lowStock"]:
        yield "lowStock", one["name"], one["stockQuantity"]


def present_refusals(one: Refusals) -> dict[str, Any]:
    return {"date": one.day, "kind": one.kind, "reason": one.reason, "count": one.count}


def present_visitors(one: Funnel) -> dict[str, int]:
    return {_camel(step): one.visitors[step] for step in STEPS}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
