"""HTTP of the link at the foot of promotions. The link is the permission: it ends them and can do nothing else.

RFC 8058: mail programs POST to it without a person and without cookies, and must not be redirected; a GET, which
scanners of mail make too, changes nothing and asks.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from faded_skies.domains.notifications import service
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.provide import Db, ports_of

router = APIRouter(prefix="/api/notifications/unsubscribe", tags=["notifications"])

Link = Annotated[
    str, Path(max_length=100, description="What the link in the mail carries; it does not expire.")
]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html; charset=utf-8": {}}, "description": "A page."},
    404: {"model": ErrorShape, "description": "NOT_FOUND: the link is not ours."},
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<style>
body{{font:18px/1.5 system-ui,sans-serif;max-width:28rem;margin:15vh auto;padding:0 1rem;color:#1f2933}}
button{{font:inherit;padding:.7rem 1.4rem;border:0;border-radius:.5rem;background:#2f6f5e;color:#fff}}</style></head>
<body><h1>{title}</h1><p>{text}</p>{form}</body></html>
"""
_ASK = _PAGE.format(
    title="No more offers?",
    text="You will get no more offers from Faded Skies, by mail or push. What concerns your orders still comes.",
    form='<form method="post"><input type="hidden" name="confirmed" value="yes">'
    "<button>No more offers</button></form>",
)
_DONE = _PAGE.format(
    title="Done",
    text="You get no more offers from us. You can switch them on again in your profile.",
    form="",
)
_BY_HAND = b"confirmed=yes"


@router.get("/{token}", response_class=Response, responses=_ANSWERS)
async def ask(token: Link, request: Request) -> HTMLResponse:
    """A small page that asks whether offers shall end; nothing changes by looking at it."""
    service.read_unsubscribe_token(ports_of(request).purpose_keys, token)
    return HTMLResponse(_ASK)


@router.post("/{token}", response_class=Response, responses=_ANSWERS)
async def unsubscribe(token: Link, request: Request, db: Db) -> HTMLResponse:
    """End offers to the person of the link, at once and without signing in; a second time changes nothing."""
    user_id = service.read_unsubscribe_token(ports_of(request).purpose_keys, token)
    by_hand = await request.body() == _BY_HAND
    async with db.transaction() as tx:
        await service.withdraw_consent(
            tx, user_id, withdrawn_by="unsubscribe_link" if by_hand else "one_click"
        )
    return HTMLResponse(_DONE)
