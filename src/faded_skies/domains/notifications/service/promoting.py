"""Writing a promotion to somebody, and what became of it. Who gets one is decided above (the promotions domain)."""

from collections.abc import Collection
from uuid import UUID

from faded_skies.domains.notifications import queries, rules
from faded_skies.domains.notifications.rules import PROMOTIONS, Channel, Promoted
from faded_skies.domains.notifications.service.notifying import notify
from faded_skies.platform.db import Database, Tx


async def promote(
    tx: Tx, promoted: Promoted, *, user_id: UUID, to: str, full_name: str, channels: Collection[Channel]
) -> None:
    """Queue a promotion to a person by these channels; a second time it is the same fact, and nothing is queued."""
    letter, push = rules.promotion(promoted, to=to, full_name=full_name)
    await notify(
        tx,
        user_id=user_id,
        kind=PROMOTIONS,
        fact=_fact(promoted.id),
        letter=letter if Channel.EMAIL in channels else None,
        push=push if Channel.PUSH in channels else None,
    )


async def drop_promotion(tx: Tx, promotion_id: UUID) -> int:
    """Keep back what has not left of a promotion that was stopped, and take it out of the app's lists.

    Returns how many messages were kept back.
    """
    await queries.notices.delete_promotion(tx, fact=_fact(promotion_id))
    return await queries.messages.drop_all(tx, fact=_fact(promotion_id), reason="stopped")


async def count_promotion(
    db: Database | Tx, promotion_id: UUID
) -> list[tuple[Channel, str, str | None, int]]:
    """Return how many messages of a promotion stand where: channel, state, why dropped, number."""
    return await queries.messages.count_by_state(db, _fact(promotion_id))


def _fact(promotion_id: UUID) -> str:
    return f"promotion:{promotion_id}"
