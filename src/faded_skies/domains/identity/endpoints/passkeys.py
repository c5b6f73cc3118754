"""HTTP of passkeys: adding, listing and removing one's own, and signing in with one."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import TokenGate, attempt, code_attempt
from faded_skies.domains.identity.endpoints.needs import Hasher, OfAge, Tokens
from faded_skies.domains.identity.errors import WrongPasskey
from faded_skies.domains.identity.models import Grant
from faded_skies.domains.identity.ports import PasskeyCeremonies, PasswordHasher
from faded_skies.domains.identity.schemas.passkeys import (
    AddPasskey,
    BeginPasskey,
    CreationOptionsShape,
    OnePasskeyShape,
    PasskeysShape,
    RequestOptionsShape,
    SignInWithPasskey,
    present_passkey,
    present_passkeys,
)
from faded_skies.domains.identity.schemas.people import present_user
from faded_skies.domains.identity.schemas.sign_in import SignedInShape, present_tokens
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.http.refusals import refusals

sign_in_router = APIRouter(prefix="/api/auth/passkey", tags=["accounts"])
router = APIRouter(prefix="/api/users/passkeys", tags=["accounts"], dependencies=needs_token)

Ceremonies = Annotated[PasskeyCeremonies, provided(PasskeyCeremonies)]


@sign_in_router.post("/options", response_model=RequestOptionsShape)
async def begin_passkey_sign_in(db: Db, ceremonies: Ceremonies) -> Json:
    """Get what `navigator.credentials.get()` needs, good once, for five minutes. Nobody is named."""
    async with db.transaction() as tx:
        options = await service.begin_passkey_sign_in(tx, ceremonies)
    return Json(options)


@sign_in_router.post(
    "",
    response_model=SignedInShape,
    responses=refusals(_401="INVALID_PASSKEY", _403="ACCOUNT_SUSPENDED", _429="RATE_LIMITED"),
)
async def sign_in_with_passkey(
    body: SignInWithPasskey,
    request: Request,
    db: Db,
    ceremonies: Ceremonies,
    tokens: Tokens,
    gate: TokenGate,
    adulthood: OfAge,
) -> Json:
    """Sign in with a passkey; it counts as both factors, so no code is asked for."""
    async with attempt(gate, request):
        async with db.transaction() as tx:
            outcome = await service.sign_in_with_passkey(
                tx,
                ceremonies,
                body.credential.read(),
                session_lifetime=ports_of(request).settings.refresh_expires_in,
            )
            if isinstance(outcome, Grant):
                user = await service.get_user(tx, outcome.user_id)
        if not isinstance(outcome, Grant):
            raise outcome
    return Json({"user": present_user(user, adulthood), **present_tokens(outcome, tokens)})


@router.get("", response_model=PasskeysShape, responses=refusals(_401="TOKEN_REQUIRED"))
async def list_passkeys(actor: SignedIn, db: Db) -> Json:
    """One's passkeys, the oldest first."""
    return Json(present_passkeys(await service.list_passkeys(db, actor.id)))


@router.post(
    "/options",
    response_model=CreationOptionsShape,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _403="FRESH_SIGN_IN_REQUIRED: without a password, or with a second factor, within five minutes of signing in",
        _422="VALIDATION_ERROR or TOO_MANY_PASSKEYS",
        _429="RATE_LIMITED",
    ),
)
async def begin_passkey(
    request: Request,
    actor: SignedIn,
    db: Db,
    hasher: Hasher,
    ceremonies: Ceremonies,
    body: BeginPasskey | None = None,
) -> Json:
    """Get what `navigator.credentials.create()` needs, good once, for five minutes."""
    given = await _check_password(request, db, hasher, actor, body.password if body else None)
    async with db.transaction() as tx:
        options = await service.begin_passkey(tx, actor, ceremonies, password_given=given)
    return Json(options)


@router.post(
    "",
    status_code=201,
    response_model=OnePasskeyShape,
    responses=refusals(_401="TOKEN_REQUIRED", _422="VALIDATION_ERROR, INVALID_PASSKEY or TOO_MANY_PASSKEYS"),
)
async def add_passkey(body: AddPasskey, actor: SignedIn, db: Db, ceremonies: Ceremonies) -> Json:
    """Keep the passkey that the browser has made; a mail says so."""
    async with db.transaction() as tx:
        outcome = await service.add_passkey(
            tx, actor, ceremonies, name=body.name, credential=body.credential.read()
        )
    if isinstance(outcome, WrongPasskey):
        raise outcome
    return Json({"passkey": present_passkey(outcome)}, status_code=201)


@router.delete(
    "/{passkey_id}",
    status_code=204,
    response_class=Response,
    responses=refusals(_401="TOKEN_REQUIRED", _404="NOT_FOUND"),
)
async def remove_passkey(passkey_id: Id, actor: SignedIn, db: Db) -> Response:
    """Remove a passkey: nobody signs in with it any more; a mail says so."""
    async with db.transaction() as tx:
        await service.remove_passkey(tx, actor, passkey_id)
    return Response(status_code=204)


async def _check_password(
    request: Request, db: Database, hasher: PasswordHasher, actor: Actor, password: str | None
) -> bool:
    """Tell whether the person gave their password; False when they gave none, or have none to give."""
    if password is None:
        return False
    async with code_attempt(request, actor.id):
        return await service.gave_password(db, hasher, actor, password=password)
