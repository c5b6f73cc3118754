"""A person's coins."""

from fastapi import APIRouter

from faded_skies.domains.rewards import service
from faded_skies.domains.rewards.schemas import RewardsAnswer, present_rewards
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.provide import Db
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset

router = APIRouter(prefix="/api/users/rewards", tags=["rewards"], dependencies=needs_token)


@router.get("", response_model=RewardsAnswer)
async def read_rewards(actor: SignedIn, db: Db, limit: Limit = DEFAULT_ROWS, offset: Offset = 0) -> Json:
    """Return your FS coins and how they came and went, the newest first."""
    account = await service.get_account(db, actor.id)
    transactions = await service.list_transactions(db, actor.id, limit=limit, offset=offset)
    return Json(present_rewards(account, transactions, offset=offset))
