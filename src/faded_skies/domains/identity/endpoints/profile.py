"""HTTP of one's own profile."""

from contextlib import nullcontext

from fastapi import APIRouter, Request

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import AuthGate, attempt
from faded_skies.domains.identity.endpoints.needs import OfAge
from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.identity.schemas.people import ChangeProfile, ProfileShape, present_user
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, bearer_token, needs_token
from faded_skies.platform.http.provide import Db, ports_of
from faded_skies.platform.http.refusals import refusals

router = APIRouter(prefix="/api/users", tags=["accounts"])


# Called most of all: no dependencies, one statement that authenticates and reads. Its padlock in
# the document is set by hand.
@router.get(
    "/profile",
    response_model=ProfileShape,
    responses=refusals(_401="TOKEN_REQUIRED, INVALID_TOKEN or TOKEN_EXPIRED"),
    openapi_extra={"security": [{"HTTPBearer": []}]},
)
async def get_profile(request: Request) -> Json:
    """Return the person who is signed in."""
    ports = ports_of(request)
    user = await service.get_own_profile(ports.db, ports.tokens, bearer_token(request))
    return Json({"user": present_user(user, ports.get(Adulthood))})


@router.put(
    "/profile",
    response_model=ProfileShape,
    dependencies=needs_token,
    responses=refusals(
        _401="TOKEN_REQUIRED", _409="EMAIL_TAKEN", _422="VALIDATION_ERROR", _429="RATE_LIMITED"
    ),
)
async def put_profile(
    body: ChangeProfile, request: Request, actor: SignedIn, db: Db, adulthood: OfAge, gate: AuthGate
) -> Json:
    """Change one's name, phone or e-mail address; a new address counts once its mailed link is confirmed."""
    # EMAIL_TAKEN tells whose address is known, here as at registering.
    counted = nullcontext() if body.email is None else attempt(gate, request)
    async with counted, db.transaction() as tx:
        user = await service.change_profile(
            tx, actor, full_name=body.full_name, phone=body.phone, email=body.email
        )
    return Json({"user": present_user(user, adulthood)})
