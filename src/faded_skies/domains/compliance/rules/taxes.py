"""Taxes as ordered steps on named bases, each divided over the lines so that the parts are the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from faded_skies.domains.compliance.rules.book import RuleBook, TaxStep
from faded_skies.domains.compliance.rules.facts import Line

NOT_CANNABIS = frozenset({"accessory"})
FEES = ("delivery_fee", "service_fee")
COMPONENTS = ("cannabis_price", "other_goods_price", *FEES)
_ROUNDING = {"half_up": ROUND_HALF_UP, "up": ROUND_UP, "down": ROUND_DOWN}


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """One tax of one order: `base_cents` was taxed at `rate`, giving `amount_cents`.

    `shares_cents` says how much of it belongs to each line, in their order; together they are the amount.
    """

    name: str
    kind: str
    rate: Decimal
    base_cents: int
    amount_cents: int
    shares_cents: tuple[int, ...]


def taxes(
    book: RuleBook, lines: Sequence[Line], *, city: str, fees: Mapping[str, int] | None = None
) -> list[TaxAmount]:
    """Return each tax of the lines, in the book's order.

    `fees` are cents by their component (delivery_fee, service_fee). A fee is spread over all lines by their
    prices, and a step taxes its part on the lines that it taxes: a grinder beside an ounce bears its share of the way.
    """
    parts = _parts(lines, fees or {})
    by_step: dict[str, tuple[int, ...]] = {}
    amounts = []
    for step in book.taxes:
        rate = _rate(step, city)
        if rate is None:
            continue
        bases = _bases(step, lines, parts, by_step)
        amount, shares = _round(step, rate, bases)
        by_step[step.id] = shares
        amounts.append(TaxAmount(step.name, step.kind, rate, sum(bases), amount, shares))
    return amounts


def _parts(lines: Sequence[Line], fees: Mapping[str, int]) -> Mapping[str, Sequence[int]]:
    prices = [line.total_cents for line in lines]
    return {
        "cannabis_price": [0 if line.product_class in NOT_CANNABIS else line.total_cents for line in lines],
        "other_goods_price": [
            line.total_cents if line.product_class in NOT_CANNABIS else 0 for line in lines
        ],
        **{fee: allocate(cents, prices) for fee, cents in fees.items()},
    }


def _bases(
    step: TaxStep,
    lines: Sequence[Line],
    parts: Mapping[str, Sequence[int]],
    by_step: Mapping[str, Sequence[int]],
) -> list[int]:
    own = [name for name in step.base if name in COMPONENTS]
    bases = []
    for i, line in enumerate(lines):
        price = sum(parts[name][i] for name in own if name not in FEES)
        if line.product_class in step.except_classes or not price:
            bases.append(0)
            continue
        more = sum(parts[name][i] for name in own if name in FEES and name in parts)
        earlier = (by_step.get(name.removeprefix("tax:")) for name in step.base if name not in COMPONENTS)
        bases.append(price + more + sum(shares[i] for shares in earlier if shares))
    return bases


def _round(step: TaxStep, rate: Decimal, bases: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    if step.round_at == "line":
        shares = tuple(_cents(step, base * rate) for base in bases)
        return sum(shares), shares
    amount = _cents(step, sum(bases) * rate)
    return amount, allocate(amount, bases)


def _cents(step: TaxStep, exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), rounding=_ROUNDING[step.rounding]))


def _rate(step: TaxStep, city: str) -> Decimal | None:
    local = step.rates_by_city.get(city.strip().casefold())
    if step.rate is None:
        return local
    return step.rate + (local or 0)


def allocate(amount_cents: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide an amount by weights so that the parts add up to it; odd cents go to the largest remainders."""
    whole = sum(weights)
    if whole == 0:
        return (0,) * len(weights)
    shares = [amount_cents * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_cents * weights[i] % whole), i))
    for i in by_remainder[: amount_cents - sum(shares)]:
        shares[i] += 1
    return tuple(shares)
