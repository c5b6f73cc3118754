"""The bank's page of the sandbox: a customer passes or fails what a card asks for."""

from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.domains.payments.errors import IntentNotFound
from faded_skies.domains.payments.ports import ChargeStatus
from faded_skies.platform.money import money_text

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{{font:18px system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem;text-align:center}}
button{{font:inherit;padding:.7rem 1.4rem;margin:.4rem;border:1px solid #456;border-radius:.5rem}}
button[value=complete]{{background:#234;color:#fff}}</style></head>
<body><h1>{title}</h1><p>{text}</p>{form}</body></html>
"""
_FORM = """<form method="post"><input type="hidden" name="client_secret" value="{secret}">
<button name="outcome" value="complete">Complete</button>
<button name="outcome" value="fail">Fail</button></form>"""
_ENDED = {
    ChargeStatus.SUCCEEDED: ("Thank you", "The payment went through. Go back to the shop."),
    ChargeStatus.DECLINED: (
        "Not paid",
        "The payment did not go through. Go back to the shop and try another card.",
    ),
    ChargeStatus.CANCELLED: ("Cancelled", "This payment was cancelled. Go back to the shop."),
    ChargeStatus.PROCESSING: ("One moment", "The payment is being worked on. Go back to the shop."),
}


def page_router(gateway: SandboxGateway) -> APIRouter:
    """Return the page's routes."""
    router = APIRouter(prefix="/sandbox", include_in_schema=False)

    async def show(charge_id: str, client_secret: str) -> HTMLResponse:
        result, amount_cents = await gateway.look(charge_id, client_secret)
        if result.status in _ENDED:
            title, text = _ENDED[result.status]
            return HTMLResponse(_PAGE.format(title=title, text=text, form=""))
        text = f"The built-in test bank asks: is it you who pays {money_text(amount_cents)}? No money moves."
        form = _FORM.format(secret=escape(client_secret))
        return HTMLResponse(_PAGE.format(title="Confirm your payment", text=text, form=form))

    @router.get("/authenticate/{charge_id}")
    async def look(charge_id: str, client_secret: str = "") -> HTMLResponse:
        return await show(charge_id, client_secret)

    @router.post("/authenticate/{charge_id}")
    async def decide(charge_id: str, request: Request) -> HTMLResponse:
        try:
            fields = parse_qs((await request.body()).decode())
        except UnicodeDecodeError:
            raise IntentNotFound from None
        secret = fields.get("client_secret", [""])[0]
        passed = fields.get("outcome", [""])[0] == "complete"
        await gateway.authenticate(charge_id, secret, passed=passed)
        return await show(charge_id, secret)

    return router
