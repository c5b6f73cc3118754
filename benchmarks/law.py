"""What a full decision of the rule engine costs for a cart of 20 lines, beside adding up the same lines."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median

from faded_skies.domains.compliance.service import (
    Line,
    OrderFacts,
    Place,
    RuleBook,
    judge_order,
    jurisdictions,
    read_law,
    rules_of,
)

DECISION_US = 300

_TIMES = 2_000
_CLASSES = (
    "flower",
    "preroll",
    "vape",
    "concentrate",
    "edible",
    "beverage",
    "tincture",
    "topical",
    "plant",
    "accessory",
)
NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)


@dataclass(frozen=True)
class Decided:
    """Microseconds of one decision, of the floor, and how many rules were asked."""

    jurisdiction: str
    microseconds: float
    floor: float
    decisions: int


def measure_law() -> list[Decided]:
    """Measure each jurisdiction's book in turn: the median of many decisions. Files are read before."""
    return [_decide(read_law(name).at(NOW)) for name in jurisdictions()]


def _decide(book: RuleBook) -> Decided:
    cart = [Line(name, 2, 2_000, 100, 10) for name in _CLASSES * 2]
    place = Place("Austin", next(iter(book.places.states)))
    facts = OrderFacts(NOW, date(1990, 5, 17), place, "cash", cart, cart)
    known = frozenset(rule.id for rule in rules_of(book))
    answers = judge_order(book, facts, known)
    return Decided(
        book.id,
        _microseconds(lambda: judge_order(book, facts, known)),
        _microseconds(lambda: sum(line.quantity * (line.net_weight_mg or 0) for line in cart)),
        len(answers),
    )


def _microseconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return median(took) * 1e6
