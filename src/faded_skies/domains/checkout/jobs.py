"""What the clock asks of checkout."""

from collections.abc import Sequence

from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service import shopfront
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the work of every morning."""

    async def warn_of_licence() -> None:
        await shopfront.warn_of_licence(ports.get(Checkout))

    return [Periodic("checkout.warn_of_licence", "0 14 * * *", warn_of_licence)]
