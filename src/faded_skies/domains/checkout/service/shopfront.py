"""What anybody may know of the shop before they order."""

from functools import partial

import structlog

from faded_skies.domains.checkout.models import Licence, Shopfront
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.payments.service import BY_CARD
from faded_skies.domains.places import service as places
from faded_skies.platform import clock
from faded_skies.platform.errors import Unavailable

log = structlog.get_logger()


async def look(checkout: Checkout) -> Shopfront:
    """Return the shop, its areas and whether it takes orders now. Raises Unavailable before it is set up."""
    shop = await places.get_shop(checkout.db)
    areas = await places.areas(checkout.db)
    minute = compliance.minute_of_day(checkout.book, clock.now())
    sells = not shop.paused and checkout.today <= shop.license_expires_on
    serving = [area for area in areas if sells and area.opens_minute <= minute < area.closes_minute]
    tenders = checkout.book.tender_rules.allowed & frozenset(shop.tenders)
    if not checkout.card_terms.is_connected:
        tenders -= BY_CARD
    return Shopfront(
        shop,
        areas,
        frozenset(area.id for area in serving),
        tenders,
        checkout.card_terms.publishable_key,
        checkout.book,
    )


async def find_licence(checkout: Checkout) -> Licence:
    """Return the shop's licence and how it stands today. Raises Unavailable before the shop is set up."""
    shop = await places.get_shop(checkout.db)
    return Licence(shop, days_left=(shop.license_expires_on - checkout.today).days, book=checkout.book)


async def warn_of_licence(checkout: Checkout) -> None:
    """Write a warning into the log from 60 days before the licence's last day on; before a shop is set up, nothing."""
    try:
        licence = await find_licence(checkout)
    except Unavailable:
        return
    if licence.status != "Active":
        log.warning("licence_ends", days_left=licence.days_left, status=licence.status)


async def why_not_served(
    checkout: Checkout,
    *,
    city: str,
    state: str | None,
    zip_code: str | None,
    point: tuple[float, float] | None,
) -> str | None:
    """Say why we do not deliver to an address, None when we do; without a point by the middle of its ZIP code or town.

    Nothing is asked of a map that costs money, because strangers ask.
    """
    law = partial(compliance.place_allowed, checkout.law.of_town(clock.now(), city))
    if not law(city=city, state=state):
        return "We may not deliver in this town."
    states = checkout.book.places.states if state is None else {state.strip().upper()}
    where = point or await places.middle_of(checkout.gazetteer, city=city, states=states, zip_code=zip_code)
    if where is None:
        return "We do not find this town, or not with this ZIP code. Check both."
    areas = await places.areas(checkout.db)
    reach = places.reach(areas, law, city=city, state=state, latitude=where[0], longitude=where[1])
    return None if reach.served else "This address lies outside our delivery areas."
