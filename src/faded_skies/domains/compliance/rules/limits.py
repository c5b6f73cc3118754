"""What one person may buy: independent caps, shares of one whole, or a total with sub-limits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm

from faded_skies.domains.compliance.rules.book import Cap, LimitGroup, Rule, RuleBook
from faded_skies.domains.compliance.rules.facts import Line

TOTAL = "total"
"""The bucket of everything that is weighed, in a group with sub-limits."""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of a limit is used: milligrams, pieces or percent of what is allowed."""

    rule: Rule
    name: str
    unit: str
    used: int
    most: int
    period: str

    @property
    def exceeded(self) -> bool:
        return self.used > self.most


@dataclass(frozen=True, slots=True)
class UnknownContent:
    """Goods whose figures a limit needs and nobody has entered."""

    rule: Rule
    product_class: str


def limit_uses(book: RuleBook, bought_today: Iterable[Line], cart: Iterable[Line]) -> list[LimitUse]:
    """Return the use of every limit by what was bought today and what is to be bought, together."""
    in_cart = amounts(book, cart)
    today = amounts(book, bought_today)
    return [
        use
        for group in book.limits.groups
        for use in _uses(group, in_cart if group.period == "transaction" else _sum(today, in_cart))
    ]


def amounts(book: RuleBook, lines: Iterable[Line]) -> Mapping[str, int]:
    """Return how much of each bucket the lines are, by the classification of their classes."""
    found: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        for told in book.limits.classify.get(line.product_class, ()):
            if told.measure == "count":
                found[told.bucket] += line.quantity
            else:
                each = line.net_weight_mg if told.measure == "net_mg" else line.thc_mg
                weight = (each or 0) * line.quantity
                found[told.bucket] += weight
                found[TOTAL] += weight
    return found


def unknown_contents(book: RuleBook, lines: Iterable[Line]) -> list[UnknownContent]:
    """Return what may not be sold because its net or THC milligrams are not known."""
    if book.limits.unknown_content != "deny":
        return []
    return [
        UnknownContent(told.rule, line.product_class)
        for line in lines
        for told in book.limits.classify.get(line.product_class, ())
        if (told.measure == "net_mg" and line.net_weight_mg is None)
        or (told.measure == "thc_mg" and line.thc_mg is None)
    ]


def unclassified(book: RuleBook, lines: Iterable[Line]) -> list[str]:
    """Return the classes that no rule knows: what cannot be counted cannot be sold."""
    return sorted({line.product_class for line in lines} - set(book.limits.classify))


def missing_facts(book: RuleBook, line: Line) -> list[str]:
    """Return what must be entered of goods before they may be sold: product_class, net_weight_mg, thc_mg."""
    if unclassified(book, [line]):
        return ["product_class"]
    if not unknown_contents(book, [line]):
        return []
    wanted = {told.measure for told in book.limits.classify[line.product_class]}
    return [
        fact
        for fact, measure, known in (
            ("net_weight_mg", "net_mg", line.net_weight_mg),
            ("thc_mg", "thc_mg", line.thc_mg),
        )
        if measure in wanted and known is None
    ]


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {bucket: one.get(bucket, 0) + other.get(bucket, 0) for bucket in {*one, *other}}


def _uses(group: LimitGroup, used: Mapping[str, int]) -> list[LimitUse]:
    uses = [_use(group, cap, used.get(cap.bucket, 0)) for cap in group.caps]
    if group.mode == "proportional":
        uses.append(
            LimitUse(
                group.rule, "All of it together", "percent", _percent(group.caps, used), 100, group.period
            )
        )
    return uses


def _use(group: LimitGroup, cap: Cap, used: int) -> LimitUse:
    return LimitUse(
        group.rule, cap.label, "units" if cap.unit == "count" else cap.unit, used, cap.most, group.period
    )


def _percent(caps: Sequence[Cap], used: Mapping[str, int]) -> int:
    """Return the shares of all caps together, in whole percent rounded up, so that 101 is beyond and 100 is not."""
    whole = lcm(*(cap.most for cap in caps))
    parts = sum(used.get(cap.bucket, 0) * (whole // cap.most) for cap in caps)
    return -(-parts * 100 // whole)
