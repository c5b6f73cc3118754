"""Writing promotions, and seeing whom they would reach."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.promotions import queries
from faded_skies.domains.promotions.errors import NotADraft, PromotionNotFound
from faded_skies.domains.promotions.models import Promotion, Reach, State, Words
from faded_skies.domains.promotions.service.asking import asked, place_of
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id


async def create_draft(tx: Tx, words: Words, *, actor_id: UUID) -> Promotion:
    """Write a draft; nobody gets it until it is started. Raises AreaUnknown."""
    await place_of(tx, words.segment)
    promotion_id = new_id()
    await queries.insert_promotion(tx, promotion_id, words, created_by=actor_id)
    tx.audit("promotion.created", object_type="promotion", object_id=promotion_id, actor_id=actor_id)
    return await get_promotion(tx, promotion_id)


async def change_draft(
    tx: Tx, promotion_id: UUID, changes: Mapping[str, Any], *, actor_id: UUID
) -> Promotion:
    """Change a draft, by the names of `Words`. Raises PromotionNotFound, NotADraft or AreaUnknown."""
    draft = await _lock_draft(tx, promotion_id)
    words = replace(Words(draft.title, draft.body, draft.image_url, draft.segment, draft.channels), **changes)
    await place_of(tx, words.segment)
    await queries.rewrite(tx, promotion_id, words)
    tx.audit("promotion.changed", object_type="promotion", object_id=promotion_id, actor_id=actor_id)
    return await get_promotion(tx, promotion_id)


async def delete_draft(tx: Tx, promotion_id: UUID, *, actor_id: UUID) -> None:
    """Throw a draft away. Raises PromotionNotFound or NotADraft."""
    await _lock_draft(tx, promotion_id)
    await queries.delete(tx, promotion_id)
    tx.audit("promotion.deleted", object_type="promotion", object_id=promotion_id, actor_id=actor_id)


async def _lock_draft(tx: Tx, promotion_id: UUID) -> Promotion:
    promotion = await queries.lock_promotion(tx, promotion_id)
    if promotion is None:
        raise PromotionNotFound
    if promotion.state != "draft":
        raise NotADraft
    return promotion


async def get_promotion(source: Database | Tx, promotion_id: UUID) -> Promotion:
    """Return a promotion. Raises PromotionNotFound."""
    promotion = await queries.find_promotion(source, promotion_id)
    if promotion is None:
        raise PromotionNotFound
    return promotion


async def list_promotions(
    db: Database, *, state: State | None, limit: int, offset: int
) -> tuple[list[Promotion], int]:
    """Return a page of promotions, the newest first, and how many there are."""
    return await queries.list_promotions(db, state=state, limit=limit, offset=offset)


async def count_reach(source: Database | Tx, ids: Sequence[UUID]) -> dict[UUID, Reach]:
    """Return how many people each of these promotions has reached."""
    return await queries.count_reach(source, ids)


async def preview(
    db: Database, promotion_id: UUID, *, adulthood: Adulthood, now: datetime
) -> tuple[int, Counter[str]]:
    """Return how many would get it now, and how many of its segment would not, by reason.

    Raises PromotionNotFound or AreaUnknown.
    """
    promotion = await get_promotion(db, promotion_id)
    place = promotion.place or await place_of(db, promotion.segment)
    return await queries.count_audience(db, asked(promotion, place, adulthood=adulthood, now=now))
