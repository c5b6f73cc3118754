"""When an order on the road arrives: kept, and told where it matters."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.orders import rules
from faded_skies.domains.orders.events import EtaChanged
from faded_skies.domains.orders.models import EtaSet
from faded_skies.domains.orders.queries import writing
from faded_skies.domains.orders.rules import EtaSource
from faded_skies.platform.db import Tx
from faded_skies.platform.rooms import Realtime

NEWS = timedelta(minutes=5)
"""A customer is told of an estimate that is further than this from the last one they were told."""

WORTH_SHOWING = timedelta(minutes=1)


async def set_etas(
    tx: Tx, *, driver_id: UUID, etas: Mapping[UUID, datetime], source: EtaSource, reckoned_at: datetime
) -> list[EtaSet]:
    """Set when orders arrive that the driver has on the road; others of them stay as they are.

    `reckoned_at` is the moment, by the database's clock, of what they were reckoned from: an estimate from a later one
    stays. Customers are told of news. Returns those whose estimate moved by a minute or more without being news, for
    who watches them now.
    """
    kept = await writing.set_etas(
        tx,
        driver_id=driver_id,
        etas=etas,
        source=source,
        news_seconds=NEWS.total_seconds(),
        reckoned_at=reckoned_at,
    )
    for one in kept:
        if one.is_news:
            tx.emit(
                EtaChanged(
                    order_id=one.order_id,
                    user_id=one.user_id,
                    order_number=one.order_number,
                    eta_at=one.eta_at,
                    source=source,
                    reckoned_at=reckoned_at,
                )
            )
    least = WORTH_SHOWING.total_seconds()
    return [one for one in kept if not one.is_news and one.moved_seconds >= least]


async def tell_eta(
    realtime: Realtime,
    *,
    order_id: UUID,
    eta_at: datetime,
    source: EtaSource,
    rooms: Sequence[str],
    now: datetime,
) -> None:
    """Tell rooms when an order arrives."""
    told = {"orderId": order_id, "eta": rules.minutes_until(eta_at, now=now), "source": source}
    await realtime.tell("eta-update", told, rooms=rooms)
