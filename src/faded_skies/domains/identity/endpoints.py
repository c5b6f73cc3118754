"""HTTP of accounts: sign-in and everything around it, and one's own profile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.errors import InvalidRefreshToken
from faded_skies.domains.identity.models import Grant
from faded_skies.domains.identity.ports import PasswordHasher
from faded_skies.domains.identity.schemas import (
    ChangeProfile,
    ForgotPassword,
    Login,
    MessageShape,
    ProfileShape,
    Refresh,
    Register,
    ResetPassword,
    SignedInShape,
    TokensShape,
    VerifyEmail,
    present_tokens,
    present_user,
)
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, bearer_token, needs_token
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.limits import client_address
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.ratelimit import Gate
from faded_skies.platform.tokens import AccessTokens

router = APIRouter(prefix="/api", tags=["accounts"])

Hasher = Annotated[PasswordHasher, provided(PasswordHasher)]


async def _tokens(request: Request) -> AccessTokens:
    return ports_of(request).tokens


async def _auth_gate(request: Request) -> Gate:
    ports = ports_of(request)
    return Gate(
        ports.valkey,
        "auth",
        limit=ports.settings.rate_limit_auth_max,
        window=ports.settings.rate_limit_window * 60,
        refusal="Too many attempts did not work. Wait a few minutes, then try again.",
    )


Tokens = Annotated[AccessTokens, Depends(_tokens)]
AuthGate = Annotated[Gate, Depends(_auth_gate)]


@asynccontextmanager
async def _attempt(gate: Gate, request: Request) -> AsyncIterator[None]:
    """Count an attempt from this address, and take it back when it succeeds. Raises Limited."""
    subject = client_address(request.scope)
    await gate.enter(subject)
    yield
    await gate.forgive(subject)


def _refusals(**codes: str) -> dict[int | str, dict[str, Any]]:
    """Document refusals: `_401="INVALID_CREDENTIALS"`."""
    return {
        int(status.removeprefix("_")): {"model": ErrorShape, "description": code}
        for status, code in codes.items()
    }


# Called most of all: no dependencies, one statement that authenticates and reads. Its padlock in
# the document is set by hand.
@router.get(
    "/users/profile",
    response_model=ProfileShape,
    responses=_refusals(_401="TOKEN_REQUIRED, INVALID_TOKEN or TOKEN_EXPIRED"),
    openapi_extra={"security": [{"HTTPBearer": []}]},
)
async def get_profile(request: Request) -> Json:
    """Return the person who is signed in."""
    ports = ports_of(request)
    user = await service.get_own_profile(ports.db, ports.tokens, bearer_token(request))
    return Json({"user": present_user(user)})


@router.put(
    "/users/profile",
    response_model=ProfileShape,
    dependencies=needs_token,
    responses=_refusals(_401="TOKEN_REQUIRED", _409="EMAIL_TAKEN", _422="VALIDATION_ERROR"),
)
async def put_profile(body: ChangeProfile, actor: SignedIn, db: Db) -> Json:
    """Change one's name, phone or e-mail address; a new address counts once its mailed link is confirmed."""
    async with db.transaction() as tx:
        user = await service.change_profile(
            tx, actor, full_name=body.full_name, phone=body.phone, email=body.email
        )
    return Json({"user": present_user(user)})


@router.post(
    "/auth/register",
    status_code=201,
    response_model=SignedInShape,
    responses=_refusals(_409="EMAIL_TAKEN", _422="VALIDATION_ERROR or UNDERAGE", _429="RATE_LIMITED"),
)
async def register(
    body: Register, request: Request, db: Db, hasher: Hasher, tokens: Tokens, gate: AuthGate
) -> Json:
    """Open an account for a person of 21 or more, and sign them in."""
    lifetime = ports_of(request).settings.refresh_expires_in
    async with _attempt(gate, request):
        service.check_age(body.date_of_birth)
        password_hash = await hasher.hash(body.password)
        async with db.transaction() as tx:
            grant = await service.register(
                tx,
                email=body.email,
                password_hash=password_hash,
                full_name=body.full_name,
                phone=body.phone,
                date_of_birth=body.date_of_birth,
                session_lifetime=lifetime,
            )
            user = await service.get_user(tx, grant.user_id)
    return Json({"user": present_user(user), **present_tokens(grant, tokens)}, status_code=201)


@router.post(
    "/auth/login",
    response_model=SignedInShape,
    responses=_refusals(_401="INVALID_CREDENTIALS", _403="ACCOUNT_SUSPENDED", _429="RATE_LIMITED"),
)
async def login(
    body: Login, request: Request, db: Db, hasher: Hasher, tokens: Tokens, gate: AuthGate
) -> Json:
    """Sign in with e-mail address and password."""
    async with _attempt(gate, request):
        account = await service.find_account(db, body.email)
        match = await hasher.verify(body.password, account.password_hash if account else None)
        async with db.transaction() as tx:
            outcome = await service.sign_in(
                tx,
                account,
                password_right=match.right,
                better_hash=match.better_hash,
                session_lifetime=ports_of(request).settings.refresh_expires_in,
            )
            if isinstance(outcome, Grant):
                user = await service.get_user(tx, outcome.user_id)
        if not isinstance(outcome, Grant):
            raise outcome
    return Json({"user": present_user(user), **present_tokens(outcome, tokens)})


@router.post(
    "/auth/logout",
    status_code=204,
    response_class=Response,
    dependencies=needs_token,
    responses=_refusals(_401="TOKEN_REQUIRED, INVALID_TOKEN or TOKEN_EXPIRED"),
)
async def logout(actor: SignedIn, db: Db) -> Response:
    """Sign out: this session's access and refresh tokens stop working at once."""
    async with db.transaction() as tx:
        await service.sign_out(tx, actor)
    return Response(status_code=204)


@router.post(
    "/auth/refresh-token",
    response_model=TokensShape,
    responses=_refusals(_401="INVALID_REFRESH_TOKEN", _429="RATE_LIMITED"),
)
async def refresh(body: Refresh, request: Request, db: Db, tokens: Tokens, gate: AuthGate) -> Json:
    """Trade a refresh token for new tokens. Each works once; one used twice ends its session."""
    async with _attempt(gate, request):
        async with db.transaction() as tx:
            grant = await service.renew(
                tx,
                refresh_token=body.refresh_token,
                session_lifetime=ports_of(request).settings.refresh_expires_in,
            )
        if grant is None:
            raise InvalidRefreshToken
    return Json(present_tokens(grant, tokens))


@router.post(
    "/auth/forgot-password",
    status_code=202,
    response_model=MessageShape,
    responses=_refusals(_422="VALIDATION_ERROR", _429="RATE_LIMITED"),
)
async def forgot_password(body: ForgotPassword, request: Request, db: Db, gate: AuthGate) -> Json:
    """Ask for a reset link by mail. The answer does not tell whether it is known; every call counts."""
    await gate.enter(client_address(request.scope))
    async with db.transaction() as tx:
        await service.request_password_reset(tx, email=body.email)
    return Json(
        {"message": "If we know this address, a reset link is on its way. It is good for one hour."},
        status_code=202,
    )


@router.post(
    "/auth/reset-password",
    response_model=MessageShape,
    responses=_refusals(_400="INVALID_RESET_TOKEN", _422="VALIDATION_ERROR", _429="RATE_LIMITED"),
)
async def reset_password(
    body: ResetPassword, request: Request, db: Db, hasher: Hasher, gate: AuthGate
) -> Json:
    """Set a new password with a mailed token; every session of the person ends."""
    async with _attempt(gate, request):
        password_hash = await hasher.hash(body.new_password)
        async with db.transaction() as tx:
            await service.reset_password(tx, token=body.token, password_hash=password_hash)
    return Json({"message": "Your password is changed. Sign in with the new one."})


@router.post(
    "/auth/verify-email",
    response_model=MessageShape,
    responses=_refusals(_400="INVALID_VERIFICATION_TOKEN", _409="EMAIL_TAKEN", _429="RATE_LIMITED"),
)
async def verify_email(body: VerifyEmail, request: Request, db: Db, gate: AuthGate) -> Json:
    """Confirm a first or changed e-mail address with its mailed token."""
    async with _attempt(gate, request), db.transaction() as tx:
        await service.verify_email(tx, token=body.token)
    return Json({"message": "Thank you, your e-mail address is confirmed."})


@router.post(
    "/auth/resend-verification",
    status_code=202,
    response_model=MessageShape,
    dependencies=needs_token,
    responses=_refusals(_401="TOKEN_REQUIRED", _409="INVALID_STATE"),
)
async def resend_verification(actor: SignedIn, db: Db) -> Json:
    """Have the confirmation link mailed again; at most five within an hour."""
    async with db.transaction() as tx:
        await service.request_confirmation(tx, actor)
    return Json({"message": "A new confirmation link is on its way."}, status_code=202)
