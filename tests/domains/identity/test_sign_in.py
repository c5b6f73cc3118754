"""Signing in and out, and what a token is worth."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import bcrypt
import httpx
import pytest

from factories.identity import PASSWORD, make_person, sign_in, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.ports import Match, PasswordHasher
from faded_skies.domains.identity.schemas.sign_in import SignedInShape
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings
from faded_skies.platform.tokens import AccessTokens

Actions = Callable[[], Awaitable[list[str]]]

WRONG = {
    "error": "That e-mail address and password do not belong together. Check both, or reset your password.",
    "code": "INVALID_CREDENTIALS",
}


class CountingHasher:
    """The real hasher, noting whom it worked for."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self.verified: list[bool] = []

    async def hash(self, password: str) -> str:
        return await self._hasher.hash(password)

    async def verify(self, password: str, password_hash: str | None) -> Match:
        self.verified.append(password_hash is not None)
        return await self._hasher.verify(password, password_hash)


async def test_the_right_password_opens_a_session(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions
) -> None:
    await make_person(app, email="maya@example.com")
    answer = await client.post("/api/auth/login", json={"email": " MAYA@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    SignedInShape.model_validate_json(answer.content)
    assert answer.json()["user"]["email"] == "maya@example.com"
    assert answer.json()["user"]["lastLoginAt"] is not None
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1
    assert await actions() == ["person.created", "sign_in.succeeded"]


async def test_a_wrong_password_and_an_unknown_address_are_alike(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions
) -> None:
    counting = CountingHasher(app.ports.get(PasswordHasher))
    app.ports.provide(PasswordHasher, counting)
    user_id = await make_person(app, email="maya@example.com")
    wrong = await client.post(
        "/api/auth/login", json={"email": "maya@example.com", "password": "Wrong-Skies-42!"}
    )
    unknown = await client.post("/api/auth/login", json={"email": "who@example.com", "password": PASSWORD})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json() == unknown.json() == WRONG
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert counting.verified == [True, False]
    assert await actions() == ["person.created", "sign_in.failed", "sign_in.failed"]
    failed = await db.fetch("SELECT object_id FROM audit_log WHERE action = 'sign_in.failed' ORDER BY seq")
    assert [row["object_id"] for row in failed] == [user_id, None]
    assert await db.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_only_the_right_password_learns_of_a_suspension(
    app: Application, client: httpx.AsyncClient, db: Database, status: str
) -> None:
    person = await signed_in(app)
    await db.fetchval("UPDATE users SET account_status = $1", status)
    right = await client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    wrong = await client.post("/api/auth/login", json={"email": person.email, "password": "Wrong-1!aaa"})
    token = await client.get("/api/users/profile", headers=person.headers)
    refresh = await client.post("/api/auth/refresh-token", json={"refreshToken": person.refresh_token})
    assert (right.status_code, right.json()["code"]) == (403, "ACCOUNT_SUSPENDED")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "INVALID_CREDENTIALS")
    assert (token.status_code, token.json()["code"]) == (401, "INVALID_TOKEN")
    assert (refresh.status_code, refresh.json()["code"]) == (401, "INVALID_REFRESH_TOKEN")
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


async def test_bcrypt_passwords_still_work_and_are_replaced(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    await db.fetchval("UPDATE users SET password_hash = $1", old)
    await sign_in(client, "maya@example.com")
    assert (await db.fetchval("SELECT password_hash FROM users")).startswith("$argon2id$")
    await sign_in(client, "maya@example.com")


async def test_a_password_beyond_bcrypts_72_bytes_is_no_failure_of_ours(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    long = "A1!" + "é" * 60
    await db.fetchval(
        "UPDATE users SET password_hash = $1", bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    )
    assert (await sign_in(client, "maya@example.com", long)).email == "maya@example.com"
    wrong = await client.post("/api/auth/login", json={"email": "maya@example.com", "password": "x" * 500})
    assert wrong.status_code == 401


async def test_somebody_without_a_password_cannot_sign_in_with_one(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    await db.fetchval("UPDATE users SET password_hash = NULL")
    answer = await client.post("/api/auth/login", json={"email": "maya@example.com", "password": PASSWORD})
    assert answer.json() == WRONG


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "maya@example.com"},
        {"email": 1, "password": "x"},
        {"email": "a@b.co", "password": ""},
        [],
    ],
)
async def test_other_bodies_are_refused(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/api/auth/login", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_signing_out_ends_both_tokens_of_this_session_only(
    app: Application, client: httpx.AsyncClient, actions: Actions
) -> None:
    here = await signed_in(app)
    there = await sign_in(client, here.email)
    answer = await client.post("/api/auth/logout", headers=here.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get("/api/users/profile", headers=here.headers)).json()["code"] == "INVALID_TOKEN"
    assert (await client.post("/api/auth/logout", headers=here.headers)).status_code == 401
    again = await client.post("/api/auth/refresh-token", json={"refreshToken": here.refresh_token})
    assert again.json()["code"] == "INVALID_REFRESH_TOKEN"
    assert (await client.get("/api/users/profile", headers=there.headers)).status_code == 200
    assert (await actions())[-1] == "session.signed_out"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic bWF5YTp4", "Token x"])
async def test_without_a_token_one_is_asked_for(client: httpx.AsyncClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (
        ("GET", "/api/users/profile"),
        ("PUT", "/api/users/profile"),
        ("POST", "/api/auth/logout"),
    ):
        answer = await client.request(method, path, headers=headers, json={} if method == "PUT" else None)
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REQUIRED")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_forged_foreign_and_expired_tokens_are_refused(
    app: Application, client: httpx.AsyncClient, db: Database, settings: Settings
) -> None:
    person = await signed_in(app)
    session_id = await db.fetchval("SELECT id FROM sessions")
    secret = settings.jwt_secret.get_secret_value()
    ours, theirs = AccessTokens(secret, timedelta(hours=1)), AccessTokens("z" * 40, timedelta(hours=1))
    late = AccessTokens(secret, timedelta(seconds=-1))
    head, payload, signature = person.access_token.split(".")
    tokens = {
        theirs.issue(user_id=person.id, session_id=session_id): "INVALID_TOKEN",
        ours.issue(user_id=uuid4(), session_id=session_id): "INVALID_TOKEN",
        ours.issue(user_id=person.id, session_id=uuid4()): "INVALID_TOKEN",
        late.issue(user_id=person.id, session_id=session_id): "TOKEN_EXPIRED",
        f"{head}.{payload}.{signature[::-1]}": "INVALID_TOKEN",
        f"{head}.{payload}.": "INVALID_TOKEN",
        f"eyJhbGciOiJub25lIn0.{payload}.": "INVALID_TOKEN",
        person.refresh_token: "INVALID_TOKEN",
        "é": "INVALID_TOKEN",
    }
    for token, code in tokens.items():
        header = {b"Authorization": f"Bearer {token}".encode()}
        answer = await client.get("/api/users/profile", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, code), token
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200


async def test_an_expired_session_is_over(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    person = await signed_in(app)
    await db.fetchval("UPDATE sessions SET expires_at = now()")
    for answer in (
        await client.get("/api/users/profile", headers=person.headers),
        await client.post("/api/auth/logout", headers=person.headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


async def test_many_sign_ins_at_once_each_get_a_session(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    people = await asyncio.gather(*(sign_in(client, "maya@example.com") for _ in range(8)))
    assert len({person.refresh_token for person in people}) == 8
    assert await db.fetchval("SELECT count(*) FROM sessions") == 8
