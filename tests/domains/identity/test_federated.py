"""What becomes of a person whom a provider has named. The way there and back: tests/journeys, tests/ports."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from factories.federated import API, Shop, Someone, TalkativeProvider, callback, make_identity
from factories.identity import PASSWORD, adulthood, mails_to, make_person, registration, signed_in, token_in
from factories.second_factor import enrol, give
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service
from faded_skies.domains.identity.errors import (
    ProviderRefused,
    ProviderUnavailable,
    SignInCancelled,
    SignInFailed,
)
from faded_skies.domains.identity.ports import IdentityProviders
from faded_skies.domains.identity.schemas.sign_in import SecondFactorDueShape, SignedInShape
from faded_skies.domains.identity.service.federated import NAMELESS
from faded_skies.platform import clock
from faded_skies.platform.calendar import completed_years
from faded_skies.platform.db import Database

Actions = Callable[[], Awaitable[list[str]]]
Drain = Callable[[], Awaitable[None]]


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def bearer(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['accessToken']}"}


async def people(db: Database) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM users")
    return count


# Who they are


async def test_a_new_person_gets_an_account_and_owes_a_birth_date(
    shop: Shop, google: TalkativeProvider, app: Application, db: Database, actions: Actions, drain: Drain
) -> None:
    nia = Someone()
    answer = await shop.enter(google, nia)
    assert answer.status_code == 200, answer.text
    SignedInShape.model_validate_json(answer.content)
    row = await db.fetchrow("SELECT * FROM users")
    assert row is not None
    assert (row["email"], row["full_name"], row["role"]) == (nia.email, "Nia Whitfield", "customer")
    assert (row["password_hash"], row["date_of_birth"], row["phone"]) == (None, None, None)
    assert (row["email_verified_at"] is None, row["id_verification_status"]) == (False, "pending")
    assert await db.fetchval("SELECT (provider, subject, email::text) FROM identities") == (
        "google",
        nia.subject,
        nia.email,
    )
    assert await actions() == ["person.created", "person.registered", "sign_in.succeeded"]
    assert await db.fetchval("SELECT count(*) FROM federated_sign_ins") == 0
    await drain()
    assert [mail.subject for mail in mails_to(app, str(nia.email))] == ["Welcome to Faded Skies"]


async def test_a_known_person_is_let_in_whatever_their_address_is_now(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    nia = Someone()
    first = (await shop.enter(google, nia)).json()["user"]
    for email, verified in (("other@example.com", True), (nia.email, False), (None, False)):
        moved = Someone(nia.subject, email, verified, "Somebody Else")
        again = (await shop.enter(google, moved)).json()["user"]
        assert (again["id"], again["email"], again["fullName"]) == (first["id"], nia.email, "Nia Whitfield")
    assert await people(db) == 1


@pytest.mark.parametrize(
    "someone",
    [
        Someone("s", None, email_verified=True),
        Someone("s", None, email_verified=False),
        Someone("s", "nia@example.com", email_verified=False),
        Someone("s", "not an address", email_verified=True),
        Someone("s", f"{'n' * 300}@example.com", email_verified=True),
    ],
    ids=["none", "none confirmed", "not confirmed", "no address", "too long"],
)
async def test_without_a_confirmed_address_nobody_is_made(
    shop: Shop, google: TalkativeProvider, db: Database, actions: Actions, someone: Someone
) -> None:
    assert said(await shop.enter(google, someone)) == (403, "PROVIDER_EMAIL_UNCONFIRMED")
    assert (await people(db), await db.fetchval("SELECT count(*) FROM identities")) == (0, 0)
    assert await actions() == ["sign_in.refused"]


async def test_an_address_that_is_not_confirmed_is_not_held_against_an_account(
    shop: Shop, google: TalkativeProvider, app: Application, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    stranger = Someone(email="maya@example.com", email_verified=False)
    assert said(await shop.enter(google, stranger)) == (403, "PROVIDER_EMAIL_UNCONFIRMED")
    assert await db.fetchval("SELECT count(*) FROM federated_sign_ins") == 0


@pytest.mark.parametrize("name", [None, "", "N", " ", "N\x07ia", "N" * 101], ids=repr)
async def test_who_has_no_name_there_gets_a_plain_one(
    shop: Shop, google: TalkativeProvider, name: str | None
) -> None:
    answer = await shop.enter(google, Someone(full_name=name))
    assert answer.json()["user"]["fullName"] == NAMELESS


async def test_the_same_address_at_two_providers_is_one_account_and_not_linked_by_itself(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    nia = Someone()
    await shop.enter(google, nia)
    at_apple = Someone(email=nia.email)
    apple = shop.app.ports.get(IdentityProviders).get("apple")
    assert said(await shop.enter(apple, at_apple)) == (409, "LINK_REQUIRED")
    assert await people(db) == 1


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_an_account_that_is_not_active_stays_shut(
    shop: Shop, google: TalkativeProvider, db: Database, actions: Actions, status: str
) -> None:
    nia = Someone()
    await shop.enter(google, nia)
    await db.fetch("UPDATE users SET account_status = $1", status)
    assert said(await shop.enter(google, nia)) == (403, "ACCOUNT_SUSPENDED")
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1
    assert (await actions())[-1] == "sign_in.refused"
    # Nor does another identity with its address open a way around.
    other = await shop.enter(google, Someone(email=nia.email))
    assert said(other) == ((409, "LINK_REQUIRED") if status == "suspended" else (403, "ACCOUNT_SUSPENDED"))


async def test_a_second_factor_is_asked_for_after_a_provider_too(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    maya = await signed_in(app)
    phone = await enrol(client, maya)
    someone = Someone()
    await make_identity(app, maya.id, subject=someone.subject)
    sessions = await db.fetchval("SELECT count(*) FROM sessions")
    answer = await shop.enter(google, someone)
    assert answer.status_code == 200
    SecondFactorDueShape.model_validate_json(answer.content)
    assert await db.fetchval("SELECT count(*) FROM sessions") == sessions
    finished = await give(client, answer.json()["mfaToken"], phone.code())
    assert (finished.status_code, finished.json()["user"]["id"]) == (200, str(maya.id))
    newest = "SELECT first_factor FROM sessions ORDER BY created_at DESC LIMIT 1"
    assert await db.fetchval(newest) == "oidc"


# The way in, once it is not as it should be


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (SignInCancelled(), "SIGN_IN_CANCELLED"),
        (ProviderRefused(), "PROVIDER_REFUSED"),
        (ProviderUnavailable(), "PROVIDER_UNAVAILABLE"),
    ],
    ids=["cancelled", "refused", "away"],
)
async def test_what_fails_at_the_provider_leads_back_to_the_app_and_leaves_nothing(
    shop: Shop, google: TalkativeProvider, db: Database, actions: Actions, failure: SignInFailed, error: str
) -> None:
    browser = shop.browser()
    begun = await shop.begin(browser, "google")
    back = google.confirm(begun.url, Someone())
    google.down = failure
    page = await browser.follow(back, at=begun.url)
    assert (page.url, page.query) == (f"https://shop.test/auth/callback?error={error}", {"error": error})
    google.down = None
    assert (await browser.follow(back, at=begun.url)).query == {"error": "SIGN_IN_EXPIRED"}
    assert (await people(db), await db.fetchval("SELECT count(*) FROM federated_sign_ins")) == (0, 0)
    assert await actions() == ["sign_in.failed"]


async def test_a_sign_in_that_cannot_begin_leaves_nothing(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    google.down = ProviderUnavailable()
    browser = shop.browser()
    assert (await shop.begin(browser, "google")).query == {"error": "PROVIDER_UNAVAILABLE"}
    assert await db.fetchval("SELECT count(*) FROM federated_sign_ins") == 0
    assert browser.cookies["api.shop.test"] == {}


async def test_a_state_ends_after_ten_minutes_and_a_code_after_one(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    browser = shop.browser()
    begun = await shop.begin(browser, "google")
    row = await db.fetchrow("SELECT expires_at - now() AS left, stage FROM federated_sign_ins")
    assert row is not None
    assert timedelta(minutes=9) < row["left"] <= timedelta(minutes=10)
    await db.fetch("UPDATE federated_sign_ins SET expires_at = now()")
    page = await browser.follow(google.confirm(begun.url, Someone()), at=begun.url)
    assert page.query == {"error": "SIGN_IN_EXPIRED"}

    page = await shop.return_of(google, Someone(), browser)
    left = await db.fetchval("SELECT expires_at - now() FROM federated_sign_ins WHERE stage = 'proved'")
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)
    await db.fetch("UPDATE federated_sign_ins SET expires_at = now()")
    assert said(await shop.exchange(browser, page.query["code"])) == (400, "INVALID_SIGN_IN_CODE")
    assert await people(db) == 0


async def test_nothing_that_helps_a_thief_is_stored(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    browser = shop.browser()
    begun = await shop.begin(browser, "google")
    secret = browser.cookies["api.shop.test"]["__Host-fs-sign-in"].value
    asked = service.asked_with(begun.query["state"], secret)
    stored = await db.fetchval("SELECT row_to_json(s)::text FROM federated_sign_ins s")
    page = await browser.follow(google.confirm(begun.url, Someone()), at=begun.url)
    stored += await db.fetchval("SELECT row_to_json(s)::text FROM federated_sign_ins s")
    for kept in (secret, asked.state, asked.nonce, asked.code_verifier, page.query["code"]):
        assert kept not in stored
    assert len({asked.nonce, asked.code_verifier, asked.state, asked.code_challenge}) == 4


@pytest.mark.parametrize("provider", ["github", "Google", "%00", "google%2F.."])
async def test_an_unknown_provider_is_not_there(shop: Shop, provider: str) -> None:
    for method, path in (("GET", "start"), ("GET", "callback"), ("POST", "callback")):
        answer = await shop.client.request(method, f"{API}/api/auth/oauth/{provider}/{path}")
        assert said(answer) == (404, "NOT_FOUND")


async def test_without_a_registration_there_is_no_sign_in(client: httpx.AsyncClient) -> None:
    for provider in ("google", "apple"):
        assert said(await client.get(f"/api/auth/oauth/{provider}/start")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\x00", b"state=%00&code=%00", b"&".join([b"a=1"] * 500), b"state=" + b"s" * 100_000],
    ids=["nothing", "no text", "NUL", "many fields", "long"],
)
async def test_a_form_that_is_none_leads_back_to_the_app(shop: Shop, body: bytes) -> None:
    browser = shop.browser()
    await shop.begin(browser, "google")
    cookies = browser.sends(callback("google"), method="POST", by=None)
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await shop.client.post(callback("google"), content=body, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "https://shop.test/auth/callback?error=SIGN_IN_EXPIRED",
    )
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("returning", ["https://evil.example/", "//evil.example", "/orders"])
async def test_nobody_chooses_where_a_sign_in_ends(
    shop: Shop, google: TalkativeProvider, returning: str
) -> None:
    browser = shop.browser()
    url = f"{API}/api/auth/oauth/google/start?returnTo={returning}&redirect_uri={returning}&next={returning}"
    begun = await browser.open(url)
    page = await browser.follow(google.confirm(begun.url, Someone()), at=begun.url)
    assert page.url == f"https://shop.test/auth/callback?code={page.query['code']}"


# Twice at once


async def test_one_new_person_twice_at_once_is_one_account(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    for number in range(1, 6):
        nia = Someone()
        answers = await asyncio.gather(*(shop.enter(google, nia) for _ in range(4)))
        assert [answer.status_code for answer in answers] == [200] * 4, [one.text for one in answers]
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1
        assert await people(db) == number
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'person.registered'") == 5


async def test_one_person_under_two_addresses_at_once_is_one_account(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    for number in range(1, 6):
        both = [Someone(f"same-{number}"), Someone(f"same-{number}")]
        answers = await asyncio.gather(*(shop.enter(google, one) for one in both))
        assert len({answer.json()["user"]["id"] for answer in answers}) == 1
        assert await people(db) == number


async def test_two_people_with_one_new_address_at_once_do_not_share_an_account(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    for number in range(1, 6):
        email = f"shared-{number}@example.com"
        answers = await asyncio.gather(*(shop.enter(google, Someone(email=email)) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert await people(db) == number


async def test_a_registration_and_a_provider_at_once_do_not_share_an_account(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    for number in range(5):
        email = f"both-{number}@example.com"
        registered, entered = await asyncio.gather(
            shop.client.post("/api/auth/register", json=registration(email=email)),
            shop.enter(google, Someone(email=email)),
        )
        assert (registered.status_code, entered.status_code) in {(201, 409), (409, 200)}
    assert await people(db) == 5


async def test_a_state_and_a_code_twice_at_once_work_once(
    shop: Shop, google: TalkativeProvider, db: Database
) -> None:
    browser = shop.browser()
    begun = await shop.begin(browser, "google")
    back = google.confirm(begun.url, Someone())
    pages = await asyncio.gather(*(browser.follow(back, at=begun.url) for _ in range(5)))
    (code,) = [page.query["code"] for page in pages if "code" in page.query]
    assert [page.query for page in pages if "error" in page.query] == [{"error": "SIGN_IN_EXPIRED"}] * 4
    answers = await asyncio.gather(*(shop.exchange(browser, code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


# What they owe


async def test_the_birth_date_is_handed_in_once(
    shop: Shop, google: TalkativeProvider, db: Database, actions: Actions
) -> None:
    headers = bearer(await shop.enter(google, Someone()))
    given = {"dateOfBirth": "1991-04-12", "phone": "(512) 555-0177", "fullName": "Nia Whitfield-Okafor"}
    answer = await shop.client.post("/api/users/profile/complete", json=given, headers=headers)
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert {name: user[name] for name in given} == given
    again = await shop.client.post(
        "/api/users/profile/complete", json={"dateOfBirth": "1980-01-01"}, headers=headers
    )
    assert said(again) == (409, "INVALID_STATE")
    assert str(await db.fetchval("SELECT date_of_birth FROM users")) == "1991-04-12"
    assert (await actions())[-1] == "person.completed"
    details = await db.fetchval("SELECT details::text FROM audit_log WHERE action = 'person.completed'")
    assert "1991" not in details
    assert "555" not in details


async def test_who_gave_a_birth_date_at_registration_cannot_change_it(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    answer = await client.post(
        "/api/users/profile/complete", json={"dateOfBirth": "1980-01-01"}, headers=person.headers
    )
    assert said(answer) == (409, "INVALID_STATE")


async def test_a_date_under_age_suspends_the_account_and_is_not_tried_again(
    shop: Shop, google: TalkativeProvider, app: Application, db: Database, drain: Drain
) -> None:
    nia = Someone()
    headers = bearer(await shop.enter(google, nia))
    today = adulthood(app).day(clock.now())
    late = today.replace(year=today.year - adulthood(app).years + 1, day=1)
    assert completed_years(late, on=today) < adulthood(app).years
    complete = "/api/users/profile/complete"
    answer = await shop.client.post(complete, json={"dateOfBirth": str(late)}, headers=headers)
    assert said(answer) == (422, "UNDERAGE")
    again = await shop.client.post(complete, json={"dateOfBirth": "1980-01-01"}, headers=headers)
    assert said(again) == (401, "INVALID_TOKEN")
    assert said(await shop.enter(google, nia)) == (403, "ACCOUNT_SUSPENDED")
    taken = await shop.client.post("/api/auth/register", json=registration(email=nia.email))
    assert said(taken) == (409, "EMAIL_TAKEN")
    # A password by mail opens it no more than the provider does.
    await shop.client.post("/api/auth/forgot-password", json={"email": nia.email})
    await drain()
    token = token_in(mails_to(app, str(nia.email))[0])
    await shop.client.post("/api/auth/reset-password", json={"token": token, "newPassword": PASSWORD})
    login = await shop.client.post("/api/auth/login", json={"email": nia.email, "password": PASSWORD})
    assert said(login) == (403, "ACCOUNT_SUSPENDED")
    row = await db.fetchrow("SELECT account_status, date_of_birth FROM users")
    assert row is not None
    assert tuple(row) == ("suspended", None)
    kept = await db.fetchrow("SELECT reason, details::text FROM audit_log WHERE action = 'account.suspended'")
    assert kept is not None
    assert "under age" in kept["reason"]
    assert str(late) not in kept["reason"] + kept["details"]


async def test_two_dates_at_once_one_of_them_under_age(
    shop: Shop, google: TalkativeProvider, app: Application, db: Database
) -> None:
    today = adulthood(app).day(clock.now())
    for _ in range(5):
        headers = bearer(await shop.enter(google, Someone()))
        answers = await asyncio.gather(
            *(
                shop.client.post("/api/users/profile/complete", json={"dateOfBirth": day}, headers=headers)
                for day in (f"{today.year - 5}-01-01", "1980-01-01")
            )
        )
        row = await db.fetchrow(
            "SELECT account_status, date_of_birth::text FROM users ORDER BY created_at DESC LIMIT 1"
        )
        assert row is not None
        codes = [answer.status_code for answer in answers]
        if tuple(row) == ("suspended", None):
            assert codes[0] == 422
            assert codes[1] in {401, 403}
        else:
            assert (tuple(row), codes) == (("active", "1980-01-01"), [409, 200])


async def test_unfinished_sign_ins_are_forgotten(shop: Shop, google: TalkativeProvider, db: Database) -> None:
    browser = shop.browser()
    await shop.begin(browser, "google")
    await shop.begin(browser, "google")
    await db.fetch(
        "UPDATE federated_sign_ins SET expires_at = now() - interval '1 second' "
        "WHERE id = (SELECT min(id::text)::uuid FROM federated_sign_ins)"
    )
    async with db.transaction() as tx:
        await service.prune(tx)
    assert await db.fetchval("SELECT count(*) FROM federated_sign_ins") == 1
