"""What anybody may know of the shop before they order."""

from faded_skies.domains.checkout.models import Shopfront
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.places import service as places
from faded_skies.platform import clock


async def look(checkout: Checkout) -> Shopfront:
    """Return the shop, its areas and whether it takes orders now. Raises Unavailable before it is set up."""
    shop = await places.get_shop(checkout.db)
    areas = await places.areas(checkout.db)
    minute = compliance.minute_of_day(checkout.book, clock.now())
    serving = [area for area in areas if not shop.paused and area.opens_minute <= minute < area.closes_minute]
    return Shopfront(shop, areas, frozenset(area.id for area in serving), checkout.book)
