"""Input that no person types: every endpoint says what is wrong, and none falls over."""

import json

import httpx
import pytest

from factories.identity import registration, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

SURROGATE = b'"\\ud800"'
BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b'{"token": "\xff"}',
    b'{"a": 1e999}',
    b"[" * 5_000,
    b'{"email": {"$gt": ""}, "password": {"$gt": ""}}',
    b'{"email": %b, "password": %b, "token": %b, "newPassword": %b}' % ((SURROGATE,) * 4),
    b'{"refreshToken": %b}' % SURROGATE,
    b'{"token": %b}' % SURROGATE,
    b'{"token": "a\\u0000b"}',
    b'{"refreshToken": "a\\u0000b"}',
    b'{"email": "a\\u0000b@example.com", "password": "a\\u0000b"}',
    b'{"email": "x@example.com", "password": %b}' % SURROGATE,
]
PATHS = [
    "auth/register",
    "auth/login",
    "auth/mfa",
    "auth/refresh-token",
    "auth/forgot-password",
    "auth/reset-password",
    "auth/verify-email",
    "auth/accept-invitation",
    "auth/oauth/exchange",
    "auth/passkey",
    "users/profile",
    "users/mfa",
    "users/mfa/confirm",
    "users/mfa/recovery-codes",
    "notifications/register-token",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_body_has_an_answer(
    app: Application, client: httpx.AsyncClient, db: Database, path: str
) -> None:
    person = await signed_in(app)
    headers = person.headers | {"Content-Type": "application/json"}
    method = "PUT" if path == "users/profile" else "POST"
    for body in BODIES:
        answer = await client.request(method, f"/api/{path}", headers=headers, content=body)
        assert answer.status_code in {400, 422}, (body[:60], answer.text)
        assert {"error", "code"} <= answer.json().keys()
    assert await db.fetchval("SELECT count(*) FROM users") == 1
    assert await db.fetchval("SELECT count(*) FROM device_tokens") == 0


@pytest.mark.parametrize("text", ["\ud800", "a\ud800b"])
@pytest.mark.parametrize("field", ["fullName", "email", "password", "phone", "dateOfBirth"])
async def test_half_characters_are_refused(client: httpx.AsyncClient, field: str, text: str) -> None:
    body = json.dumps(registration(**{field: text}))
    answer = await client.post(
        "/api/auth/register", headers={"Content-Type": "application/json"}, content=body
    )
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)
