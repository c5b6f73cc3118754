"""Asks the system whether our keys may speak for our licence, before anything is sent in its name."""

from datetime import datetime, timedelta

import structlog

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.ports import Line, Throttled, Unauthorised, Unreachable
from faded_skies.domains.traceability.queries import sending as queries
from faded_skies.platform.db import Database

log = structlog.get_logger()

_WHEN_GOOD = timedelta(hours=1)
_ELSE = timedelta(minutes=1)


async def check_licence(db: Database, line: Line, law: Law, *, now: datetime) -> datetime:
    """Note whether anything may be sent, and what is doubtful; returns when to ask again.

    While the licence is refused nothing is sent: every call would be refused. A flow that the system does not seem to
    offer it is only an alarm, because what its flags mean in each state is our reading.
    """
    reporting = law.at(now).reporting
    if line.system is None or line.license_no is None or reporting.system == "none":
        return now + _WHEN_GOOD
    found = await line.system.facilities()
    if isinstance(found, Throttled | Unreachable):
        return now + _ELSE
    warning = None
    if isinstance(found, Unauthorised):
        refused: str | None = (
            f"The system does not accept the keys: {found.message}. Put a new user key into the settings and restart."
        )
    else:
        refused = rules.licence_refusal(line.license_no, [one.license_no for one in found])
        ours = [one for one in found if one.license_no == line.license_no]
        if ours and not any(one.offers(reporting.flow) for one in ours):
            warning = rules.flow_warning(line.license_no, reporting.flow)
    async with db.transaction() as tx:
        await queries.note_licence(tx, now, refused=refused, warning=warning)
    if refused:
        log.error("metrc_licence_refused", why=refused)
    elif warning:
        log.error("metrc_flow_not_offered", why=warning)
    return now + (_ELSE if refused else _WHEN_GOOD)
