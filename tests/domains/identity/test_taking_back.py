"""Whoever takes their account back by a new password leaves no other way in to who was in it before."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.authenticator import Authenticator, add, enter, refused_to_enter, request_options
from factories.identity import PASSWORD, SignedInPerson, mails_to, make_person, sign_in, signed_in, token_in
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

Drain = Callable[[], Awaitable[None]]
TakeBack = Callable[[httpx.AsyncClient, Application, Drain, str], Awaitable[None]]

NEW = "Newer-Skies-43!"
THIEF = "thief@example.com"


async def by_mail(client: httpx.AsyncClient, app: Application, drain: Drain, email: str) -> None:
    await client.post("/api/auth/forgot-password", json={"email": email})
    await drain()
    mail = next(mail for mail in mails_to(app, email) if mail.subject == "Choose a new password")
    body = {"token": token_in(mail), "newPassword": NEW}
    assert (await client.post("/api/auth/reset-password", json=body)).status_code == 200


async def while_signed_in(client: httpx.AsyncClient, app: Application, drain: Drain, email: str) -> None:
    person = await sign_in(client, email)
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    answer = await client.put("/api/users/password", headers=person.headers, json=body)
    assert answer.status_code == 200


async def wish_for(
    client: httpx.AsyncClient, person: SignedInPerson, email: str, *, app: Application, drain: Drain
) -> str:
    """Ask for another address; return the token that was mailed there."""
    answer = await client.put("/api/users/profile", headers=person.headers, json={"email": email})
    assert answer.status_code == 200
    await drain()
    (mail,) = mails_to(app, email)
    return token_in(mail)


@pytest.mark.parametrize("take_back", [by_mail, while_signed_in])
async def test_an_address_that_a_thief_wished_for_never_counts(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain, take_back: TakeBack
) -> None:
    stolen = await signed_in(app)
    link = await wish_for(client, stolen, THIEF, app=app, drain=drain)
    await take_back(client, app, drain, stolen.email)
    answer = await client.post("/api/auth/verify-email", json={"token": link})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_VERIFICATION_TOKEN")
    assert await db.fetchval("SELECT pending_email FROM users") is None
    owner = await sign_in(client, stolen.email, NEW)
    user = (await client.get("/api/users/profile", headers=owner.headers)).json()["user"]
    assert user["email"] == stolen.email


async def test_the_link_to_the_own_first_address_stays_good(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await make_person(app, email="maya@example.com", email_verified=False)
    person = await sign_in(client, "maya@example.com")
    await client.post("/api/auth/resend-verification", headers=person.headers)
    await drain()
    link = token_in(mails_to(app, "maya@example.com")[0])
    await while_signed_in(client, app, drain, "maya@example.com")
    assert (await client.post("/api/auth/verify-email", json={"token": link})).status_code == 200


async def test_passkeys_of_who_took_somebody_elses_address_end_with_its_owners_reset(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await make_person(app, email="maya@example.com", email_verified=False)
    squatter, device = await sign_in(client, "maya@example.com"), Authenticator()
    await add(client, squatter, device)
    await by_mail(client, app, drain, "maya@example.com")
    await refused_to_enter(client, device.get(await request_options(client)))


async def test_passkeys_of_who_has_proved_their_address_outlive_a_reset(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    person, device = await signed_in(app), Authenticator()
    await add(client, person, device)
    await by_mail(client, app, drain, person.email)
    assert (await enter(client, device.get(await request_options(client)))).status_code == 200


async def test_a_reset_is_told(app: Application, client: httpx.AsyncClient, drain: Drain) -> None:
    person = await signed_in(app)
    await by_mail(client, app, drain, person.email)
    await drain()
    assert [mail.subject for mail in mails_to(app, person.email)].count("Your password was changed") == 1
