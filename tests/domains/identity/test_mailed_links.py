"""Forgotten passwords, and addresses confirmed by a mailed link."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.identity import (
    PASSWORD,
    SignedInPerson,
    mails_to,
    make_person,
    sign_in,
    signed_in,
    token_in,
)
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

Drain = Callable[[], Awaitable[None]]
Actions = Callable[[], Awaitable[list[str]]]

NEW = "Newer-Skies-43!"
BAD_LINK = {
    "error": "This reset link has been used or has expired. Ask for a new one; it is good for one hour.",
    "code": "INVALID_RESET_TOKEN",
}


async def forgot(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/api/auth/forgot-password", json={"email": email})


async def reset(client: httpx.AsyncClient, token: str, password: str = NEW) -> httpx.Response:
    return await client.post("/api/auth/reset-password", json={"token": token, "newPassword": password})


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/verify-email", json={"token": token})


async def test_the_answer_does_not_tell_whether_the_address_is_known(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain, actions: Actions
) -> None:
    await make_person(app, email="maya@example.com")
    known, unknown = await forgot(client, "MAYA@example.com"), await forgot(client, "who@example.com")
    assert (known.status_code, unknown.status_code) == (202, 202)
    assert (
        known.json()
        == unknown.json()
        == {"message": "If we know this address, a reset link is on its way. It is good for one hour."}
    )
    assert await db.fetchval("SELECT count(*) FROM pgqueuer") == 2
    assert (await actions()).count("password.reset_requested") == 2
    await drain()
    (mail,) = mails_to(app, "maya@example.com")
    assert mail.subject == "Choose a new password"
    assert mails_to(app, "who@example.com") == []
    assert await db.fetchval("SELECT count(*) FROM mailed_tokens") == 1


async def test_a_link_sets_the_password_once_and_ends_every_session(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    bystander = await signed_in(app)
    await forgot(client, person.email)
    await forgot(client, person.email)
    await drain()
    newer, older = (token_in(mail) for mail in mails_to(app, person.email))
    answer = await reset(client, newer)
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Your password is changed. Sign in with the new one."},
    )
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 401
    assert (
        await client.post("/api/auth/refresh-token", json={"refreshToken": person.refresh_token})
    ).status_code == 401
    assert (await client.get("/api/users/profile", headers=bystander.headers)).status_code == 200
    for token in (newer, older):
        answer = await reset(client, token, "Third-Skies-44!")
        assert (answer.status_code, answer.json()) == (400, BAD_LINK)
    old = await client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    assert old.status_code == 401
    await sign_in(client, person.email, NEW)
    assert newer not in str(await db.fetch("SELECT t::text FROM mailed_tokens t"))


async def test_a_link_is_good_for_an_hour(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    await make_person(app, email="maya@example.com")
    await forgot(client, "maya@example.com")
    await drain()
    row = await db.fetchrow(
        "SELECT extract(epoch FROM expires_at - created_at)::int AS span FROM mailed_tokens"
    )
    assert row is not None
    assert 3_599 <= row["span"] <= 3_601
    await db.fetchval("UPDATE mailed_tokens SET expires_at = now()")
    assert (await reset(client, token_in(mails_to(app, "maya@example.com")[0]))).json() == BAD_LINK
    await sign_in(client, "maya@example.com", PASSWORD)


@pytest.mark.parametrize("same", [True, False])
async def test_two_resets_at_once_one_wins(
    app: Application, client: httpx.AsyncClient, drain: Drain, same: bool
) -> None:
    await make_person(app, email="maya@example.com")
    await forgot(client, "maya@example.com")
    await forgot(client, "maya@example.com")
    await drain()
    first, second = (token_in(mail) for mail in mails_to(app, "maya@example.com"))
    passwords = ("Racer-One-11!", "Racer-Two-22!")
    answers = await asyncio.gather(
        reset(client, first, passwords[0]), reset(client, first if same else second, passwords[1])
    )
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    won = passwords[[answer.status_code for answer in answers].index(200)]
    await sign_in(client, "maya@example.com", won)


async def test_a_sign_in_during_a_reset_does_not_outlive_it(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    await make_person(app, email="maya@example.com")
    await forgot(client, "maya@example.com")
    await drain()
    token = token_in(mails_to(app, "maya@example.com")[0])
    login = client.post("/api/auth/login", json={"email": "maya@example.com", "password": PASSWORD})
    done, entered = await asyncio.gather(reset(client, token), login)
    assert done.status_code == 200
    assert entered.status_code in {200, 401}
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0


async def test_a_mailbox_is_not_flooded(app: Application, client: httpx.AsyncClient, drain: Drain) -> None:
    await make_person(app, email="maya@example.com")
    for _ in range(7):
        assert (await forgot(client, "maya@example.com")).status_code == 202
    await drain()
    assert len(mails_to(app, "maya@example.com")) == 5


async def test_a_closed_account_gets_no_link(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    await make_person(app, email="maya@example.com")
    await db.fetchval("UPDATE users SET account_status = 'closed'")
    assert (await forgot(client, "maya@example.com")).status_code == 202
    await drain()
    assert mails_to(app, "maya@example.com") == []


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("forgot-password", {"email": "maya"}, "email", "Write an e-mail address such as maya@example.com."),
        (
            "reset-password",
            {"token": "x", "newPassword": "weak"},
            "newPassword",
            "Use at least 8 characters for the password.",
        ),
        ("reset-password", {"newPassword": NEW}, "token", "This field is required."),
        ("verify-email", {}, "token", "This field is required."),
    ],
)
async def test_other_bodies_are_refused(
    client: httpx.AsyncClient, path: str, body: object, field: str, message: str
) -> None:
    answer = await client.post(f"/api/auth/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["details"] == [{"field": field, "message": message}]


async def test_links_are_not_interchangeable(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    await make_person(app, email="maya@example.com", email_verified=False)
    await forgot(client, "maya@example.com")
    await drain()
    answer = await verify(client, token_in(mails_to(app, "maya@example.com")[0]))
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_VERIFICATION_TOKEN")


async def change_email(client: httpx.AsyncClient, person: SignedInPerson, email: str) -> httpx.Response:
    return await client.put("/api/users/profile", headers=person.headers, json={"email": email})


async def test_a_new_address_counts_once_confirmed(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    await forgot(client, person.email)
    answer = await change_email(client, person, "new@example.com")
    assert answer.json()["user"]["email"] == person.email
    await drain()
    mails = {mail.subject: mail for mail in mails_to(app, person.email)}
    assert mails.keys() == {"Choose a new password", "Your e-mail address is about to change"}
    reset_link = token_in(mails["Choose a new password"])
    assert "token" not in mails["Your e-mail address is about to change"].text
    (mail,) = mails_to(app, "new@example.com")
    assert mail.subject == "Confirm your e-mail address"
    assert (await verify(client, token_in(mail))).status_code == 200
    user = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    assert (user["email"], user["emailVerified"]) == ("new@example.com", True)
    assert (await verify(client, token_in(mail))).status_code == 400
    assert (await reset(client, reset_link)).json() == BAD_LINK
    await sign_in(client, "new@example.com")
    assert await db.fetchval("SELECT pending_email FROM users") is None


async def test_only_the_last_wished_address_can_be_confirmed(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    person = await signed_in(app)
    await change_email(client, person, "first@example.com")
    await drain()
    await change_email(client, person, "second@example.com")
    assert (await verify(client, token_in(mails_to(app, "first@example.com")[0]))).status_code == 400
    await change_email(client, person, person.email.upper())
    await drain()
    assert mails_to(app, "second@example.com") == []
    user = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    assert user["email"] == person.email


async def test_an_address_of_somebody_else_is_taken(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    person = await signed_in(app)
    await make_person(app, email="taken@example.com")
    answer = await change_email(client, person, "Taken@example.com")
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")
    await change_email(client, person, "free@example.com")
    await drain()
    await make_person(app, email="free@example.com")
    answer = await verify(client, token_in(mails_to(app, "free@example.com")[0]))
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")
    user = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    assert user["email"] == person.email


async def test_the_link_can_be_had_again(app: Application, client: httpx.AsyncClient, drain: Drain) -> None:
    await make_person(app, email="maya@example.com", email_verified=False)
    person = await sign_in(client, "maya@example.com")
    answer = await client.post("/api/auth/resend-verification", headers=person.headers)
    assert (answer.status_code, answer.json()) == (
        202,
        {"message": "A new confirmation link is on its way."},
    )
    await drain()
    assert (await verify(client, token_in(mails_to(app, "maya@example.com")[0]))).status_code == 200
    answer = await client.post("/api/auth/resend-verification", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert (await client.post("/api/auth/resend-verification")).json()["code"] == "TOKEN_REQUIRED"
