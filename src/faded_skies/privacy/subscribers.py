"""What follows when an account is closed."""

from collections.abc import Sequence

from faded_skies.domains.checkout.service import cart
from faded_skies.domains.identity.events import AccountClosed
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports
from faded_skies.privacy import closing


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of closed accounts."""

    async def erase_again(event: AccountClosed) -> None:
        await cart.erase(ports.valkey, event.user_id)
        async with ports.db.transaction() as tx:
            await closing.erase_again(tx, event.user_id)

    return [Subscription("privacy.erase_again", AccountClosed, erase_again)]
