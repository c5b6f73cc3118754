"""HTTP of invitations: made by admins, accepted by whoever got the mail."""

from fastapi import APIRouter, Request, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import TokenGate, attempt
from faded_skies.domains.identity.endpoints.needs import Hasher, OfAge, Tokens
from faded_skies.domains.identity.schemas.invitations import (
    AcceptInvitation,
    InvitationAnswer,
    InvitationsAnswer,
    Invite,
    present_invitation,
)
from faded_skies.domains.identity.schemas.people import present_user
from faded_skies.domains.identity.schemas.sign_in import SignedInShape, present_tokens
from faded_skies.platform.actor import Role
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Configured, Db
from faded_skies.platform.http.refusals import refusals
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, page

router = APIRouter(
    prefix="/api/admin/invitations", tags=["staff"], dependencies=needs_token, responses=needs_role
)
public = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post(
    "",
    status_code=201,
    response_model=InvitationAnswer,
    responses=refusals(_409="EMAIL_TAKEN", _422="VALIDATION_ERROR"),
)
async def invite(body: Invite, actor: SignedIn, db: Db) -> Json:
    """Invite somebody to the staff; the mailed link is good once, for seven days, and ends an earlier one."""
    async with db.transaction() as tx:
        invitation = await service.invite(
            tx, actor, email=body.email, role=Role(body.role), full_name=body.full_name
        )
    return Json({"invitation": present_invitation(invitation)}, status_code=201)


@router.get("", response_model=InvitationsAnswer)
async def list_invitations(_: SignedIn, db: Db, limit: Limit = DEFAULT_ROWS, offset: Offset = 0) -> Json:
    """All invitations, newest first; those that nobody accepted are forgotten 90 days after their end."""
    found, total = await service.list_invitations(db, limit=limit, offset=offset)
    return Json(
        page(
            "invitations",
            [present_invitation(invitation) for invitation in found],
            total=total,
            offset=offset,
        )
    )


@router.delete(
    "/{invitation_id}",
    status_code=204,
    response_class=Response,
    responses=refusals(_404="NOT_FOUND: none of this id waits"),
)
async def revoke(invitation_id: Id, actor: SignedIn, db: Db) -> Response:
    """Take an invitation back before it is accepted; its link is worthless at once."""
    async with db.transaction() as tx:
        await service.revoke_invitation(tx, actor, invitation_id)
    return Response(status_code=204)


@public.post(
    "/accept-invitation",
    status_code=201,
    response_model=SignedInShape,
    responses=refusals(
        _400="INVALID_INVITATION", _409="EMAIL_TAKEN", _422="VALIDATION_ERROR", _429="RATE_LIMITED"
    ),
)
async def accept(
    body: AcceptInvitation,
    request: Request,
    db: Db,
    hasher: Hasher,
    tokens: Tokens,
    gate: TokenGate,
    adulthood: OfAge,
    settings: Configured,
) -> Json:
    """Join the staff by a mailed link. Some roles then owe a second factor before anything else."""
    async with attempt(gate, request):
        password_hash = await hasher.hash(body.password)
        async with db.transaction() as tx:
            grant = await service.accept_invitation(
                tx,
                token=body.token,
                full_name=body.full_name,
                phone=body.phone,
                password_hash=password_hash,
                session_lifetime=settings.refresh_expires_in,
            )
            user = await service.get_user(tx, grant.user_id)
    return Json({"user": present_user(user, adulthood), **present_tokens(grant, tokens)}, status_code=201)
