"""The law as pure decisions over a rule book: ages, limits, hours, places, tenders and taxes. No I/O, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from faded_skies.platform.calendar import completed_years


@dataclass(frozen=True, slots=True)
class TaxStep:
    """One tax: `rate` on the subtotal of the classes not excepted; a local one has `rates_by_city` instead."""

    name: str
    kind: str
    rate: Decimal | None
    rates_by_city: Mapping[str, Decimal]
    except_classes: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Limit:
    """What one person may buy in one local day: `most` of the measure (mg, or units) over the classes."""

    name: str
    classes: frozenset[str]
    measure: str
    most: int
    source: str

    @property
    def unit(self) -> str:
        """The unit of `most` in words."""
        return {"net_weight_mg": "mg", "thc_mg": "mg THC", "units": "units"}[self.measure]


@dataclass(frozen=True, slots=True)
class TenderBar:
    """The law bars these ways of paying for goods of these classes; `reason` is a sentence for the customer."""

    tenders: frozenset[str]
    classes: frozenset[str]
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One jurisdiction's rules. `digest` is the SHA-256 of the file, kept with each order judged by it."""

    id: str
    name: str
    fictional: bool
    timezone: ZoneInfo
    min_age: int
    states: frozenset[str]
    municipalities: tuple[str, ...]
    tenders: frozenset[str]
    tender_bars: tuple[TenderBar, ...]
    taxes: tuple[TaxStep, ...]
    limits: tuple[Limit, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Line:
    """What the law sees of one line: how much of which class, at what price (cents), net weight and THC (mg)."""

    product_class: str
    quantity: int
    total_cents: int
    net_weight_mg: int
    thc_mg: int


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


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of a limit is used by what was bought today and what lies in the cart."""

    limit: Limit
    used: int

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit.most


def of_age(book: RuleBook, date_of_birth: date, *, on: date) -> bool:
    """Tell whether someone has completed the jurisdiction's minimum age on the given local day."""
    return completed_years(date_of_birth, on=on) >= book.min_age


def business_day(book: RuleBook, now: datetime) -> date:
    """Return the local date at the moment `now`."""
    return now.astimezone(book.timezone).date()


def day_start(book: RuleBook, now: datetime) -> datetime:
    """Return the moment at which the local day of `now` began."""
    return datetime.combine(business_day(book, now), datetime.min.time(), tzinfo=book.timezone)


def minute_of_day(book: RuleBook, now: datetime) -> int:
    """Return the local minute of the day, 0-1439."""
    local = now.astimezone(book.timezone)
    return local.hour * 60 + local.minute


def municipality(book: RuleBook, city: str) -> str | None:
    """Return the approved municipality of exactly this name (case and blanks around it aside), or None."""
    wanted = city.strip().casefold()
    return next((name for name in book.municipalities if name.casefold() == wanted), None)


def place_allowed(book: RuleBook, *, city: str, state: str | None) -> bool:
    """Tell whether the law lets us deliver in the town; without a state by its name alone."""
    here = state is None or state.strip().upper() in book.states
    return here and municipality(book, city) is not None


def taxes(book: RuleBook, lines: Sequence[Line], *, city: str) -> list[TaxAmount]:
    """Return each tax of the lines, in the book's order, each rounded half up to the cent on its whole base."""
    amounts = []
    for step in book.taxes:
        rate = _rate(step, city)
        if rate is None:
            continue
        bases = [0 if line.product_class in step.except_classes else line.total_cents for line in lines]
        base = sum(bases)
        amount = int((base * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        amounts.append(TaxAmount(step.name, step.kind, rate, base, amount, allocate(amount, bases)))
    return amounts


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


def _rate(step: TaxStep, city: str) -> Decimal | None:
    if step.rate is not None:
        return step.rate
    wanted = city.strip().casefold()
    return next((rate for name, rate in step.rates_by_city.items() if name.casefold() == wanted), None)


def limit_uses(book: RuleBook, bought_today: Iterable[Line], cart: Iterable[Line]) -> list[LimitUse]:
    """Return the use of every limit by what was bought today and what is to be bought, together."""
    lines = [*bought_today, *cart]
    return [LimitUse(limit, sum(_measure(limit, line) for line in lines)) for limit in book.limits]


def _measure(limit: Limit, line: Line) -> int:
    if line.product_class not in limit.classes:
        return 0
    if limit.measure == "units":
        return line.quantity
    per_unit = line.thc_mg if limit.measure == "thc_mg" else line.net_weight_mg
    return per_unit * line.quantity


def next_opening(*, opens_minute: int, now: datetime, book: RuleBook) -> datetime:
    """Return when an area opens next: today if the hour is still to come, else tomorrow."""
    opening = day_start(book, now) + timedelta(minutes=opens_minute)
    return opening if opening > now else opening + timedelta(days=1)
