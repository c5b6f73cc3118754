"""HTTP of one's own sessions and password."""

from fastapi import APIRouter, Request, Response

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import code_attempt
from faded_skies.domains.identity.endpoints.needs import Hasher
from faded_skies.domains.identity.schemas.sessions import ChangePassword, SessionsShape, present_sessions
from faded_skies.domains.identity.schemas.sign_in import MessageShape
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import Id
from faded_skies.platform.http.provide import Db
from faded_skies.platform.http.refusals import refusals

router = APIRouter(prefix="/api/users", tags=["accounts"], dependencies=needs_token)


@router.get("/sessions", response_model=SessionsShape, responses=refusals(_401="TOKEN_REQUIRED"))
async def list_sessions(actor: SignedIn, db: Db) -> Json:
    """Where one is signed in, newest first."""
    return Json(present_sessions(await service.list_sessions(db, actor), current=actor.session_id))


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    response_class=Response,
    responses=refusals(_401="TOKEN_REQUIRED", _404="NOT_FOUND: another's, or ended already"),
)
async def end_session(session_id: Id, actor: SignedIn, db: Db) -> Response:
    """Sign out on one device: its tokens stop working at once."""
    async with db.transaction() as tx:
        await service.end_session(tx, actor, session_id)
    return Response(status_code=204)


@router.delete(
    "/sessions", status_code=204, response_class=Response, responses=refusals(_401="TOKEN_REQUIRED")
)
async def end_all_sessions(actor: SignedIn, db: Db) -> Response:
    """Sign out everywhere, here too."""
    async with db.transaction() as tx:
        await service.end_all_sessions(tx, actor)
    return Response(status_code=204)


@router.put(
    "/password",
    response_model=MessageShape,
    responses=refusals(
        _401="TOKEN_REQUIRED",
        _409="INVALID_STATE: there is no password yet",
        _422="VALIDATION_ERROR",
        _429="RATE_LIMITED",
    ),
)
async def change_password(
    body: ChangePassword, request: Request, actor: SignedIn, db: Db, hasher: Hasher
) -> Json:
    """Choose a new password; every other session ends, and a mail says so."""
    async with code_attempt(request, actor.id):
        account = await service.check_own_password(
            db, hasher, actor, password=body.current_password, field="currentPassword"
        )
        password_hash = await hasher.hash(body.new_password)
        async with db.transaction() as tx:
            await service.change_password(tx, actor, account, password_hash=password_hash)
    return Json({"message": "Your password is changed. Every other device is signed out."})
