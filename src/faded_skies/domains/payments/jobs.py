"""What the clock asks of payments: nothing stays unknown, abandoned or half given back."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from faded_skies.domains.payments import service
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.domains.payments.ports import Gateways
from faded_skies.domains.payments.queries import intents, refunds
from faded_skies.platform.db import Database
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports

log = structlog.get_logger()

SILENT_AFTER = timedelta(seconds=60)
REFUND_LATE_AFTER = timedelta(minutes=5)
_MOST_AT_ONCE = 200


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the work of every minute."""
    db = ports.db
    gateways: Gateways = ports.get(Gateways)

    async def minutely() -> None:
        try:
            await end_abandoned(db, gateways)
            await ask_again(db, gateways, older_than=SILENT_AFTER)
            await retry_refunds(db, gateways, older_than=REFUND_LATE_AFTER)
        except GatewayUnavailable:
            log.warning("payments_sweep_put_off")

    return [Periodic("payments.sweep", "* * * * *", minutely)]


async def ask_again(db: Database, gateways: Gateways, *, older_than: timedelta) -> None:
    """Ask the gateway about every open intent of which nothing was heard for so long."""
    for intent in await intents.list_silent_intents(db, older_than, _MOST_AT_ONCE):
        result = await service.ask(gateways, intent)
        async with db.transaction() as tx:
            await service.answer(tx, intent_id=intent.id, result=result)


async def end_abandoned(db: Database, gateways: Gateways) -> None:
    """End intents that no order adopted in time; money that came in spite of it goes back."""
    for intent in await intents.list_abandoned_intents(db, _MOST_AT_ONCE):
        result = await service.cancel(gateways, intent)
        async with db.transaction() as tx:
            await service.answer(tx, intent_id=intent.id, result=result, wanted=False)


async def retry_refunds(db: Database, gateways: Gateways, *, older_than: timedelta) -> None:
    """Send refunds again that are still pending after so long; the gateway knows them by their ids."""
    for refund_id in await refunds.list_pending_refunds(db, older_than, _MOST_AT_ONCE):
        result = await service.send_refund(db, gateways, refund_id)
        if result is not None:
            async with db.transaction() as tx:
                await service.settle_refund(tx, refund_id=refund_id, result=result)
