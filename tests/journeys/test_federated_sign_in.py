"""Sign-in with Google and Apple from the button to the account, on independent providers (emulate).

What they do not check is proved elsewhere by tests of our own (tests/ports/test_identity_provider.py): emulate's Apple
takes any client secret and looks at no PKCE verifier.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from browser import Browser, Page
from factories.federated import API, APP, GOOGLE, Shop, apple_client, callback, shop_with
from factories.identity import mails_to
from faded_skies.adapters.oidc.apple import apple
from faded_skies.adapters.oidc.google import google
from faded_skies.adapters.oidc.opening import providers_of
from faded_skies.domains.identity.ports import IdentityProviders
from faded_skies.platform.settings import Settings
from node_peers import Peer, emulated

COOKIE = "__Host-fs-sign-in"


@pytest.fixture(scope="module")
def google_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    seed = {
        "users": [{"email": "maya@example.com", "name": "Maya Okafor"}],
        "oauth_clients": [
            {
                "client_id": GOOGLE.client_id,
                "client_secret": GOOGLE.secret.get_secret_value(),
                "name": "Faded Skies",
                "redirect_uris": [callback("google")],
            }
        ],
    }
    with emulated("google", tmp_path_factory.mktemp("google"), seed) as peer:
        yield peer


@pytest.fixture(scope="module")
def apple_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    client = apple_client()
    seed = {
        "users": [
            {"email": "nia@icloud.example", "name": "Nia Whitfield"},
            # Each for one test: the peer remembers whom it has named.
            {"email": "first@icloud.example", "name": "Ines Duarte"},
            {"email": "hidden@icloud.example", "name": "Theo Lindqvist", "is_private_email": True},
        ],
        "oauth_clients": [
            {
                "client_id": client.client_id,
                "team_id": client.team_id,
                "key_id": client.key_id,
                "name": "Faded Skies",
                "redirect_uris": [callback("apple")],
            }
        ],
    }
    with emulated("apple", tmp_path_factory.mktemp("apple"), seed) as peer:
        yield peer


@pytest.fixture
async def shop(settings: Settings, google_peer: Peer, apple_peer: Peer) -> AsyncIterator[Shop]:
    registrations = [
        google(GOOGLE, redirect_uri=callback("google"), issuer=google_peer.address),
        apple(apple_client(), redirect_uri=callback("apple"), issuer=apple_peer.address),
    ]
    async with providers_of(registrations) as providers, shop_with(settings) as opened:
        opened.app.ports.provide(IdentityProviders, providers)
        yield opened


async def pick(browser: Browser, page: Page, email: str) -> Page:
    """Click a person on emulate's page of people."""
    assert page.status == 200, page
    (form,) = [form for form in page.forms if form.fields.get("email") == email]
    return await browser.submit(page, form)


async def post_back(browser: Browser, page: Page) -> Page:
    """Do what the script of Apple's last page does: send its form to us."""
    (form,) = page.forms
    assert form.action == callback("apple")
    return await browser.submit(page, form)


async def test_google_from_the_button_to_the_first_order(
    shop: Shop, drain_of: Callable[[Shop], Awaitable[None]]
) -> None:
    browser = shop.browser()
    returned = await pick(browser, await shop.begin(browser, "google"), "maya@example.com")
    assert returned.url.startswith(f"{APP}/auth/callback?code=")
    answer = await shop.exchange(browser, returned.query["code"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    user = body["user"]
    assert (user["email"], user["emailVerified"], user["fullName"]) == (
        "maya@example.com",
        True,
        "Maya Okafor",
    )
    assert (user["role"], user["dateOfBirth"], user["phone"]) == ("customer", None, None)
    assert (body["tokenType"], set(body)) == (
        "Bearer",
        {"user", "accessToken", "refreshToken", "tokenType", "expiresIn"},
    )
    assert browser.cookies["api.shop.test"]  # until the answer of exchange, which our client kept to itself
    assert f"{COOKIE}=" in answer.headers["set-cookie"]
    headers = {"Authorization": f"Bearer {body['accessToken']}"}

    owing = await shop.client.get("/api/users/addresses", headers=headers)
    assert (owing.status_code, owing.json()["code"]) == (403, "AGE_VERIFICATION_REQUIRED")
    given = {"dateOfBirth": "1990-05-17", "phone": "(512) 555-0134"}
    completed = await shop.client.post("/api/users/profile/complete", json=given, headers=headers)
    assert (completed.status_code, completed.json()["user"]["dateOfBirth"]) == (200, "1990-05-17")
    assert (await shop.client.get("/api/users/addresses", headers=headers)).status_code == 200

    again = shop.browser()
    returned = await pick(again, await shop.begin(again, "google"), "maya@example.com")
    second = (await shop.exchange(again, returned.query["code"])).json()
    assert second["user"]["id"] == user["id"]
    assert second["user"]["phone"] == "(512) 555-0134"
    await drain_of(shop)
    (welcome,) = mails_to(shop.app, "maya@example.com")
    assert welcome.subject == "Welcome to Faded Skies"
    assert "token=" not in welcome.text


async def test_apple_by_its_form_with_the_name_of_the_first_time(shop: Shop) -> None:
    browser = shop.browser()
    page = await pick(browser, await shop.begin(browser, "apple"), "first@icloud.example")
    returned = await post_back(browser, page)
    assert returned.url.startswith(f"{APP}/auth/callback?code=")
    user = (await shop.exchange(browser, returned.query["code"])).json()["user"]
    assert (user["email"], user["emailVerified"], user["fullName"]) == (
        "first@icloud.example",
        True,
        "Ines Duarte",
    )

    browser = shop.browser()
    page = await pick(browser, await shop.begin(browser, "apple"), "first@icloud.example")
    assert "user" not in page.forms[0].fields
    returned = await post_back(browser, page)
    again = (await shop.exchange(browser, returned.query["code"])).json()["user"]
    assert (again["id"], again["fullName"]) == (user["id"], "Ines Duarte")


async def test_an_address_that_apple_hides_is_the_account_s(shop: Shop) -> None:
    browser = shop.browser()
    page = await pick(browser, await shop.begin(browser, "apple"), "hidden@icloud.example")
    # The form names the real address; nobody signed it, so it counts for nothing.
    assert "hidden@icloud.example" in page.forms[0].fields["user"]
    returned = await post_back(browser, page)
    user = (await shop.exchange(browser, returned.query["code"])).json()["user"]
    assert user["email"].endswith("@privaterelay.appleid.com")
    assert (user["emailVerified"], user["fullName"]) == (True, "Theo Lindqvist")


@pytest.fixture
def drain_of() -> Callable[[Shop], Awaitable[None]]:
    async def drain(shop: Shop) -> None:
        await shop.app.worker.drain()

    return drain


async def test_apple_s_form_reaches_us_with_the_cookie_of_the_browser_that_began(shop: Shop) -> None:
    browser = shop.browser()
    page = await shop.begin(browser, "apple")
    cookie = browser.cookies["api.shop.test"][COOKIE]
    assert (cookie["samesite"].lower(), cookie["secure"], cookie["httponly"]) == ("none", True, True)
    assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", "600")
    assert browser.sends(callback("apple"), method="POST", by=page.url) == {COOKIE: cookie.value}


async def test_another_browser_cannot_finish_what_one_began(shop: Shop) -> None:
    """Login CSRF: a stranger's answer, code or state, brought to somebody else's browser, opens nothing."""
    stranger, victim = shop.browser(), shop.browser()
    page = await pick(stranger, await shop.begin(stranger, "apple"), "nia@icloud.example")
    brought = await victim.submit(page, page.forms[0])
    assert brought.query == {"error": "SIGN_IN_EXPIRED"}

    await shop.begin(victim, "apple")  # with a cookie of its own it fares no better
    brought = await victim.submit(page, page.forms[0])
    assert brought.query == {"error": "SIGN_IN_EXPIRED"}

    finished = await post_back(stranger, page)
    answer = await shop.exchange(victim, finished.query["code"])
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_SIGN_IN_CODE")
    answer = await shop.exchange(shop.browser(), finished.query["code"])
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_SIGN_IN_CODE")
    assert (await shop.exchange(stranger, finished.query["code"])).status_code == 200


async def test_an_answer_for_one_provider_is_none_for_another(shop: Shop) -> None:
    browser = shop.browser()
    page = await pick(browser, await shop.begin(browser, "apple"), "nia@icloud.example")
    form = page.forms[0]
    form.action = callback("google")
    assert (await browser.submit(page, form)).query == {"error": "SIGN_IN_EXPIRED"}


async def test_two_windows_of_one_browser_may_sign_in_at_once(shop: Shop) -> None:
    browser = shop.browser()
    first, second = await shop.begin(browser, "google"), await shop.begin(browser, "google")
    for page in (first, second):
        returned = await pick(browser, page, "maya@example.com")
        assert (await shop.exchange(browser, returned.query["code"])).status_code == 200


async def test_addresses_with_states_and_codes_in_them_are_told_to_nobody(shop: Shop) -> None:
    for path in ("google/start", "google/callback?state=s&code=c"):
        answer = await shop.client.get(f"/api/auth/oauth/{path}")
        assert answer.is_redirect
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_return_works_once(shop: Shop) -> None:
    browser = shop.browser()
    page = await shop.begin(browser, "google")
    await pick(browser, page, "maya@example.com")
    (back,) = [url for url in browser.history if url.startswith(f"{API}/api/auth/oauth/google/callback")]
    again = await browser.follow(back, at=page.url)
    assert again.query == {"error": "SIGN_IN_EXPIRED"}
