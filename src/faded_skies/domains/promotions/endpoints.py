"""HTTP of promotions: staff write, start and stop them; customers see what a push leads to."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.promotions import service
from faded_skies.domains.promotions.schemas import (
    ChangePromotion,
    CountedPromotionAnswer,
    PreviewAnswer,
    PromotionAnswer,
    PromotionsAnswer,
    ShownPromotionAnswer,
    StartPromotion,
    WritePromotion,
    changes_of,
    present,
    present_counts,
    present_shown,
    words_of,
)
from faded_skies.domains.promotions.service import Promotion, Sending, State
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/promotions", tags=["staff"], dependencies=needs_token, responses=needs_role
)
shown = APIRouter(prefix="/api/promotions", tags=["notifications"], dependencies=needs_token)

Terms = Annotated[Sending, provided(Sending)]
Adults = Annotated[Adulthood, provided(Adulthood)]


@router.get("", response_model=PromotionsAnswer)
async def list_promotions(
    _: SignedIn,
    db: Db,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """Promotions, the newest first."""
    found, total = await service.list_promotions(db, state=state, limit=limit, offset=offset)
    reach = await service.count_reach(db, [one.id for one in found])
    return Json(
        page("promotions", [present(one, reach[one.id]) for one in found], total=total, offset=offset)
    )


@router.post("", response_model=PromotionAnswer, status_code=201)
async def create_promotion(body: WritePromotion, actor: SignedIn, db: Db) -> Json:
    """Write a draft; nobody gets it until it is started."""
    async with db.transaction() as tx:
        promotion = await service.create_draft(tx, words_of(body), actor_id=actor.id)
    return await _told(db, promotion, status_code=201)


@router.get("/{promotion_id}", response_model=CountedPromotionAnswer)
async def get_promotion(promotion_id: Id, _: SignedIn, db: Db) -> Json:
    """A promotion, how far it is, and what became of its messages; 404 when there is none."""
    promotion = await service.get_promotion(db, promotion_id)
    reach = (await service.count_reach(db, [promotion_id]))[promotion_id]
    counts = await service.count_channels(db, promotion_id)
    return Json({"promotion": present(promotion, reach), "counts": present_counts(promotion, reach, counts)})


@router.patch("/{promotion_id}", response_model=PromotionAnswer)
async def change_promotion(promotion_id: Id, body: ChangePromotion, actor: SignedIn, db: Db) -> Json:
    """Change what is sent of a draft; 404 when there is none, 409 INVALID_STATE when it is no draft any more."""
    async with db.transaction() as tx:
        promotion = await service.change_draft(tx, promotion_id, changes_of(body), actor_id=actor.id)
    return await _told(db, promotion)


@router.delete("/{promotion_id}", status_code=204, response_class=Response)
async def delete_promotion(promotion_id: Id, actor: SignedIn, db: Db) -> Response:
    """Throw a draft away; 409 INVALID_STATE when it was started: stop that one."""
    async with db.transaction() as tx:
        await service.delete_draft(tx, promotion_id, actor_id=actor.id)
    return Response(status_code=204)


@router.post("/{promotion_id}/preview", response_model=PreviewAnswer)
async def preview_promotion(promotion_id: Id, _: SignedIn, db: Db, adults: Adults) -> Json:
    """How many would get it now, and how many of its segment would not, by reason; nothing is sent."""
    recipients, skipped = await service.preview(db, promotion_id, adulthood=adults, now=clock.now())
    return Json({"recipients": recipients, "skipped": skipped})


@router.post("/{promotion_id}/start", response_model=PromotionAnswer)
async def start_promotion(
    promotion_id: Id, actor: SignedIn, db: Db, terms: Terms, body: StartPromotion | None = None
) -> Json:
    """Send a draft, now or from `startsAt` on; 409 INVALID_STATE or POSTAL_ADDRESS_MISSING."""
    at = None if body is None else body.starts_at
    async with db.transaction() as tx:
        promotion = await service.start(tx, promotion_id, terms, at=at, actor_id=actor.id, now=clock.now())
    return await _told(db, promotion)


@router.post("/{promotion_id}/stop", response_model=PromotionAnswer)
async def stop_promotion(promotion_id: Id, actor: SignedIn, db: Db) -> Json:
    """Send it to nobody any more, and keep back what has not left; 409 INVALID_STATE when it was stopped."""
    async with db.transaction() as tx:
        promotion = await service.stop(tx, promotion_id, actor_id=actor.id, now=clock.now())
    return await _told(db, promotion)


async def _told(db: Database, promotion: Promotion, *, status_code: int = 200) -> Json:
    reach = await service.count_reach(db, [promotion.id])
    return Json({"promotion": present(promotion, reach[promotion.id])}, status_code=status_code)


@shown.get("/{promotion_id}", response_model=ShownPromotionAnswer)
async def show_promotion(promotion_id: Id, actor: SignedIn, db: Db) -> Json:
    """What the link of a promotion shows; 404 before it is started and after it was stopped."""
    async with db.transaction() as tx:
        promotion = await service.open_promotion(tx, promotion_id, user_id=actor.id)
    return Json({"promotion": present_shown(promotion)})
