"""HTTP of analytics: telling events, and one's consent to them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from faded_skies.domains.analytics import service
from faded_skies.domains.analytics.ports import Vendors
from faded_skies.domains.analytics.schemas import (
    ChooseConsent,
    ConsentAnswer,
    RecordedShape,
    RecordEvents,
    present_consent,
    present_recorded,
    told_of,
)
from faded_skies.domains.analytics.service import Visit
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, bearer_token, needs_token
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.limits import client_neighbourhood
from faded_skies.platform.http.provide import Db, ports_of, provided
from faded_skies.platform.ratelimit import Gate

public = APIRouter(prefix="/api/analytics", tags=["analytics"])
router = APIRouter(prefix="/api/analytics", tags=["analytics"], dependencies=needs_token)

Outside = Annotated[Vendors, provided(Vendors)]


async def _somebody(request: Request) -> Actor | None:
    """Return who is signed in, None without a token. Raises InvalidToken or TokenExpired for a bad one."""
    if "authorization" not in request.headers:
        return None
    return await ports_of(request).authenticator.authenticate(bearer_token(request))


async def _count(request: Request, somebody: Actor | None, events: int) -> None:
    """Count what may be stored, not calls: `platform/http/limits.py` counts those. Raises Limited."""
    ports = ports_of(request)
    settings = ports.settings
    await Gate(
        ports.valkey,
        "analytics",
        limit=settings.rate_limit_analytics_max if somebody else settings.rate_limit_analytics_visitors_max,
        window=60,
        refusal="These are more events than one can tell in a minute. Send them later, or fewer of them.",
    ).enter(str(somebody.id) if somebody else client_neighbourhood(request.scope), count=events)


@public.post(
    "/events",
    response_model=RecordedShape,
    status_code=202,
    responses={
        401: {
            "model": ErrorShape,
            "description": "INVALID_TOKEN, TOKEN_EXPIRED; without a token it is a visitor.",
        },
        429: {"model": ErrorShape, "description": "RATE_LIMITED"},
    },
)
async def record_events(
    body: RecordEvents,
    request: Request,
    db: Db,
    vendors: Outside,
    somebody: Annotated[Actor | None, Depends(_somebody)],
) -> Json:
    """Tell what was looked at and done, many at once; 202 in any case. Stored by consent only.

    `Sec-GPC: 1` keeps it from others. 422 for names that the server or vendors keep for themselves, such as `purchase`.
    """
    await _count(request, somebody, len(body.events))
    asked = body.consent
    third_parties = asked.third_parties if asked else None
    visit = Visit(
        somebody.id if somebody else None,
        body.visitor_id,
        asked.analytics if asked else None,
        False if request.headers.get("sec-gpc") == "1" else third_parties,
    )
    async with db.transaction() as tx:
        recorded = await service.record(tx, visit, told_of(body), vendors=vendors.names, now=clock.now())
    return Json(present_recorded(recorded), status_code=202)


@router.get("/consent", response_model=ConsentAnswer)
async def get_consent(actor: SignedIn, db: Db) -> Json:
    """Whether you are counted, whether others may hear of it, and the words of it. Neither, until you agree."""
    return Json({"consent": present_consent(await service.find_consent(db, actor.id))})


@router.put("/consent", response_model=ConsentAnswer)
async def choose_consent(body: ChooseConsent, actor: SignedIn, db: Db) -> Json:
    """Agree, or take it back; what waited for others is taken back too. 422: others cannot hear what is not counted."""
    if body.third_parties and not body.analytics:
        raise Refused(
            "thirdParties", "Others hear only of what is counted: agree to analytics too, or to neither."
        )
    async with db.transaction() as tx:
        consent = await service.choose(tx, actor.id, counted=body.analytics, third_parties=body.third_parties)
    return Json({"consent": present_consent(consent)})
