"""What a promotion's link shows."""

from uuid import UUID

from faded_skies.domains.promotions import queries
from faded_skies.domains.promotions.errors import PromotionNotFound
from faded_skies.domains.promotions.models import Promotion
from faded_skies.platform.db import Tx


async def open_promotion(tx: Tx, promotion_id: UUID, *, user_id: UUID) -> Promotion:
    """Return a promotion that was started and not stopped, and note that this person opened it.

    Raises PromotionNotFound.
    """
    promotion = await queries.find_shown(tx, promotion_id)
    if promotion is None:
        raise PromotionNotFound
    await queries.note_opened(tx, promotion_id, user_id=user_id)
    return promotion
