"""Rules as the operator sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.compliance.rules.book import Rule


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That an operator answers for a rule as it stands; `fingerprint` is of its words then."""

    rule: str
    fingerprint: str
    operator: str
    acknowledged_at: datetime


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule in force, and who answers for it where it is not verified."""

    rule: Rule
    town: str | None
    acknowledgement: Acknowledgement | None

    @property
    def counts(self) -> bool:
        """Whether it may allow anything."""
        return not self.rule.unverified or self.acknowledgement is not None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One question to the law and all its answers, as they are kept."""

    id: UUID
    stage: str
    user_id: UUID | None
    order_id: UUID | None
    trip_id: UUID | None
    rules_hash: str
    outcome: str
    decisions: list[dict[str, Any]]
    decided_at: datetime
