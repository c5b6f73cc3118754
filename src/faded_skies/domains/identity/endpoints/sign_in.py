"""HTTP of registering, signing in and out, and renewing."""

from fastapi import APIRouter, Request, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import AuthGate, TokenGate, attempt, password_attempt
from faded_skies.domains.identity.endpoints.needs import Hasher, OfAge, Tokens
from faded_skies.domains.identity.errors import InvalidRefreshToken
from faded_skies.domains.identity.models import Challenge, Grant
from faded_skies.domains.identity.schemas.people import present_user
from faded_skies.domains.identity.schemas.sign_in import (
    Login,
    Refresh,
    Register,
    SecondFactorDueShape,
    SignedInShape,
    TokensShape,
    present_challenge,
    present_tokens,
)
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.provide import Db, ports_of
from faded_skies.platform.http.refusals import refusals

router = APIRouter(prefix="/api/auth", tags=["accounts"])


@router.post(
    "/register",
    status_code=201,
    response_model=SignedInShape,
    responses=refusals(_409="EMAIL_TAKEN", _422="VALIDATION_ERROR or UNDERAGE", _429="RATE_LIMITED"),
)
async def register(
    body: Register, request: Request, db: Db, hasher: Hasher, tokens: Tokens, gate: AuthGate, adulthood: OfAge
) -> Json:
    """Open an account for a person who is of age, and sign them in."""
    lifetime = ports_of(request).settings.refresh_expires_in
    async with attempt(gate, request):
        service.check_age(adulthood, body.date_of_birth)
        password_hash = await hasher.hash(body.password)
        async with db.transaction() as tx:
            grant = await service.register(
                tx,
                adulthood=adulthood,
                email=body.email,
                password_hash=password_hash,
                full_name=body.full_name,
                phone=body.phone,
                date_of_birth=body.date_of_birth,
                session_lifetime=lifetime,
            )
            user = await service.get_user(tx, grant.user_id)
    return Json({"user": present_user(user, adulthood), **present_tokens(grant, tokens)}, status_code=201)


@router.post(
    "/login",
    response_model=SignedInShape | SecondFactorDueShape,
    responses=refusals(_401="INVALID_CREDENTIALS", _403="ACCOUNT_SUSPENDED", _429="RATE_LIMITED"),
)
async def login(
    body: Login, request: Request, db: Db, hasher: Hasher, tokens: Tokens, adulthood: OfAge
) -> Json:
    """Sign in with e-mail address and password; who has a second factor gets a token to give the code with."""
    async with password_attempt(request, body.email):
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
        if isinstance(outcome, Challenge):
            return Json(present_challenge(outcome))
        if not isinstance(outcome, Grant):
            raise outcome
    return Json({"user": present_user(user, adulthood), **present_tokens(outcome, tokens)})


@router.post(
    "/logout",
    status_code=204,
    response_class=Response,
    dependencies=needs_token,
    responses=refusals(_401="TOKEN_REQUIRED, INVALID_TOKEN or TOKEN_EXPIRED"),
)
async def logout(actor: SignedIn, db: Db) -> Response:
    """Sign out: this session's access and refresh tokens stop working at once."""
    async with db.transaction() as tx:
        await service.sign_out(tx, actor)
    return Response(status_code=204)


@router.post(
    "/refresh-token",
    response_model=TokensShape,
    responses=refusals(_401="INVALID_REFRESH_TOKEN", _429="RATE_LIMITED"),
)
async def refresh(body: Refresh, request: Request, db: Db, tokens: Tokens, gate: TokenGate) -> Json:
    """Trade a refresh token for new tokens. Each works once; one used twice ends its session."""
    async with attempt(gate, request):
        async with db.transaction() as tx:
            grant = await service.renew(
                tx,
                refresh_token=body.refresh_token,
                session_lifetime=ports_of(request).settings.refresh_expires_in,
            )
        if grant is None:
            raise InvalidRefreshToken
    return Json(present_tokens(grant, tokens))
