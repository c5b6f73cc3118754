"""A shop that is registered at providers, and a provider without a network for what providers do not decide."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from uuid import UUID

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from browser import Browser, Page
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.errors import ProviderRefused, SignInFailed
from faded_skies.domains.identity.ports import IdentityProvider, IdentityProviders, ProvedIdentity
from faded_skies.domains.identity.queries import identities
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from faded_skies.platform.settings.providers import AppleClient, GoogleClient

API = "https://api.shop.test"
APP = "https://shop.test"
PROVIDER = "https://provider.test"
GOOGLE = GoogleClient("shop.apps.googleusercontent.com", SecretStr("a-secret-of-the-shop"))

_numbers = count(1)


@cache
def apple_key() -> str:
    """A private key as Apple hands them out."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def apple_client() -> AppleClient:
    return AppleClient("test.shop.signin", "TEAM123456", "KEY1234567", SecretStr(apple_key()))


def callback(name: str) -> str:
    return f"{API}/api/auth/oauth/{name}/callback"


def registered(settings: Settings) -> Settings:
    """The settings of a shop with a registration at both providers."""
    apple = apple_client()
    return settings.model_copy(
        update={
            "api_url": API,
            "client_url": APP,
            "google_client_id": GOOGLE.client_id,
            "google_client_secret": GOOGLE.secret,
            "apple_client_id": apple.client_id,
            "apple_team_id": apple.team_id,
            "apple_key_id": apple.key_id,
            "apple_private_key": apple.private_key,
        }
    )


@dataclass
class Someone:
    """A person as a provider knows them."""

    subject: str = field(default_factory=lambda: f"subject-{next(_numbers)}")
    email: str | None = field(default_factory=lambda: f"nia-{next(_numbers)}@example.com")
    email_verified: bool = True
    full_name: str | None = "Nia Whitfield"


@dataclass(frozen=True)
class _Confirmed:
    someone: Someone
    nonce: str
    challenge: str


class TalkativeProvider:
    """Names whoever a test says, at once; keeps nonce, challenge and code as real ones do."""

    def __init__(self, name: str = "google") -> None:
        self.name = name
        self.down: SignInFailed | None = None
        self._asked: dict[str, tuple[str, str]] = {}
        self._codes: dict[str, _Confirmed] = {}

    async def authorization_url(self, *, state: str, nonce: str, code_challenge: str) -> str:
        if self.down is not None:
            raise self.down
        self._asked[state] = (nonce, code_challenge)
        return f"{PROVIDER}/authorize?state={state}"

    async def redeem(self, answer: Mapping[str, str], *, code_verifier: str, nonce: str) -> ProvedIdentity:
        if self.down is not None:
            raise self.down
        found = self._codes.pop(answer.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode()
        if found is None or (found.nonce, found.challenge) != (nonce, challenge.rstrip("=")):
            raise ProviderRefused
        one = found.someone
        return ProvedIdentity(one.subject, one.email, one.email_verified, one.full_name)

    def confirm(self, url: str, someone: Someone) -> str:
        """Return where the provider sends the browser of this person back to."""
        state = url.partition("state=")[2]
        code = secrets.token_hex(8)
        self._codes[code] = _Confirmed(someone, *self._asked[state])
        return f"{callback(self.name)}?state={state}&code={code}"


@dataclass
class Shop:
    """A shop that is registered at providers."""

    app: Application
    client: httpx.AsyncClient

    def browser(self) -> Browser:
        return Browser(self.client, api=API, absent={APP, PROVIDER})

    async def begin(self, browser: Browser, provider: str) -> Page:
        """Go to the provider's first page."""
        return await browser.follow(f"{API}/api/auth/oauth/{provider}/start", at=f"{APP}/sign-in")

    async def exchange(self, browser: Browser, code: str) -> httpx.Response:
        """Do what the customer app does with the code in its address."""
        url = f"{API}/api/auth/oauth/exchange"
        cookies = browser.sends(url, method="POST", by=f"{APP}/auth/callback")
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return await self.client.post(url, json={"code": code}, headers={"Cookie": line} if line else {})

    async def return_of(self, provider: TalkativeProvider, someone: Someone, browser: Browser) -> Page:
        """Sign in at the provider, up to the customer app."""
        begun = await self.begin(browser, provider.name)
        return await browser.follow(provider.confirm(begun.url, someone), at=PROVIDER)

    async def enter(self, provider: TalkativeProvider, someone: Someone) -> httpx.Response:
        """Sign in at the provider, and in."""
        browser = self.browser()
        returned = await self.return_of(provider, someone, browser)
        return await self.exchange(browser, returned.query["code"])


@asynccontextmanager
async def shop_with(settings: Settings, *providers: IdentityProvider) -> AsyncIterator[Shop]:
    """Open the shop, registered with these providers."""
    async with bootstrap.application(registered(settings)) as app:
        app.ports.provide(IdentityProviders, IdentityProviders(providers))
        transport = httpx.ASGITransport(app=app.asgi)
        # Cookies are the browser's business; the client itself keeps none.
        none = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        async with httpx.AsyncClient(transport=transport, base_url=API, cookies=none) as client:
            yield Shop(app, client)


async def make_identity(app: Application, user_id: UUID, *, subject: str | None = None) -> UUID:
    """Let a person sign in as somebody at Google."""
    someone = Someone() if subject is None else Someone(subject)
    async with app.ports.db.transaction() as tx:
        made = await identities.insert(
            tx,
            new_id(),
            user_id=user_id,
            provider="google",
            subject=someone.subject,
            email=str(someone.email),
        )
    return made.id
