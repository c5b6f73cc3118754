"""What reports do by the clock."""

from collections.abc import Sequence
from functools import partial

from faded_skies.domains.compliance.service import Law
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports
from faded_skies.reports.proving import prove_audit_log, prove_books
from faded_skies.reports.summing import refresh


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the summing up of days that changed, every minute, so that whoever asks finds little left to do.

    And the proofs of the books and the audit log, once a day.
    """
    law: Law = ports.get(Law)

    async def sum_days() -> None:
        await refresh(ports.db, law.timezone)

    return [
        Periodic("reports.sum_days", "* * * * *", sum_days),
        Periodic("reports.prove_books", "20 8 * * *", partial(prove_books, ports.db)),
        Periodic("reports.prove_audit_log", "30 8 * * *", partial(prove_audit_log, ports.db)),
    ]
