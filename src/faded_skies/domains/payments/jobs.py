"""What the clock asks of payments: nothing stays unknown, abandoned or half given back."""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from faded_skies.domains.payments import queries, service
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.domains.payments.ports import PaymentGateway
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
    gateway: PaymentGateway = ports.get(PaymentGateway)

    async def minutely() -> None:
        try:
            await end_abandoned(db, gateway)
            await ask_again(db, gateway, older_than=SILENT_AFTER)
            await retry_refunds(db, gateway, older_than=REFUND_LATE_AFTER)
        except GatewayUnavailable:
            log.warning("payments_sweep_put_off")

    return [Periodic("payments.sweep", "* * * * *", minutely)]


async def ask_again(db: Database, gateway: PaymentGateway, *, older_than: timedelta) -> None:
    """Ask the gateway about every open intent of which nothing was heard for so long."""
    for intent in await queries.list_silent_intents(db, older_than, _MOST_AT_ONCE):
        result = await service.ask(gateway, intent)
        async with db.transaction() as tx:
            await service.answer(tx, intent_id=intent.id, result=result)


async def end_abandoned(db: Database, gateway: PaymentGateway) -> None:
    """End intents that no order adopted in time; money that came in spite of it goes back."""
    for intent in await queries.list_abandoned_intents(db, _MOST_AT_ONCE):
        result = await service.cancel(gateway, intent)
        async with db.transaction() as tx:
            await service.answer(tx, intent_id=intent.id, result=result, wanted=False)


async def retry_refunds(db: Database, gateway: PaymentGateway, *, older_than: timedelta) -> None:
    """Send refunds again that are still pending after so long; the gateway knows them by their ids."""
    for refund_id in await queries.list_pending_refunds(db, older_than, _MOST_AT_ONCE):
        result = await service.send_refund(db, gateway, refund_id)
        if result is not None:
            async with db.transaction() as tx:
                await service.settle_refund(tx, refund_id=refund_id, result=result)
