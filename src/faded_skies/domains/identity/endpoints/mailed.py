"""HTTP of mailed links: a new password, a confirmed address."""

from fastapi import APIRouter, Request

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import LinkRequestGate, ResetGate, TokenGate, attempt
from faded_skies.domains.identity.endpoints.needs import Hasher
from faded_skies.domains.identity.schemas.sign_in import (
    ForgotPassword,
    MessageShape,
    ResetPassword,
    VerifyEmail,
)
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.limits import client_neighbourhood
from faded_skies.platform.http.provide import Db
from faded_skies.platform.http.refusals import refusals

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post(
    "/forgot-password",
    status_code=202,
    response_model=MessageShape,
    responses=refusals(_422="VALIDATION_ERROR", _429="RATE_LIMITED"),
)
async def forgot_password(body: ForgotPassword, request: Request, db: Db, gate: LinkRequestGate) -> Json:
    """Ask for a reset link by mail. The answer does not tell whether it is known; every call counts."""
    await gate.enter(client_neighbourhood(request.scope))
    async with db.transaction() as tx:
        await service.request_password_reset(tx, email=body.email)
    return Json(
        {"message": "If we know this address, a reset link is on its way. It is good for one hour."},
        status_code=202,
    )


@router.post(
    "/reset-password",
    response_model=MessageShape,
    responses=refusals(_400="INVALID_RESET_TOKEN", _422="VALIDATION_ERROR", _429="RATE_LIMITED"),
)
async def reset_password(
    body: ResetPassword, request: Request, db: Db, hasher: Hasher, gate: ResetGate
) -> Json:
    """Set a new password with a mailed token; every session of the person ends."""
    async with attempt(gate, request):
        password_hash = await hasher.hash(body.new_password)
        async with db.transaction() as tx:
            await service.reset_password(tx, token=body.token, password_hash=password_hash)
    return Json({"message": "Your password is changed. Sign in with the new one."})


@router.post(
    "/verify-email",
    response_model=MessageShape,
    responses=refusals(_400="INVALID_VERIFICATION_TOKEN", _409="EMAIL_TAKEN", _429="RATE_LIMITED"),
)
async def verify_email(body: VerifyEmail, request: Request, db: Db, gate: TokenGate) -> Json:
    """Confirm a first or changed e-mail address with its mailed token."""
    async with attempt(gate, request), db.transaction() as tx:
        await service.verify_email(tx, token=body.token)
    return Json({"message": "Thank you, your e-mail address is confirmed."})


@router.post(
    "/resend-verification",
    status_code=202,
    response_model=MessageShape,
    dependencies=needs_token,
    responses=refusals(_401="TOKEN_REQUIRED", _409="INVALID_STATE"),
)
async def resend_verification(actor: SignedIn, db: Db) -> Json:
    """Have the confirmation link mailed again; at most five within an hour."""
    async with db.transaction() as tx:
        await service.request_confirmation(tx, actor)
    return Json({"message": "A new confirmation link is on its way."}, status_code=202)
