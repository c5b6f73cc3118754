"""Who a person is at a gateway: opened when they first need one."""

from uuid import UUID

from faded_skies.domains.payments.ports import PaymentGateway
from faded_skies.domains.payments.queries import methods as queries
from faded_skies.platform.db import Database


async def get_customer(db: Database, gateway: PaymentGateway, user_id: UUID) -> str:
    """Return what the gateway calls a person, opened there if they are new. Raises GatewayUnavailable.

    Call it outside of any transaction. Whoever dies before writing the name down gets the same one next time.
    """
    known = await queries.find_customer(db, user_id, gateway.name)
    if known is not None:
        return known
    opened = await gateway.open_customer(user_id)
    async with db.transaction() as tx:
        return await queries.keep_customer(tx, user_id, gateway.name, opened)
