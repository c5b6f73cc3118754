"""HTTP of second factors: finishing a sign-in, and turning one on and off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import TokenGate, attempt, code_attempt
from faded_skies.domains.identity.endpoints.needs import Hasher, OfAge, Tokens
from faded_skies.domains.identity.errors import InvalidMfaToken, WrongCode
from faded_skies.domains.identity.models import Grant
from faded_skies.domains.identity.schemas.mfa import (
    BeginSecondFactor,
    ConfirmSecondFactor,
    EnrolmentShape,
    FinishSignIn,
    RecoveryCodesShape,
    RemoveSecondFactor,
    RenewRecoveryCodes,
    SecondFactorShape,
    present_enrolment,
    present_second_factor,
)
from faded_skies.domains.identity.schemas.people import present_user
from faded_skies.domains.identity.schemas.sign_in import SignedInShape, present_tokens
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.provide import Configured, Db, ports_of
from faded_skies.platform.http.refusals import refusals
from faded_skies.platform.keyring import Keyring

sign_in_router = APIRouter(prefix="/api/auth", tags=["accounts"])
router = APIRouter(prefix="/api/users/mfa", tags=["accounts"], dependencies=needs_token)


async def _keyring(request: Request) -> Keyring:
    return ports_of(request).keyring


Keys = Annotated[Keyring, Depends(_keyring)]


@sign_in_router.post(
    "/mfa",
    response_model=SignedInShape,
    responses=refusals(_401="INVALID_MFA_CODE or INVALID_MFA_TOKEN", _429="RATE_LIMITED"),
)
async def finish_sign_in(
    body: FinishSignIn,
    request: Request,
    db: Db,
    tokens: Tokens,
    keyring: Keys,
    gate: TokenGate,
    adulthood: OfAge,
) -> Json:
    """Finish a sign-in with a code of the authenticator app, or a recovery code."""
    async with attempt(gate, request):
        user_id = await service.find_challenged(db, body.mfa_token)
        if user_id is None:
            raise InvalidMfaToken
    async with code_attempt(request, user_id):
        async with db.transaction() as tx:
            outcome = await service.finish_sign_in(
                tx,
                keyring,
                mfa_token=body.mfa_token,
                code=body.code,
                session_lifetime=ports_of(request).settings.refresh_expires_in,
            )
            if isinstance(outcome, Grant):
                user = await service.get_user(tx, outcome.user_id)
        if not isinstance(outcome, Grant):
            raise outcome
    return Json({"user": present_user(user, adulthood), **present_tokens(outcome, tokens)})


@router.get("", response_model=SecondFactorShape, responses=refusals(_401="TOKEN_REQUIRED"))
async def get_second_factor(actor: SignedIn, db: Db, settings: Configured) -> Json:
    """Whether one has a second factor, and whether one must."""
    status = await service.find_second_factor(db, actor)
    required = service.needs_second_factor(actor.role, required=settings.mfa_required)
    return Json(present_second_factor(status, required=required))


@router.post(
    "",
    status_code=201,
    response_model=EnrolmentShape,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _403="FRESH_SIGN_IN_REQUIRED: without a password, only within five minutes of signing in",
        _422="VALIDATION_ERROR, or INVALID_MFA_CODE when one is on and its code is wrong",
        _429="RATE_LIMITED",
    ),
)
async def begin_second_factor(
    body: BeginSecondFactor, request: Request, actor: SignedIn, db: Db, hasher: Hasher, keyring: Keys
) -> Json:
    """Get a secret for an authenticator app, good for 15 minutes; it counts only once a code confirms it.

    Whoever has a second factor already replaces it so, with a code of the present one.
    """
    async with code_attempt(request, actor.id):
        given = await service.gave_password(db, hasher, actor, password=body.password)
        async with db.transaction() as tx:
            outcome = await service.begin_second_factor(
                tx, actor, keyring, password_given=given, code=body.code
            )
        if isinstance(outcome, WrongCode):
            raise outcome
    return Json(present_enrolment(outcome), status_code=201)


@router.post(
    "/confirm",
    response_model=RecoveryCodesShape,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _409="INVALID_STATE: nothing waits for a code",
        _422="VALIDATION_ERROR or INVALID_MFA_CODE",
        _429="RATE_LIMITED",
    ),
)
async def confirm_second_factor(
    body: ConfirmSecondFactor, request: Request, actor: SignedIn, db: Db, keyring: Keys
) -> Json:
    """Turn the second factor on with its first code. Every other session ends; the recovery codes are shown once."""
    async with code_attempt(request, actor.id):
        async with db.transaction() as tx:
            outcome = await service.confirm_second_factor(tx, actor, keyring, code=body.code)
        if isinstance(outcome, WrongCode):
            raise outcome
    return Json({"recoveryCodes": outcome})


@router.delete(
    "",
    status_code=204,
    response_class=Response,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _403="FRESH_SIGN_IN_REQUIRED: without a password, only within five minutes of signing in",
        _409="INVALID_STATE: there is none, or one's role needs it",
        _422="VALIDATION_ERROR or INVALID_MFA_CODE",
        _429="RATE_LIMITED",
    ),
)
async def remove_second_factor(
    body: RemoveSecondFactor,
    request: Request,
    actor: SignedIn,
    db: Db,
    hasher: Hasher,
    keyring: Keys,
    settings: Configured,
) -> Response:
    """Turn the second factor off, with the password and a code or recovery code."""
    async with code_attempt(request, actor.id):
        given = await service.gave_password(db, hasher, actor, password=body.password)
        async with db.transaction() as tx:
            refusal = await service.remove_second_factor(
                tx, actor, keyring, password_given=given, code=body.code, required=settings.mfa_required
            )
        if refusal is not None:
            raise refusal
    return Response(status_code=204)


@router.post(
    "/recovery-codes",
    response_model=RecoveryCodesShape,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _409="INVALID_STATE: there is no second factor",
        _422="VALIDATION_ERROR or INVALID_MFA_CODE",
        _429="RATE_LIMITED",
    ),
)
async def renew_recovery_codes(
    body: RenewRecoveryCodes, request: Request, actor: SignedIn, db: Db, keyring: Keys
) -> Json:
    """Get new recovery codes, shown once; the old ones are void."""
    async with code_attempt(request, actor.id):
        async with db.transaction() as tx:
            outcome = await service.renew_recovery_codes(tx, actor, keyring, code=body.code)
        if isinstance(outcome, WrongCode):
            raise outcome
    return Json({"recoveryCodes": outcome})
