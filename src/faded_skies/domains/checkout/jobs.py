"""What the clock asks of checkout."""

from collections.abc import Sequence

from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service import shopfront
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Law
from faded_skies.platform import clock
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports


def periodic(ports: Ports) -> Sequence[Periodic]:
    """Return the work of every morning."""

    async def warn() -> None:
        await shopfront.warn_of_licence(ports.get(Checkout))
        await compliance.warn(ports.db, ports.get(Law), now=clock.now())

    return [Periodic("checkout.warn_of_law", "0 14 * * *", warn)]
