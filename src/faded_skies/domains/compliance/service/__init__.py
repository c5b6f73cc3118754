"""The law, for the rest of the product: read once, asked often, every answer kept."""

from collections.abc import Sequence

from faded_skies.domains.compliance.errors import ProductNotSellable, PurchaseLimitExceeded
from faded_skies.domains.compliance.models import DecisionRecord, RuleState
from faded_skies.domains.compliance.rules.book import Rule, RuleBook, rules_of
from faded_skies.domains.compliance.rules.days import (
    business_day,
    day_start,
    handover_hours,
    minute_of_day,
    next_opening,
    of_age,
)
from faded_skies.domains.compliance.rules.facts import (
    Decision,
    DoorFacts,
    Line,
    OrderFacts,
    Outcome,
    Paper,
    Place,
    TripFacts,
)
from faded_skies.domains.compliance.rules.judging import (
    counts,
    judge_departure,
    judge_handover,
    judge_order,
    outcome_of,
    passing,
    refused,
)
from faded_skies.domains.compliance.rules.law import Law
from faded_skies.domains.compliance.rules.limits import (
    LimitUse,
    limit_uses,
    missing_facts,
    unclassified,
    unknown_contents,
)
from faded_skies.domains.compliance.rules.places import municipality, place_allowed
from faded_skies.domains.compliance.rules.taxes import NOT_CANNABIS, TaxAmount, taxes
from faded_skies.domains.compliance.service.acknowledging import acknowledge, acknowledged, list_rules, warn
from faded_skies.domains.compliance.service.files import ProductClass
from faded_skies.domains.compliance.service.keeping import (
    Asked,
    RefusedAfterAsking,
    held_on,
    judged_once,
    keep,
    keep_files,
    keep_refused,
    list_decisions,
)
from faded_skies.domains.compliance.service.reading import Mistake, check, jurisdictions, read_law
from faded_skies.platform.money import to_dollars

__all__ = [
    "TAX_KINDS",
    "Asked",
    "Decision",
    "DecisionRecord",
    "DoorFacts",
    "Law",
    "LimitUse",
    "Line",
    "Mistake",
    "OrderFacts",
    "Outcome",
    "Paper",
    "Place",
    "ProductClass",
    "RefusedAfterAsking",
    "Rule",
    "RuleBook",
    "RuleState",
    "TaxAmount",
    "TripFacts",
    "acknowledge",
    "acknowledged",
    "business_day",
    "check",
    "check_sellable",
    "counts",
    "day_start",
    "exceeded",
    "handover_hours",
    "held_on",
    "judge_departure",
    "judge_handover",
    "judge_order",
    "judged_once",
    "jurisdictions",
    "keep",
    "keep_files",
    "keep_refused",
    "limit_uses",
    "list_decisions",
    "list_rules",
    "minute_of_day",
    "missing_facts",
    "municipality",
    "next_opening",
    "of_age",
    "outcome_of",
    "place_allowed",
    "read_law",
    "refused",
    "rules_of",
    "tax_summary",
    "taxes",
    "untracked",
    "warn",
]

TAX_KINDS = ("state", "cannabis", "local")


def tax_summary(amounts: Sequence[TaxAmount]) -> dict[str, object]:
    """Return taxes as orders keep and show them: dollars by kind (state, cannabis, local), and step by step."""
    kinds = dict.fromkeys(TAX_KINDS, 0)
    for tax in amounts:
        kinds[tax.kind] += tax.amount_cents
    return {
        **{kind: to_dollars(cents) for kind, cents in kinds.items()},
        "breakdown": [
            {
                "name": tax.name,
                "kind": tax.kind,
                "rate": float(tax.rate),
                "base": to_dollars(tax.base_cents),
                "amount": to_dollars(tax.amount_cents),
            }
            for tax in amounts
        ],
    }


def untracked(product_class: str) -> str | None:
    """Return what papers say in place of a package tag, for goods that no state tracks; None for all others."""
    return "not cannabis" if product_class in NOT_CANNABIS else None


def check_sellable(book: RuleBook, line: Line, *, name: str) -> None:
    """Raise ProductNotSellable for goods whose class or contents the law must know and does not."""
    if unclassified(book, [line]) or unknown_contents(book, [line]):
        raise ProductNotSellable(
            f"We may not sell {name} yet: what the law wants to know of it has not been entered."
        )


def exceeded(uses: Sequence[LimitUse]) -> list[PurchaseLimitExceeded]:
    """Return a refusal for each limit that is passed, saying by how much."""
    return [PurchaseLimitExceeded(passing(use)) for use in uses if use.exceeded]
