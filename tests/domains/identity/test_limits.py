"""The auth limit counts failures, for each address."""

import asyncio

import httpx
import pytest

from factories.identity import PASSWORD, make_person, registration, sign_in, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_auth_max": 3})


async def test_failures_are_counted_and_successes_are_not(
    app: Application, client: httpx.AsyncClient
) -> None:
    await make_person(app, email="maya@example.com")
    for _ in range(5):
        await sign_in(client, "maya@example.com")
    wrong = {"email": "maya@example.com", "password": "Wrong-Skies-1!"}
    codes = [(await client.post("/api/auth/login", json=wrong)).json()["code"] for _ in range(4)]
    assert codes == ["INVALID_CREDENTIALS"] * 3 + ["RATE_LIMITED"]
    right = await client.post("/api/auth/login", json={"email": "maya@example.com", "password": PASSWORD})
    assert right.status_code == 429
    assert right.json()["error"] == (
        "Too many attempts to sign in did not work. Reset your password by mail to sign in at once, "
        "or wait a few minutes."
    )
    assert 1 <= int(right.headers["retry-after"]) <= 900
    refused = await client.post("/api/auth/register", json=registration())
    assert refused.status_code == 429


async def test_another_address_has_its_own_count(app: Application, client: httpx.AsyncClient) -> None:
    for number in range(3):
        body = {"email": f"guest-{number}@example.com", "password": "Wrong-Skies-1!"}
        assert (await client.post("/api/auth/login", json=body)).status_code == 401
    assert (await client.post("/api/auth/register", json=registration())).status_code == 429
    transport = httpx.ASGITransport(app=app.asgi, client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
        answer = await elsewhere.post("/api/auth/register", json=registration())
    assert answer.status_code == 201


async def test_a_profile_and_a_sign_out_are_never_in_the_way(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    await asyncio.gather(*(client.post("/api/auth/verify-email", json={"token": "x"}) for _ in range(5)))
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200
    assert (await client.post("/api/auth/logout", headers=person.headers)).status_code == 204


async def test_every_reset_request_counts_whoever_it_is_for(
    app: Application, client: httpx.AsyncClient
) -> None:
    await make_person(app, email="maya@example.com")
    emails = ["maya@example.com", "who@example.com", "maya@example.com", "maya@example.com"]
    statuses = [
        (await client.post("/api/auth/forgot-password", json={"email": email})).status_code
        for email in emails
    ]
    assert statuses == [202, 202, 202, 429]
