"""Linking a provider's account to one that was there before, and unlinking it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from factories.federated import Shop, Someone, TalkativeProvider, make_identity
from factories.identity import (
    PASSWORD,
    SignedInPerson,
    mails_to,
    make_person,
    registration,
    sign_in,
    token_in,
)
from factories.second_factor import challenge, enrol, give
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.ports import IdentityProviders
from faded_skies.platform.db import Database

Actions = Callable[[], Awaitable[list[str]]]
Drain = Callable[[], Awaitable[None]]

EMAIL = "maya@example.com"


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def link_token(shop: Shop, google: TalkativeProvider, someone: Someone) -> str:
    """Sign in at the provider with the address of an account, and return the token to link with."""
    answer = await shop.enter(google, someone)
    assert said(answer) == (409, "LINK_REQUIRED")
    assert set(answer.json()) == {"error", "code", "linkToken", "provider"}
    token: str = answer.json()["linkToken"]
    return token


async def link(client: httpx.AsyncClient, token: str, person: SignedInPerson) -> httpx.Response:
    return await client.post("/api/users/identities", json={"linkToken": token}, headers=person.headers)


async def test_who_knows_the_password_links_the_account_and_is_told_by_mail(
    shop: Shop,
    google: TalkativeProvider,
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    actions: Actions,
    drain: Drain,
) -> None:
    user_id = await make_person(app, email=EMAIL)
    maya = Someone(email="Maya@Example.com")
    token = await link_token(shop, google, maya)
    assert await db.fetchval("SELECT count(*) FROM identities") == 0
    person = await sign_in(client, EMAIL)
    answer = await link(client, token, person)
    assert answer.status_code == 201
    identity = answer.json()["identity"]
    assert (identity["provider"], identity["email"].lower()) == ("google", EMAIL)
    listed = await client.get("/api/users/identities", headers=person.headers)
    assert listed.json() == {"identities": [identity]}
    assert (await actions())[-1] == "identity.linked"
    assert (await shop.enter(google, maya)).json()["user"]["id"] == str(user_id)
    await drain()
    (mail,) = mails_to(app, EMAIL)
    assert mail.subject == "You can now sign in with Google"
    assert said(await link(client, token, person)) == (400, "INVALID_LINK_TOKEN")


async def test_a_token_alone_links_nothing(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email=EMAIL)
    before = await sign_in(client, EMAIL)
    token = await link_token(shop, google, Someone(email=EMAIL))
    nobody = await client.post("/api/users/identities", json={"linkToken": token})
    assert said(nobody) == (401, "TOKEN_REQUIRED")
    # A session that was open before may be a borrowed phone: the password is asked for now.
    assert said(await link(client, token, before)) == (403, "PASSWORD_SIGN_IN_REQUIRED")
    await make_person(app, email="other@example.com")
    stranger = await sign_in(client, "other@example.com")
    assert said(await link(client, token, stranger)) == (400, "INVALID_LINK_TOKEN")
    for wrong in ("made-up", token.swapcase()):
        assert said(await link(client, wrong, before)) == (400, "INVALID_LINK_TOKEN")
    assert await db.fetchval("SELECT count(*) FROM identities") == 0
    # None of this used it up.
    assert (await link(client, token, await sign_in(client, EMAIL))).status_code == 201


async def test_a_session_by_another_provider_is_no_password(
    shop: Shop, google: TalkativeProvider, client: httpx.AsyncClient, db: Database
) -> None:
    nia = Someone()
    await shop.enter(google, nia)
    apple = shop.app.ports.get(IdentityProviders).get("apple")
    token = await link_token(shop, apple, Someone(email=nia.email))
    by_google = (await shop.enter(google, nia)).json()
    headers = {"Authorization": f"Bearer {by_google['accessToken']}"}
    complete = {"dateOfBirth": "1990-05-17"}
    await client.post("/api/users/profile/complete", json=complete, headers=headers)
    answer = await client.post("/api/users/identities", json={"linkToken": token}, headers=headers)
    assert said(answer) == (403, "PASSWORD_SIGN_IN_REQUIRED")
    assert await db.fetchval("SELECT count(*) FROM identities") == 1


async def test_a_second_factor_holds_on_the_way_to_linking(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient
) -> None:
    await make_person(app, email=EMAIL)
    phone = await enrol(client, await sign_in(client, EMAIL))
    token = await link_token(shop, google, Someone(email=EMAIL))
    body = (await give(client, await challenge(client, EMAIL), phone.code())).json()
    answer = await client.post(
        "/api/users/identities",
        json={"linkToken": token},
        headers={"Authorization": f"Bearer {body['accessToken']}"},
    )
    assert answer.status_code == 201


async def test_an_account_whose_own_address_is_not_confirmed_links_nothing(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    """Else a stranger could register somebody's address, wait for them, and stay in their account."""
    await client.post("/api/auth/register", json=registration(email=EMAIL))
    token = await link_token(shop, google, Someone(email=EMAIL))
    person = await sign_in(client, EMAIL)
    assert said(await link(client, token, person)) == (403, "EMAIL_UNCONFIRMED")
    await drain()
    mailed = token_in(mails_to(app, EMAIL)[0])
    assert (await client.post("/api/auth/verify-email", json={"token": mailed})).status_code == 200
    assert (await link(client, token, person)).status_code == 201


async def test_an_address_that_has_changed_meanwhile_links_nothing(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email=EMAIL)
    token = await link_token(shop, google, Someone(email=EMAIL))
    person = await sign_in(client, EMAIL)
    await db.fetch("UPDATE users SET email = 'new@example.com'")
    assert said(await link(client, token, person)) == (400, "INVALID_LINK_TOKEN")


async def test_a_link_token_ends_after_ten_minutes(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email=EMAIL)
    token = await link_token(shop, google, Someone(email=EMAIL))
    left = await db.fetchval("SELECT expires_at - now() FROM federated_sign_ins")
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    await db.fetch("UPDATE federated_sign_ins SET expires_at = now()")
    assert said(await link(client, token, await sign_in(client, EMAIL))) == (400, "INVALID_LINK_TOKEN")


async def test_a_token_twice_and_two_tokens_of_one_identity_at_once_link_once(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email=EMAIL)
    maya = Someone(email=EMAIL)
    tokens = [await link_token(shop, google, maya) for _ in range(3)]
    person = await sign_in(client, EMAIL)
    answers = await asyncio.gather(*(link(client, token, person) for token in [*tokens, tokens[0]]))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {said(answer) for answer in answers if answer.status_code != 201} <= {
        (409, "IDENTITY_TAKEN"),
        (400, "INVALID_LINK_TOKEN"),
    }
    assert await db.fetchval("SELECT count(*) FROM identities") == 1
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'identity.linked'") == 1


async def linked(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient
) -> tuple[SignedInPerson, str, Someone]:
    await make_person(app, email=EMAIL)
    someone = Someone(email=EMAIL)
    token = await link_token(shop, google, someone)
    person = await sign_in(client, EMAIL)
    return person, (await link(client, token, person)).json()["identity"]["id"], someone


async def test_unlinking_takes_the_way_in_away_and_is_told_by_mail(
    shop: Shop,
    google: TalkativeProvider,
    app: Application,
    client: httpx.AsyncClient,
    actions: Actions,
    drain: Drain,
) -> None:
    person, identity, maya = await linked(shop, google, app, client)
    url = f"/api/users/identities/{identity}"
    assert (await client.delete(url, headers=person.headers)).status_code == 204
    assert (await actions())[-1] == "identity.unlinked"
    assert said(await client.delete(url, headers=person.headers)) == (404, "NOT_FOUND")
    assert said(await shop.enter(google, maya)) == (409, "LINK_REQUIRED")
    await drain()
    assert mails_to(app, EMAIL)[0].subject == "You no longer sign in with Google"


async def test_another_s_identity_is_not_there(
    shop: Shop, google: TalkativeProvider, app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    _, identity, _ = await linked(shop, google, app, client)
    await make_person(app, email="other@example.com")
    stranger = await sign_in(client, "other@example.com")
    assert (await client.get("/api/users/identities", headers=stranger.headers)).json() == {"identities": []}
    answer = await client.delete(f"/api/users/identities/{identity}", headers=stranger.headers)
    assert said(answer) == (404, "NOT_FOUND")
    assert await db.fetchval("SELECT count(*) FROM identities") == 1


async def test_the_only_way_in_stays(
    shop: Shop,
    google: TalkativeProvider,
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    actions: Actions,
    drain: Drain,
) -> None:
    nia = Someone()
    body = (await shop.enter(google, nia)).json()
    headers = {"Authorization": f"Bearer {body['accessToken']}"}
    await client.post("/api/users/profile/complete", json={"dateOfBirth": "1990-05-17"}, headers=headers)
    (identity,) = (await client.get("/api/users/identities", headers=headers)).json()["identities"]
    url = f"/api/users/identities/{identity['id']}"
    assert said(await client.delete(url, headers=headers)) == (409, "LAST_WAY_IN")
    assert await db.fetchval("SELECT count(*) FROM identities") == 1
    assert "identity.unlinked" not in await actions()
    await client.post("/api/auth/forgot-password", json={"email": nia.email})
    await drain()
    new = {"token": token_in(mails_to(app, str(nia.email))[0]), "newPassword": PASSWORD}
    assert (await client.post("/api/auth/reset-password", json=new)).status_code == 200
    person = await sign_in(client, str(nia.email))
    assert (await client.delete(url, headers=person.headers)).status_code == 204


async def test_of_two_ways_in_at_once_one_stays(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    user_id = await make_person(app, email=EMAIL)
    person = await sign_in(client, EMAIL)
    await db.fetch("UPDATE users SET password_hash = NULL")
    for _ in range(15):
        identities = [await make_identity(app, user_id) for _ in range(2)]
        answers = await asyncio.gather(
            *(client.delete(f"/api/users/identities/{one}", headers=person.headers) for one in identities)
        )
        assert sorted(answer.status_code for answer in answers) == [204, 409]
        await db.fetch("DELETE FROM identities")


@pytest.mark.parametrize("body", [{}, {"linkToken": ""}, {"linkToken": 7}], ids=["none", "empty", "number"])
async def test_a_link_needs_a_token(
    app: Application, client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    await make_person(app, email=EMAIL)
    person = await sign_in(client, EMAIL)
    answer = await client.post("/api/users/identities", json=body, headers=person.headers)
    assert said(answer) == (422, "VALIDATION_ERROR")
