"""HTTP for admins: the shop's own particulars, its licence, and whether it takes orders."""

from fastapi import APIRouter

from faded_skies.backoffice.settings_schemas import ChangeSettings, SettingsAnswer, present_settings
from faded_skies.domains.places import service as places
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.provide import Db

router = APIRouter(
    prefix="/api/admin/settings", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("", response_model=SettingsAnswer)
async def get_settings(_: SignedIn, db: Db) -> Json:
    """The shop as it is set up. 503 before it is: set it up with PATCH."""
    return Json({"settings": present_settings(await places.get_shop(db))})


@router.patch("", response_model=SettingsAnswer)
async def change_settings(body: ChangeSettings, actor: SignedIn, db: Db) -> Json:
    """Change the shop, pause it, or set it up: the first time it needs its name, licence and place."""
    async with db.transaction() as tx:
        shop = await places.change_shop(tx, body.changes(), actor_id=actor.id)
    return Json({"settings": present_settings(shop)})
