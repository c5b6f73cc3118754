"""The bookkeeper's reports on the wire."""

from datetime import date, datetime
from uuid import UUID

from faded_skies.domains.ledger.service import Account
from faded_skies.platform.http.fields import Shape
from faded_skies.reports.closing import DayClose, DriversDay, TaxOfDay, TaxStep, dollars


class DayOrdersShape(Shape):
    delivered: int
    returned: int
    cancelled: int


class DaySalesShape(Shape):
    """Goods and fees are without tax; what went back stands apart."""

    goods: float
    goods_returned: float
    allowances: float
    delivery_fees: float
    tips: float


class DayTaxesShape(Shape):
    """Collected less what returns took back."""

    state: float
    cannabis: float
    local: float


class DayTendersShape(Shape):
    card_charged: float
    card_refunded: float
    cash_taken: float
    cash_refunded: float
    coins_spent: float
    coins_returned: float


class DayCoinsShape(Shape):
    """In dollars; a coin is a cent."""

    earned: float
    granted: float
    reversed: float
    expired: float


class DayCostsShape(Shape):
    """`cashOverShort` is what was missing in drawers, negative when there was too much."""

    processing_fees: float
    disputes_withdrawn: float
    disputes_reinstated: float
    disputes_lost: float
    cash_over_short: float


class DayDriverShape(Shape):
    """The drawer's figures are those of drawers opened that day, null without one or before they were counted."""

    id: UUID
    first_name: str
    deliveries: int
    cash_taken: float
    tips: float
    opening_cash: float | None
    collected: float | None
    counted: float | None
    received: float | None
    difference: float | None
    drawers: list[str]


class DayCloseAnswer(Shape):
    date: date
    time_zone: str
    orders: DayOrdersShape
    sales: DaySalesShape
    taxes: DayTaxesShape
    tenders: DayTendersShape
    coins: DayCoinsShape
    costs: DayCostsShape
    drivers: list[DayDriverShape]


class TaxDayShape(Shape):
    date: date
    kind: str
    collected: float
    returned: float
    net: float


class TaxStepShape(Shape):
    """One tax of the orders delivered, before returns."""

    name: str
    kind: str
    rate: float
    base: float
    amount: float


class TaxReportAnswer(Shape):
    start_date: date
    end_date: date
    time_zone: str
    days: list[TaxDayShape]
    steps: list[TaxStepShape]


class TransferShape(Shape):
    """`amount` moved out of `credit` and into `debit`."""

    posted_at: datetime
    fact: str
    subject: UUID
    leg: int
    debit: Account
    credit: Account
    amount: float
    order_number: str | None
    party: UUID | None


class JournalAnswer(Shape):
    transfers: list[TransferShape]
    total: int
    has_more: bool


def present_close(close: DayClose, *, zone: str) -> dict[str, object]:
    sections: dict[str, dict[str, object]] = {}
    for line in close.lines:
        sections.setdefault(line.section, {})[line.name] = dollars(line.cents)
    return {
        "date": close.day,
        "timeZone": zone,
        "orders": {
            "delivered": close.delivered,
            "returned": close.returned,
            "cancelled": close.cancelled,
        },
        **sections,
        "drivers": [present_driver(driver) for driver in close.drivers],
    }


def present_driver(driver: DriversDay) -> dict[str, object]:
    return {
        "id": driver.id,
        "firstName": driver.first_name,
        "deliveries": driver.deliveries,
        "cashTaken": dollars(driver.cash),
        "tips": dollars(driver.tips),
        "openingCash": dollars(driver.float),
        "collected": dollars(driver.collected),
        "counted": dollars(driver.counted),
        "received": dollars(driver.received),
        "difference": dollars(driver.difference),
        "drawers": driver.statuses,
    }


def present_tax_day(tax: TaxOfDay) -> dict[str, object]:
    return {
        "date": tax.day,
        "kind": tax.kind,
        "collected": dollars(tax.collected_cents),
        "returned": dollars(tax.returned_cents),
        "net": dollars(tax.collected_cents - tax.returned_cents),
    }


def present_tax_step(step: TaxStep) -> dict[str, object]:
    return {
        "name": step.name,
        "kind": step.kind,
        "rate": step.rate,
        "base": dollars(step.base_cents),
        "amount": dollars(step.amount_cents),
    }
