"""HTTP of signing in at a provider: off to it, back from it, and in."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

import structlog
from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse

from faded_skies.domains.identity import service
from faded_skies.domains.identity.endpoints.attempts import TokenGate, attempt
from faded_skies.domains.identity.endpoints.browser import browser_of, forget, remember
from faded_skies.domains.identity.endpoints.needs import OfAge, Providers, Tokens
from faded_skies.domains.identity.errors import InvalidSignInCode, LinkRequired, SignInExpired, SignInFailed
from faded_skies.domains.identity.models import Challenge, Grant
from faded_skies.domains.identity.ports import IdentityProvider
from faded_skies.domains.identity.schemas.federated import Exchange
from faded_skies.domains.identity.schemas.people import present_user
from faded_skies.domains.identity.schemas.sign_in import (
    SecondFactorDueShape,
    SignedInShape,
    present_challenge,
    present_tokens,
)
from faded_skies.platform.db import Database
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.provide import Configured, Db
from faded_skies.platform.http.refusals import refusals
from faded_skies.platform.opaque_tokens import new_token
from faded_skies.platform.settings import Settings

log = structlog.get_logger()

router = APIRouter(prefix="/api/auth/oauth", tags=["accounts"])

ProviderName = Annotated[
    str,
    Path(
        description="404 for another, and for one that the shop is not registered with.",
        json_schema_extra={"enum": ["google", "apple"]},
    ),
]

_MOST_FIELDS = 50


@router.get(
    "/{provider}/start",
    status_code=302,
    response_class=RedirectResponse,
    response_description="To the provider; to `/auth/callback?error=…` of the customer app when it is down.",
)
async def start(
    provider: ProviderName, request: Request, db: Db, providers: Providers, settings: Configured
) -> RedirectResponse:
    """Begin a sign-in at a provider: navigate here, do not fetch. It must end in the same browser."""
    chosen = providers.get(provider)
    browser = browser_of(request, settings) or new_token()
    asked = service.ask(browser)
    try:
        # First, so that nothing is kept of a sign-in that cannot begin.
        url = await chosen.authorization_url(
            state=asked.state, nonce=asked.nonce, code_challenge=asked.code_challenge
        )
    except SignInFailed as failed:
        return _failed(settings, chosen, failed, status_code=302)
    async with db.transaction() as tx:
        await service.note_asked(tx, asked, provider=chosen.name, browser=browser)
    answer = RedirectResponse(url, status_code=302)
    remember(answer, settings, browser)
    return answer


_BACK = "To `/auth/callback` of the customer app, with `code` (good once, for a minute) or `error`."


@router.get(
    "/{provider}/callback", status_code=303, response_class=RedirectResponse, response_description=_BACK
)
async def return_by_address(
    provider: ProviderName, request: Request, db: Db, providers: Providers, settings: Configured
) -> RedirectResponse:
    """Come back from a provider that answers in the address (Google)."""
    chosen = providers.get(provider)
    return await _return(request, dict(request.query_params), chosen, db, settings)


@router.post(
    "/{provider}/callback", status_code=303, response_class=RedirectResponse, response_description=_BACK
)
async def return_by_form(
    provider: ProviderName, request: Request, db: Db, providers: Providers, settings: Configured
) -> RedirectResponse:
    """Come back from a provider that answers by a form (Apple)."""
    chosen = providers.get(provider)
    try:
        fields = dict(parse_qsl((await request.body()).decode(errors="replace"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        fields = {}
    return await _return(request, fields, chosen, db, settings)


async def _return(
    request: Request, fields: dict[str, str], provider: IdentityProvider, db: Database, settings: Settings
) -> RedirectResponse:
    """Have the provider confirm the person; three steps, so that no transaction waits for the provider."""
    state, browser = fields.get("state", ""), browser_of(request, settings)
    try:
        if browser is None:
            raise SignInExpired
        async with db.transaction() as tx:
            sign_in_id = await service.note_return(tx, provider=provider.name, state=state, browser=browser)
        asked = service.asked_with(state, browser)
        try:
            proved = await provider.redeem(fields, code_verifier=asked.code_verifier, nonce=asked.nonce)
        except SignInFailed as failed:
            async with db.transaction() as tx:
                await service.give_up(tx, sign_in_id, provider=provider.name, why=failed)
            raise
        async with db.transaction() as tx:
            code = await service.keep_proof(tx, sign_in_id, proved)
    except SignInFailed as failed:
        return _failed(settings, provider, failed, status_code=303)
    return RedirectResponse(_client(settings, code=code), status_code=303)


def _failed(
    settings: Settings, provider: IdentityProvider, why: SignInFailed, *, status_code: int
) -> RedirectResponse:
    log.warning("sign_in_failed", provider=provider.name, code=why.code)
    return RedirectResponse(_client(settings, error=why.code), status_code=status_code)


def _client(settings: Settings, **query: str) -> str:
    return f"{settings.client_origins[0]}/auth/callback?{urlencode(query)}"


@router.post(
    "/exchange",
    response_model=SignedInShape | SecondFactorDueShape,
    responses=refusals(
        _400="INVALID_SIGN_IN_CODE",
        _403="ACCOUNT_SUSPENDED or PROVIDER_EMAIL_UNCONFIRMED",
        _409="LINK_REQUIRED, with linkToken",
        _429="RATE_LIMITED",
    ),
)
async def exchange(
    body: Exchange,
    request: Request,
    db: Db,
    tokens: Tokens,
    gate: TokenGate,
    adulthood: OfAge,
    settings: Configured,
) -> Json:
    """Turn the code of `/auth/callback` into tokens, in the browser that began (send its cookies along)."""
    browser = browser_of(request, settings)
    async with attempt(gate, request):
        if browser is None:
            raise InvalidSignInCode
        async with db.transaction() as tx:
            outcome = await service.enter(
                tx, code=body.code, browser=browser, session_lifetime=settings.refresh_expires_in
            )
            if isinstance(outcome, Grant):
                user = await service.get_user(tx, outcome.user_id)
        if not isinstance(outcome, Grant | Challenge | LinkRequired):
            raise outcome
    if isinstance(outcome, LinkRequired):
        raise outcome
    if isinstance(outcome, Challenge):
        answer = Json(present_challenge(outcome))
    else:
        answer = Json({"user": present_user(user, adulthood), **present_tokens(outcome, tokens)})
    forget(answer, settings)
    return answer
