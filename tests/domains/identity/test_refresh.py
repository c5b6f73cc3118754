"""Refresh tokens: each works once, and one used twice ends its family."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.identity import SignedInPerson, sign_in, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.schemas.sign_in import TokensShape
from faded_skies.platform.db import Database

Actions = Callable[[], Awaitable[list[str]]]

REFUSED = {
    "error": "Sign in again: this refresh token has been used, has expired, or its session has ended.",
    "code": "INVALID_REFRESH_TOKEN",
}


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/refresh-token", json={"refreshToken": token})


async def profile_status(client: httpx.AsyncClient, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return (await client.get("/api/users/profile", headers=headers)).status_code


async def test_a_token_is_traded_for_the_next(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    before = await db.fetchval("SELECT expires_at FROM sessions")
    first = await refresh(client, person.refresh_token)
    assert first.status_code == 200
    TokensShape.model_validate_json(first.content)
    second = await refresh(client, first.json()["refreshToken"])
    assert second.status_code == 200
    assert len({person.refresh_token, first.json()["refreshToken"], second.json()["refreshToken"]}) == 3
    assert await profile_status(client, second.json()["accessToken"]) == 200
    assert await profile_status(client, person.access_token) == 200
    assert await db.fetchval("SELECT expires_at FROM sessions") > before
    assert await db.fetchval("SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL") == 1


async def test_a_second_use_ends_the_whole_family_and_no_other(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions
) -> None:
    stolen = await signed_in(app)
    other = await sign_in(client, stolen.email)
    newest = (await refresh(client, stolen.refresh_token)).json()
    again = await refresh(client, stolen.refresh_token)
    assert (again.status_code, again.json()) == (401, REFUSED)
    assert await profile_status(client, newest["accessToken"]) == 401
    assert await profile_status(client, stolen.access_token) == 401
    assert (await refresh(client, newest["refreshToken"])).json() == REFUSED
    assert await profile_status(client, other.access_token) == 200
    assert (await refresh(client, other.refresh_token)).status_code == 200
    ended = await db.fetch("SELECT end_reason FROM sessions ORDER BY created_at")
    assert [row["end_reason"] for row in ended] == ["token_reuse", None]
    assert (await actions()).count("session.token_reused") == 1


async def test_two_uses_at_once_give_one_pair_of_tokens_and_end_the_family(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    for _ in range(5):
        person = await signed_in(app)
        answers = await asyncio.gather(*(refresh(client, person.refresh_token) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 401]
        (won,) = [answer.json() for answer in answers if answer.status_code == 200]
        assert await profile_status(client, won["accessToken"]) == 401
        assert (await refresh(client, won["refreshToken"])).json() == REFUSED
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0
    assert await db.fetchval("SELECT count(*) FROM refresh_tokens") == 10


async def test_signing_out_while_refreshing_leaves_nothing_alive(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    renewed, out = await asyncio.gather(
        refresh(client, person.refresh_token), client.post("/api/auth/logout", headers=person.headers)
    )
    assert out.status_code == 204
    if renewed.status_code == 200:
        assert await profile_status(client, renewed.json()["accessToken"]) == 401
        assert (await refresh(client, renewed.json()["refreshToken"])).json() == REFUSED
    else:
        assert renewed.json() == REFUSED


@pytest.mark.parametrize("made", ["nonsense", "expired", "access token"])
async def test_what_is_no_good_is_refused(
    app: Application, client: httpx.AsyncClient, db: Database, made: str
) -> None:
    person: SignedInPerson = await signed_in(app)
    token = {"nonsense": "nonsense", "expired": person.refresh_token, "access token": person.access_token}[
        made
    ]
    if made == "expired":
        await db.fetchval("UPDATE refresh_tokens SET expires_at = now()")
    answer = await refresh(client, token)
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


@pytest.mark.parametrize(
    "body", [{}, {"refreshToken": ""}, {"refreshToken": 5}, {"refreshToken": "x" * 1025}]
)
async def test_other_bodies_are_refused(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/api/auth/refresh-token", json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "refreshToken")
