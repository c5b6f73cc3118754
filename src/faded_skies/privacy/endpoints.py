"""HTTP of what is held on oneself: taking it out, and leaving."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import StreamingResponse

from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.ports import PasswordHasher
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.provide import Db, Store, ports_of, provided
from faded_skies.platform.http.refusals import refusals
from faded_skies.platform.ratelimit import Gate
from faded_skies.privacy import closing, exporting
from faded_skies.privacy.schemas import CloseAccount, ExportShape

MOST_EXPORTS = 5
"""How many exports a person may take in an hour: each reads everything."""

router = APIRouter(prefix="/api/users/me", tags=["accounts"], dependencies=needs_token)

Hasher = Annotated[PasswordHasher, provided(PasswordHasher)]


async def _export_gate(request: Request) -> Gate:
    return Gate(
        ports_of(request).valkey,
        "exports",
        limit=MOST_EXPORTS,
        window=3600,
        refusal="You took this out several times within the hour. Wait a little, then try again.",
    )


async def _closing_gate(request: Request) -> Gate:
    ports = ports_of(request)
    return Gate(
        ports.valkey,
        "closings",
        limit=ports.settings.rate_limit_auth_max,
        window=ports.settings.rate_limit_window * 60,
        refusal="Too many attempts did not work. Wait a few minutes, then try again.",
    )


@router.get(
    "/export",
    response_model=ExportShape,
    responses=refusals(_401="TOKEN_REQUIRED", _429="RATE_LIMITED"),
)
async def export(
    actor: SignedIn, db: Db, valkey: Store, gate: Annotated[Gate, Depends(_export_gate)]
) -> StreamingResponse:
    """Everything we hold on you, as one JSON document to keep; five times an hour at most."""
    await gate.enter(str(actor.id))
    async with db.transaction() as tx:
        tx.audit("account.exported", object_type="user", object_id=actor.id, actor_id=actor.id)
    opened = AsyncExitStack()
    file = await opened.enter_async_context(exporting.exported(db, valkey, actor.id))
    return StreamingResponse(
        _then_close(file, opened),
        media_type="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="faded-skies-export.json"',
            "Cache-Control": "no-store",
        },
    )


async def _then_close(file: BinaryIO, opened: AsyncExitStack) -> AsyncIterator[bytes]:
    async with opened:
        async for piece in exporting.read(file):
            yield piece


@router.delete(
    "",
    status_code=204,
    response_class=Response,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _403="FRESH_SIGN_IN_REQUIRED: without a password, only within five minutes of signing in",
        _409="INVALID_STATE: an order is not over, a shift is open, or nobody else is an admin",
        _422="VALIDATION_ERROR: the password; INVALID_MFA_CODE",
        _429="RATE_LIMITED",
    ),
)
async def close(
    body: CloseAccount,
    request: Request,
    actor: SignedIn,
    db: Db,
    hasher: Hasher,
    gate: Annotated[Gate, Depends(_closing_gate)],
) -> Response:
    """Close your account for good and erase what the law does not make us keep."""
    await gate.enter(str(actor.id))
    given = await identity.gave_password(db, hasher, actor, password=body.password)
    async with db.transaction() as tx:
        refusal = await closing.close_account(
            tx, actor, ports_of(request).keyring, password_given=given, code=body.code
        )
    if refusal is not None:
        raise refusal
    return Response(status_code=204)
