"""HTTP of what somebody who came from a provider hands in, and of their linked accounts."""

from fastapi import APIRouter, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.needs import OfAge
from faded_skies.domains.identity.errors import Underage
from faded_skies.domains.identity.schemas.federated import (
    CompleteProfile,
    IdentitiesShape,
    LinkIdentity,
    OneIdentityShape,
    present_identity,
)
from faded_skies.domains.identity.schemas.people import ProfileShape, present_user
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.http.refusals import refusals

router = APIRouter(prefix="/api/users", tags=["accounts"], dependencies=needs_token)


@router.post(
    "/profile/complete",
    response_model=ProfileShape,
    responses=refusals(_409="INVALID_STATE", _422="VALIDATION_ERROR or UNDERAGE"),
)
async def complete_profile(body: CompleteProfile, actor: SignedIn, db: Db, adulthood: OfAge) -> Json:
    """Hand in the date of birth that a provider does not tell, once. One under age suspends the account."""
    async with db.transaction() as tx:
        outcome = await service.complete_profile(
            tx,
            actor,
            adulthood=adulthood,
            date_of_birth=body.date_of_birth,
            phone=body.phone,
            full_name=body.full_name,
        )
    if isinstance(outcome, Underage):
        raise outcome
    return Json({"user": present_user(outcome, adulthood)})


@router.get("/identities", response_model=IdentitiesShape)
async def list_identities(actor: SignedIn, db: Db) -> Json:
    """List the provider's accounts that one signs in with."""
    return Json(
        {"identities": [present_identity(one) for one in await service.list_identities(db, actor.id)]}
    )


@router.post(
    "/identities",
    status_code=201,
    response_model=OneIdentityShape,
    responses=refusals(
        _400="INVALID_LINK_TOKEN",
        _403="PASSWORD_SIGN_IN_REQUIRED or EMAIL_UNCONFIRMED",
        _409="IDENTITY_TAKEN",
    ),
)
async def link_identity(body: LinkIdentity, actor: SignedIn, db: Db) -> Json:
    """Link what LINK_REQUIRED named, after signing in with the password."""
    async with db.transaction() as tx:
        identity = await service.link_identity(tx, actor, token=body.link_token)
    return Json({"identity": present_identity(identity)}, status_code=201)


@router.delete(
    "/identities/{identity_id}",
    status_code=204,
    response_class=Response,
    responses=refusals(_409="LAST_WAY_IN"),
)
async def unlink_identity(identity_id: Id, actor: SignedIn, db: Db) -> Response:
    """Unlink a provider's account, unless it is the only way in."""
    async with db.transaction() as tx:
        await service.unlink_identity(tx, actor, identity_id)
    return Response(status_code=204)
