"""Before a vehicle leaves: where the operator wants it, departure waits until the system was told."""

from uuid import UUID

import structlog

from faded_skies.domains.compliance.service import Law
from faded_skies.domains.traceability.errors import NotReportedYet
from faded_skies.domains.traceability.ports import Line
from faded_skies.domains.traceability.queries import staff as queries
from faded_skies.domains.traceability.rules import BEFORE_DEPARTURE, State, Step
from faded_skies.domains.traceability.service.queueing import prepare_departure
from faded_skies.domains.traceability.service.sending import Sender, send_next
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.keyring import Keyring

log = structlog.get_logger()

_MOST_TURNS = 20
_OPEN = {State.WAITING, State.SENDING, State.REJECTED}


class Gate:
    """Asked before a departure, outside of any transaction."""

    def __init__(self, db: Database, keyring: Keyring, law: Law, line: Line) -> None:
        self._db = db
        self._keyring = keyring
        self._law = law
        self._line = line

    @property
    def is_asked(self) -> bool:
        """Whether the operator wants departures to wait."""
        return self._line.blocks_departure

    async def before_departure(self, trip_id: UUID, *, joining: UUID | None = None) -> None:
        """Raise NotReportedYet while the system does not know of the trip, where departure shall wait for that.

        Of a trip that left, it has to know of the order that is `joining` it.

        What it has to know is queued and sent from here at once; an outage then keeps vehicles at the shop. Where
        departure does not wait, it is queued with the departure itself.
        """
        if not self.is_asked:
            return
        async with self._db.transaction() as tx:
            await prepare_departure(tx, self._law, trip_id, now=clock.now(), joining=joining)
        if self._line.system is not None:
            sender = Sender(self._db, self._line.system, self._keyring)
            for _ in range(_MOST_TURNS):
                if not await self._is_open(trip_id, joining) or not await send_next(sender, now=clock.now()):
                    break
        if await self._is_open(trip_id, joining):
            log.warning("departure_waits_for_metrc", trip_id=trip_id)
            raise NotReportedYet

    async def _is_open(self, trip_id: UUID, joining: UUID | None) -> bool:
        reports, _ = await queries.list_reports(self._db, state=None, trip_id=trip_id, limit=1000, offset=0)
        return any(
            report.state in _OPEN
            and (
                report.step in BEFORE_DEPARTURE
                or (report.step is Step.LEDGER_RESTOCK and report.order_id == joining)
            )
            for report in reports
        )
