"""What every identity provider must do, on a certified OpenID provider (oidc-provider) through its real pages.

Tokens that no honest provider makes, and answers that none gives, are in tests/adapters/oidc/.
"""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from browser import Browser
from factories.federated import API, GOOGLE, callback
from faded_skies.adapters.oidc.endpoints import Discovery
from faded_skies.adapters.oidc.google import google
from faded_skies.adapters.oidc.id_tokens import IdTokens
from faded_skies.adapters.oidc.keys import SigningKeys
from faded_skies.adapters.oidc.opening import providers_of
from faded_skies.adapters.oidc.provider import Registration
from faded_skies.adapters.oidc.wire import Wire
from faded_skies.domains.identity.errors import (
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnknown,
    SignInCancelled,
)
from faded_skies.domains.identity.ports import IdentityProvider, ProvedIdentity
from faded_skies.platform import clock
from faded_skies.platform.outbound import NetworkInsideTransactionError, transaction_open
from node_peers import Peer, certified_op
from servers import free_port

CLIENT = {
    "client_id": GOOGLE.client_id,
    "client_secret": GOOGLE.secret.get_secret_value(),
    "redirect_uris": [callback("google")],
    "response_types": ["code"],
    "grant_types": ["authorization_code"],
    "token_endpoint_auth_method": "client_secret_post",
}


@pytest.fixture(scope="module")
def op(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with certified_op(tmp_path_factory.mktemp("op"), CLIENT) as peer:
        yield peer


def registration(op: Peer) -> Registration:
    return google(GOOGLE, redirect_uri=callback("google"), issuer=op.address)


@pytest.fixture
async def provider(op: Peer) -> AsyncIterator[IdentityProvider]:
    async with providers_of([registration(op)]) as providers:
        yield providers.get("google")


@dataclass(frozen=True)
class Attempt:
    """What we ask with, and what the browser brings back."""

    state: str
    nonce: str
    verifier: str
    answer: dict[str, str]


async def sign_in(provider: IdentityProvider, login: str = "maya", *, cancel: bool = False) -> Attempt:
    """Sign in at the provider as a person with a browser."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    url = await provider.authorization_url(state=state, nonce=nonce, code_challenge=challenge)
    async with httpx.AsyncClient() as nowhere:
        browser = Browser(nowhere, api=API, absent={API})
        page = await browser.open(url)
        page = await browser.submit(page, page.forms[0], login=login, password="any")
        if cancel:
            page = await browser.follow(f"{page.url}/abort", at=page.url)
        else:
            page = await browser.submit(page, page.forms[0])
    assert page.url.startswith(f"{callback('google')}?"), page
    assert page.query["state"] == state
    return Attempt(state, nonce, verifier, page.query)


async def redeem(provider: IdentityProvider, attempt: Attempt) -> ProvedIdentity:
    return await provider.redeem(attempt.answer, code_verifier=attempt.verifier, nonce=attempt.nonce)


async def test_a_person_who_signs_in_is_named(provider: IdentityProvider) -> None:
    proved = await redeem(provider, await sign_in(provider))
    assert proved == ProvedIdentity("maya", "maya@example.com", email_verified=True, full_name="Maya Okafor")


async def test_an_address_that_is_not_confirmed_there_is_told_so(provider: IdentityProvider) -> None:
    proved = await redeem(provider, await sign_in(provider, "unconfirmed"))
    assert (proved.email, proved.email_verified) == ("unconfirmed@example.com", False)


async def test_what_is_asked_is_the_code_flow_with_pkce_state_and_nonce(provider: IdentityProvider) -> None:
    url = await provider.authorization_url(state="a-state", nonce="a-nonce", code_challenge="a-challenge")
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [GOOGLE.client_id],
        "redirect_uri": [callback("google")],
        "scope": ["openid email profile"],
        "state": ["a-state"],
        "nonce": ["a-nonce"],
        "code_challenge": ["a-challenge"],
        "code_challenge_method": ["S256"],
    }
    assert GOOGLE.secret.get_secret_value() not in url


async def test_a_code_works_once(provider: IdentityProvider) -> None:
    attempt = await sign_in(provider)
    await redeem(provider, attempt)
    with pytest.raises(ProviderRefused):
        await redeem(provider, attempt)


@pytest.mark.parametrize("flaw", ["nonce", "verifier"])
async def test_a_code_of_another_sign_in_is_worth_nothing(provider: IdentityProvider, flaw: str) -> None:
    attempt, other = await sign_in(provider), await sign_in(provider, "nia")
    mixed = replace(attempt, **{flaw: getattr(other, flaw)})
    with pytest.raises(ProviderRefused):
        await redeem(provider, mixed)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"code": ""},
        {"code": "made-up"},
        {"code": "c" * 5000},
        {"error": "invalid_scope"},
        {"error": "<script>"},
    ],
    ids=["nothing", "empty", "made up", "too long", "error", "unreadable"],
)
async def test_an_answer_without_a_good_code_is_refused(
    provider: IdentityProvider, answer: dict[str, str]
) -> None:
    with pytest.raises(ProviderRefused):
        await provider.redeem(answer, code_verifier="v" * 43, nonce="n")


async def test_who_cancels_is_told_apart(provider: IdentityProvider) -> None:
    attempt = await sign_in(provider, cancel=True)
    assert attempt.answer["error"] == "access_denied"
    with pytest.raises(SignInCancelled):
        await redeem(provider, attempt)
    with pytest.raises(SignInCancelled):  # Apple's word for it
        await provider.redeem({"error": "user_cancelled_authorize"}, code_verifier="v", nonce="n")


async def test_a_shop_with_the_wrong_secret_is_out_of_order_not_the_person(op: Peer) -> None:
    wrong = google(
        replace(GOOGLE, secret=SecretStr("another")), redirect_uri=callback("google"), issuer=op.address
    )
    async with providers_of([wrong]) as providers:
        provider = providers.get("google")
        with pytest.raises(ProviderUnavailable):
            await redeem(provider, await sign_in(provider))


async def test_a_provider_that_is_away_is_unavailable(tmp_path: Path) -> None:
    away = google(GOOGLE, redirect_uri=callback("google"), issuer=f"http://127.0.0.1:{free_port()}")
    async with providers_of([away]) as providers:
        provider = providers.get("google")
        with pytest.raises(ProviderUnavailable):
            await provider.authorization_url(state="s", nonce="n", code_challenge="c")
        with pytest.raises(ProviderUnavailable):
            await provider.redeem({"code": "c"}, code_verifier="v", nonce="n")


async def test_a_provider_without_a_registration_is_unknown(op: Peer) -> None:
    async with providers_of([registration(op)]) as providers:
        for name in ("apple", "github", ""):
            with pytest.raises(ProviderUnknown):
                providers.get(name)


async def test_nothing_is_asked_inside_a_transaction(provider: IdentityProvider) -> None:
    token = transaction_open.set(True)
    try:
        with pytest.raises(NetworkInsideTransactionError):
            await provider.authorization_url(state="s", nonce="n", code_challenge="c")
        with pytest.raises(NetworkInsideTransactionError):
            await provider.redeem({"code": "c"}, code_verifier="v", nonce="n")
    finally:
        transaction_open.reset(token)


async def test_new_keys_are_taken_up_at_once(tmp_path: Path) -> None:
    port = free_port()
    with certified_op(tmp_path, CLIENT, port=port) as first:
        async with providers_of([registration(first)]) as providers:
            provider = providers.get("google")
            await redeem(provider, await sign_in(provider))
            first.kill()
            with certified_op(tmp_path, CLIENT, port=port):
                assert (await redeem(provider, await sign_in(provider))).subject == "maya"


# One true ID token, held against what it must be.


@dataclass(frozen=True)
class Issued:
    """An ID token as the provider issued it, and whoever can check it."""

    token: str
    nonce: str
    keys: SigningKeys
    issuer: str

    async def read(self, **changes: str) -> str:
        known = {"issuer": self.issuer, "client_id": GOOGLE.client_id, "nonce": self.nonce} | changes
        checker = IdTokens(self.keys, issuers={known["issuer"]}, client_id=known["client_id"])
        claims = await checker.read(self.token, nonce=known["nonce"])
        subject: str = claims["sub"]
        return subject


@pytest.fixture
async def issued(op: Peer, provider: IdentityProvider) -> AsyncIterator[Issued]:
    attempt = await sign_in(provider)
    async with httpx.AsyncClient() as http:
        wire = Wire(http)
        discovery = Discovery(wire, op.address)
        form = {
            "grant_type": "authorization_code",
            "code": attempt.answer["code"],
            "redirect_uri": callback("google"),
            "client_id": GOOGLE.client_id,
            "client_secret": GOOGLE.secret.get_secret_value(),
            "code_verifier": attempt.verifier,
        }
        status, body = await wire.post((await discovery.endpoints()).token, form)
        assert status == 200, body
        yield Issued(body["id_token"], attempt.nonce, SigningKeys(wire, discovery), op.address)


async def test_a_true_token_is_read(issued: Issued) -> None:
    assert await issued.read() == "maya"


@pytest.mark.parametrize(
    "change",
    [{"client_id": "another-shop"}, {"issuer": "https://accounts.google.com"}, {"nonce": "another"}],
    ids=["audience", "issuer", "nonce"],
)
async def test_a_true_token_for_somebody_else_is_refused(issued: Issued, change: dict[str, str]) -> None:
    with pytest.raises(ProviderRefused):
        await issued.read(**change)


@pytest.mark.parametrize(
    ("passed", "good"),
    [
        (timedelta(minutes=-5), False),
        (timedelta(seconds=-30), True),
        (timedelta(minutes=59), True),
        (timedelta(hours=2), False),
    ],
    ids=["issued tomorrow", "clocks that differ", "in time", "expired"],
)
async def test_a_true_token_is_good_for_its_time(
    issued: Issued, monkeypatch: pytest.MonkeyPatch, passed: timedelta, *, good: bool
) -> None:
    then = clock.now() + passed
    monkeypatch.setattr(clock, "now", lambda: then)
    if good:
        assert await issued.read() == "maya"
        return
    with pytest.raises(ProviderRefused):
        await issued.read()


async def test_a_changed_token_is_refused(issued: Issued) -> None:
    head, payload, signature = issued.token.split(".")
    for broken in (
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{head}.{payload[:-8]}AAAAAAAA.{signature}",
        "",
        "." * 20_000,
    ):
        with pytest.raises(ProviderRefused):
            await replace(issued, token=broken).read()
