"""HTTP of what a person chooses to hear of."""

from typing import Annotated

from fastapi import APIRouter

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.schemas import (
    ChangePreferences,
    PreferencesAnswer,
    present_preferences,
    quiet_hours_of,
)
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.provide import Db, provided

router = APIRouter(prefix="/api/notifications/preferences", tags=["notifications"], dependencies=needs_token)

Adults = Annotated[Adulthood, provided(Adulthood)]


@router.get("", response_model=PreferencesAnswer)
async def get_preferences(actor: SignedIn, db: Db, adults: Adults) -> Json:
    """What you hear of by which channel, whether you agreed to promotions, and when they must not come."""
    chosen = await service.get_preferences(db, actor.id)
    return Json({"preferences": present_preferences(chosen, zone=adults.zone)})


@router.put("", response_model=PreferencesAnswer)
async def change_preferences(body: ChangePreferences, actor: SignedIn, db: Db, adults: Adults) -> Json:
    """Change what you name; what is absent stays. `quietHours: null` goes back to the shop's hours.

    422 VALIDATION_ERROR for what cannot be switched off.
    """
    async with db.transaction() as tx:
        await service.choose(
            tx, actor.id, [(one.topic, one.channel, one.enabled) for one in body.topics or ()]
        )
        if "quiet_hours" in body.model_fields_set:
            await service.choose_quiet_hours(tx, actor.id, quiet_hours_of(body))
        if body.promotions is True:
            await service.consent(tx, actor.id, given_by="preferences")
        elif body.promotions is False:
            await service.withdraw_consent(tx, actor.id, withdrawn_by="preferences")
        chosen = await service.get_preferences(tx, actor.id)
    return Json({"preferences": present_preferences(chosen, zone=adults.zone)})
