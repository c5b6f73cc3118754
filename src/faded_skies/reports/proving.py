"""The books and the audit log, proved in whole each day; what came of it is a line of the audit log.

Whoever is on call is told by an alert; docs/runbooks/books.md says what to do. `faded-skies ledger verify` and
`faded-skies audit verify` do the same by hand, and name all that is wrong.
"""

import structlog

from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log import verifying
from faded_skies.platform.db import Database
from faded_skies.reports.verifying import verify

log = structlog.get_logger()

_BOOKS, _AUDIT_LOG = "books.proved", "audit_log.proved"
PROVED = {_BOOKS: "books", _AUDIT_LOG: "audit_log"}
"""What the audit log calls each proof, and what figures call it."""


async def prove_books(db: Database) -> None:
    """Compare every record with the books."""
    checked = wrong = 0
    async for verdict in verify(db):
        checked += verdict.checked
        wrong += verdict.wrong
    await _note(db, _BOOKS, checked=checked, wrong=wrong)


async def prove_audit_log(db: Database) -> None:
    """Check every row, chain and seal of the audit log. Rows of other people come between the pages."""
    wrong: list[str] = []

    def found(finding: Finding) -> None:
        wrong.append(finding.kind)

    verdict = await verifying.verify(db, found=found)
    await _note(db, _AUDIT_LOG, checked=verdict.rows, wrong=len(wrong))


async def _note(db: Database, action: str, *, checked: int, wrong: int) -> None:
    if wrong:
        log.error("proof_failed", proof=PROVED[action], checked=checked, wrong=wrong)
    async with db.transaction() as tx:
        tx.audit(
            action,
            object_type=PROVED[action],
            object_id=None,
            actor_id=None,
            checked=checked,
            wrong=wrong,
        )
