"""The machine's look at papers, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog

from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.verification import rules
from faded_skies.domains.verification.errors import PapersGone
from faded_skies.domains.verification.models import Verification, VerificationStatus
from faded_skies.domains.verification.ports import Case, IdVerifier, Opinion, Verdict
from faded_skies.domains.verification.queries import holders, verifications
from faded_skies.domains.verification.rules import Findings, Licence, Outcome, Ownership
from faded_skies.domains.verification.service import deciding
from faded_skies.domains.verification.service.numbers import DocumentNumbers
from faded_skies.domains.verification.service.papers import Vault, pictures_of
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.documents.errors import DocumentGone
from faded_skies.platform.keyring import Tampered

log = structlog.get_logger()

_UNDECIDED = Opinion(Verdict.DOUBTFUL)


@dataclass(frozen=True, slots=True)
class Judge:
    """Who looks at papers, and what is needed to weigh what they say."""

    db: Database
    verifier: IdVerifier
    vault: Vault
    numbers: DocumentNumbers
    adulthood: Adulthood


async def judge(who: Judge, verification_id: UUID) -> None:
    """Have a verification looked at and act on the opinion. Runs twice without harm."""
    seen = await verifications.get_verification(who.db, verification_id)
    if seen.status is not VerificationStatus.PROCESSING or seen.judged_at is not None:
        return
    opinion = await _ask(who, seen)
    async with who.db.transaction() as tx:
        await settle(tx, seen, opinion, numbers=who.numbers, adulthood=who.adulthood, now=clock.now())


async def _ask(who: Judge, seen: Verification) -> Opinion:
    if seen.method != who.verifier.method:
        return _UNDECIDED  # the shop has changed how it verifies; this one is for staff
    today = who.adulthood.day(clock.now())
    if seen.at_vendor:
        if seen.reference is None:
            return Opinion(Verdict.WAITING)
        return await who.verifier.judge(Case(seen.id, seen.user_id, today, reference=seen.reference))
    try:
        pictures: Sequence[bytes] = await pictures_of(who.db, who.vault, seen.id)
    except (PapersGone, DocumentGone, Tampered) as problem:
        log.warning(
            "id_verification_without_pictures", verification_id=str(seen.id), why=type(problem).__name__
        )
        return _UNDECIDED
    return await who.verifier.judge(Case(seen.id, seen.user_id, today, papers=pictures))


async def settle(
    tx: Tx,
    seen: Verification,
    opinion: Opinion,
    *,
    numbers: DocumentNumbers,
    adulthood: Adulthood,
    now: datetime,
) -> None:
    """Weigh an opinion against the account and decide, leave it to staff, or wait."""
    customer = await identity.lock_customer(tx, seen.user_id)
    verification = await verifications.lock_verification(tx, seen.id)
    if verification.status is not VerificationStatus.PROCESSING or verification.judged_at is not None:
        return
    licence, today = opinion.licence, adulthood.day(now)
    findings = _compare(licence, customer.full_name, customer.date_of_birth, today, adulthood)
    number_hash = numbers.of_licence(licence) if licence else None
    owner = await _owner(tx, number_hash, verification.user_id)
    outcome = rules.outcome(
        passed=opinion.verdict is Verdict.PASSED,
        refused=opinion.verdict is Verdict.REFUSED,
        waiting=opinion.verdict is Verdict.WAITING,
        findings=findings,
        owner=owner,
    )
    if outcome is Outcome.WAIT:
        await verifications.note_poll(tx, seen.id, poll_after=now + rules.poll_delay(verification.polls + 1))
        return
    await verifications.save_judgement(
        tx,
        seen.id,
        findings=_told(findings, opinion),
        issuer=licence.issuer if licence else None,
        expires_on=licence.expires_on if licence else None,
        number_hash=number_hash,
    )
    if outcome is Outcome.APPROVE:
        await deciding.approve_judged(tx, seen.id)
    elif outcome is Outcome.REJECT:
        reason = rules.BLOCKED if owner.blocked else opinion.reason or rules.NOT_ACCEPTED
        await deciding.close(tx, verification, VerificationStatus.REJECTED, reason=reason, decided_by=None)


def _compare(
    licence: Licence | None, full_name: str, born: date | None, today: date, adulthood: Adulthood
) -> Findings | None:
    if licence is None or born is None:
        return None
    return rules.check_licence(
        licence, full_name=full_name, date_of_birth=born, today=today, legal_age=adulthood.years
    )


async def _owner(tx: Tx, number_hash: bytes | None, user_id: UUID) -> Ownership:
    holder = None if number_hash is None else await holders.find_holder(tx, number_hash)
    if holder is None:
        return Ownership()
    return Ownership(another=holder.user_id not in {None, user_id}, blocked=holder.blocked)


def _told(findings: Findings | None, opinion: Opinion) -> dict[str, Any]:
    """Return what staff is told, in the words of the wire; no personal data."""
    if findings is None:
        return {"read": False, "reasons": [opinion.reason] if opinion.reason else []}
    return {
        "read": True,
        "birthDateEqual": findings.birth_date_equal,
        "name": findings.name.value,
        "validity": findings.validity.value,
        "ofAge": findings.of_age,
        "american": findings.american,
        "reasons": [*findings.reasons, *([opinion.reason] if opinion.reason else [])],
    }
