"""The operator answers, by name, for rules that could not be verified."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import structlog

from faded_skies.domains.compliance import queries
from faded_skies.domains.compliance.errors import RuleNotFound
from faded_skies.domains.compliance.models import RuleState
from faded_skies.domains.compliance.rules.book import Rule, RuleBook, rules_of
from faded_skies.domains.compliance.rules.days import business_day
from faded_skies.domains.compliance.rules.law import Law
from faded_skies.platform.db import Database, Tx

log = structlog.get_logger()


async def acknowledged(source: Database | Tx, book: RuleBook) -> frozenset[str]:
    """Return the ids of the unverified rules of a book that an operator has acknowledged as they stand.

    Where several rules have one id, each has to be acknowledged.
    """
    unsure = [rule for rule in rules_of(book) if rule.unverified]
    if not unsure:
        return frozenset()
    known = {
        (given.rule, given.fingerprint) for given in await queries.list_acknowledgements(source, book.id)
    }
    waiting = {rule.id for rule in unsure if (rule.id, rule.fingerprint) not in known}
    return frozenset(rule.id for rule in unsure) - waiting


async def warn(source: Database | Tx, law: Law, *, now: datetime) -> None:
    """Write into the log which rules nobody answers for, and that a review of the rules is overdue."""
    waiting = sorted({state.rule.id for state in await list_rules(source, law, now=now) if not state.counts})
    if waiting:
        log.warning("rules_not_acknowledged", rules=waiting, next="faded-skies rules list")
    book = law.at(now)
    if book.review_by is not None and business_day(book, now) > book.review_by:
        log.warning("rules_review_overdue", jurisdiction=book.id, review_by=book.review_by.isoformat())


async def list_rules(source: Database | Tx, law: Law, *, now: datetime) -> list[RuleState]:
    """Return every rule in force, those of towns after the jurisdiction's, and who answers for it."""
    given = {(one.rule, one.fingerprint): one for one in await queries.list_acknowledgements(source, law.id)}
    return [
        RuleState(rule, town, given.get((rule.id, rule.fingerprint))) for rule, town in _in_force(law, now)
    ]


async def acknowledge(
    tx: Tx, law: Law, *, rule_id: str, operator: str, actor_id: UUID | None, now: datetime
) -> list[RuleState]:
    """Let the operator answer for a rule as it stands; the same again changes nothing. Raises RuleNotFound.

    Returns the rule, of the jurisdiction and of each town that has it in other words.
    """
    meant = [rule for rule, _ in _in_force(law, now) if rule.id == rule_id]
    if not meant:
        raise RuleNotFound
    for rule in meant:
        if rule.unverified and await queries.insert_acknowledgement(
            tx, law.id, rule.id, rule.fingerprint, operator=operator, actor_id=actor_id
        ):
            tx.audit(
                "rule.acknowledged",
                object_type="rule",
                object_id=None,
                actor_id=actor_id,
                jurisdiction=law.id,
                rule=rule.id,
                fingerprint=rule.fingerprint,
            )
    return [state for state in await list_rules(tx, law, now=now) if state.rule.id == rule_id]


def _in_force(law: Law, now: datetime) -> Iterator[tuple[Rule, str | None]]:
    book = law.at(now)
    seen = set()
    for rule in rules_of(book):
        seen.add((rule.id, rule.fingerprint))
        yield rule, None
    towns = law.towns_at(now)
    for town in sorted(
        {own.town or "": own for own in towns.values()}.values(), key=lambda own: own.town or ""
    ):
        for rule in rules_of(town):
            if (rule.id, rule.fingerprint) not in seen:
                seen.add((rule.id, rule.fingerprint))
                yield rule, town.town
