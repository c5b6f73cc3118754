"""Reads rule files and answers for the rest of the product what the law says."""

import hashlib
import tomllib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from faded_skies.domains.compliance.errors import PurchaseLimitExceeded, RulesError
from faded_skies.domains.compliance.rules import (
    Limit,
    LimitUse,
    Line,
    RuleBook,
    TaxAmount,
    TaxStep,
    TenderBar,
    business_day,
    day_start,
    limit_uses,
    minute_of_day,
    municipality,
    next_opening,
    of_age,
    place_allowed,
    taxes,
)
from faded_skies.platform.money import to_dollars

__all__ = [
    "TAX_KINDS",
    "LimitUse",
    "Line",
    "RuleBook",
    "TaxAmount",
    "business_day",
    "day_start",
    "exceeded",
    "limit_uses",
    "minute_of_day",
    "municipality",
    "next_opening",
    "of_age",
    "place_allowed",
    "read_rules",
    "tax_summary",
    "taxes",
]

TAX_KINDS = ("state", "cannabis", "local")
FOLDER = Path(__file__).resolve().parents[4] / "jurisdictions"


def read_rules(jurisdiction: str, folder: Path = FOLDER) -> RuleBook:
    """Read one jurisdiction's rule file. Raises RulesError naming the file and what is wrong with it."""
    path = folder / f"{jurisdiction}.toml"
    try:
        raw = path.read_bytes()
    except OSError:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
        raise RulesError(
            f"there is no rule file for JURISDICTION={jurisdiction}; known are: {known}"
        ) from None
    try:
        return _book(tomllib.loads(raw.decode()), hashlib.sha256(raw).hexdigest())
    except (KeyError, TypeError, ValueError, InvalidOperation, ZoneInfoNotFoundError) as error:
        raise RulesError(f"{path.name} is not a rule file we can read: {error!r}") from error


def _book(data: dict[str, Any], digest: str) -> RuleBook:
    about = data["jurisdiction"]
    return RuleBook(
        id=about["id"],
        name=about["name"],
        fictional=about["fictional"],
        timezone=ZoneInfo(about["timezone"]),
        min_age=data["adult_use"]["min_age"],
        states=frozenset(data["address"]["states"]),
        municipalities=tuple(data["address"]["municipalities"]),
        tenders=frozenset(data["tenders"]["allowed"]),
        tender_bars=tuple(
            TenderBar(
                tenders=frozenset(bar["tenders"]),
                classes=frozenset(bar["classes"]),
                reason=bar["reason"],
                source=bar["source"],
            )
            for bar in data.get("tender_bar", ())
        ),
        taxes=tuple(
            TaxStep(
                name=step["name"],
                kind=step["kind"],
                rate=Decimal(step["rate"]) if "rate" in step else None,
                rates_by_city={city: Decimal(rate) for city, rate in step.get("rates_by_city", {}).items()},
                except_classes=frozenset(step.get("except_classes", [])),
                source=step["source"],
            )
            for step in data["tax"]
        ),
        limits=tuple(
            Limit(
                name=limit["name"],
                classes=frozenset(limit["classes"]),
                measure=limit["measure"],
                most=limit["most"],
                source=limit["source"],
            )
            for limit in data["limit"]
        ),
        digest=digest,
    )


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


def exceeded(uses: list[LimitUse]) -> list[PurchaseLimitExceeded]:
    """Return a refusal for each limit that is passed, saying by how much."""
    return [
        PurchaseLimitExceeded(
            f"{use.limit.name}: the law allows {use.limit.most} {use.limit.unit} a day, and this would make "
            f"{use.used} {use.limit.unit} with what you bought today. Take something out of the cart."
        )
        for use in uses
        if use.exceeded
    ]
