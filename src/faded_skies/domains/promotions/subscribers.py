"""What follows when a promotion is started."""

from collections.abc import Sequence

from faded_skies.domains.promotions import service
from faded_skies.domains.promotions.events import PromotionStarted
from faded_skies.domains.promotions.service import Sending
from faded_skies.platform import clock
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of promotions: the sending of the first minute; jobs go on with it."""
    sending: Sending = ports.get(Sending)

    async def send(event: PromotionStarted) -> None:
        await service.send_batches(ports.db, event.promotion_id, sending, now=clock.now())

    return [Subscription("promotions.send", PromotionStarted, send)]
