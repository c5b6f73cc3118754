"""The outbox in the browser, in the demo shop only: it shows links that open accounts."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.adapters.outbox.pages import list_page, message_page, missing_page
from faded_skies.platform.http.provide import provided

router = APIRouter(prefix="/outbox", include_in_schema=False)

MOST_SHOWN = 100

Sents = Annotated[Outbox, provided(Outbox)]


@router.get("")
async def list_messages(outbox: Sents) -> HTMLResponse:
    """Show the newest messages."""
    page = list_page(await asyncio.to_thread(outbox.newest, MOST_SHOWN))
    return HTMLResponse(page)


@router.get("/{message_id}")
async def show_message(message_id: UUID, outbox: Sents) -> HTMLResponse:
    """Show one message."""
    sent = await asyncio.to_thread(outbox.find, message_id)
    if sent is None:
        return HTMLResponse(missing_page(), status_code=404)
    return HTMLResponse(message_page(sent))
