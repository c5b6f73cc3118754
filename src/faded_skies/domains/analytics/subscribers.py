"""What follows from orders: a purchase is stated."""

from collections.abc import Sequence

from faded_skies.domains.analytics import service
from faded_skies.domains.analytics.ports import Vendors
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.domains.orders.service import Status
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears that an order was confirmed."""
    db = ports.db
    vendors: Vendors = ports.get(Vendors)

    async def record_purchase(event: OrderMoved) -> None:
        if event.status == Status.CONFIRMED:
            async with db.transaction() as tx:
                await service.record_purchase(tx, event.order_id, vendors=vendors.names, at=event.moved_at)

    return [Subscription("analytics.purchase", OrderMoved, record_purchase)]
