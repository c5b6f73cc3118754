"""One's own sessions: seeing them and ending them, in every process at once."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.identity import PASSWORD, mails_to, make_person, sign_in, signed_in
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.rules import device_name
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

Drain = Callable[[], Awaitable[None]]
Actions = Callable[[], Awaitable[list[str]]]

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
NEW = "Newer-Skies-43!"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                "Version/18.1 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile "
                "Safari/537.36"
            ),
            "Chrome on Android",
        ),
        (
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.51"
            ),
            "Edge on Mac",
        ),
        ("python-httpx/0.28.1", "python-httpx"),
        ("okhttp/4.12.0", "App"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_in_words(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


async def test_the_list_shows_ones_own_live_sessions_newest_first(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    first = await sign_in(client, "maya@example.com")
    await signed_in(app)
    ended = await sign_in(client, first.email)
    await client.post("/api/auth/logout", headers=ended.headers)
    expired = await sign_in(client, first.email)
    await db.fetchval(
        "UPDATE sessions SET expires_at = now() WHERE id = $1",
        app.ports.tokens.read(expired.access_token).session_id,
    )
    client.headers["User-Agent"] = FIREFOX
    newest = await sign_in(client, first.email)
    answer = await client.get("/api/users/sessions", headers=first.headers)
    assert answer.status_code == 200
    sessions = answer.json()["sessions"]
    assert [
        (session["id"], session["current"], session["address"], session["userAgent"]) for session in sessions
    ] == [
        (
            str(app.ports.tokens.read(newest.access_token).session_id),
            False,
            "127.0.0.1",
            "Firefox on Windows",
        ),
        (str(app.ports.tokens.read(first.access_token).session_id), True, "127.0.0.1", "python-httpx"),
    ]
    assert all(session["lastUsedAt"] >= session["createdAt"] for session in sessions)
    assert first.refresh_token not in answer.text


async def test_renewing_is_a_use(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    (before,) = (await client.get("/api/users/sessions", headers=person.headers)).json()["sessions"]
    await client.post("/api/auth/refresh-token", json={"refreshToken": person.refresh_token})
    (after,) = (await client.get("/api/users/sessions", headers=person.headers)).json()["sessions"]
    assert after["lastUsedAt"] > before["lastUsedAt"]
    assert after["createdAt"] == before["createdAt"]


async def test_an_ended_session_stops_at_once_in_every_process(
    settings: Settings, app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    other = await sign_in(client, person.email)
    other_id = app.ports.tokens.read(other.access_token).session_id
    async with bootstrap.application(settings) as second:
        transport = httpx.ASGITransport(app=second.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
            # Both processes know the token by now.
            for http in (client, elsewhere):
                assert (await http.get("/api/users/profile", headers=other.headers)).status_code == 200
                assert (await http.get("/api/users/sessions", headers=other.headers)).status_code == 200
            answer = await client.delete(f"/api/users/sessions/{other_id}", headers=person.headers)
            assert (answer.status_code, answer.content) == (204, b"")
            for http in (elsewhere, client):
                for path in ("/api/users/profile", "/api/users/sessions"):
                    refused = await http.get(path, headers=other.headers)
                    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_TOKEN")
                renewed = await http.post(
                    "/api/auth/refresh-token", json={"refreshToken": other.refresh_token}
                )
                assert renewed.json()["code"] == "INVALID_REFRESH_TOKEN"
                assert (await http.get("/api/users/profile", headers=person.headers)).status_code == 200


async def test_anothers_and_an_ended_session_are_not_there(
    app: Application, client: httpx.AsyncClient, actions: Actions
) -> None:
    person, stranger = await signed_in(app), await signed_in(app)
    stranger_id = app.ports.tokens.read(stranger.access_token).session_id
    other_id = app.ports.tokens.read((await sign_in(client, person.email)).access_token).session_id
    assert (await client.delete(f"/api/users/sessions/{other_id}", headers=person.headers)).status_code == 204
    for session_id in (stranger_id, other_id, person.id):
        answer = await client.delete(f"/api/users/sessions/{session_id}", headers=person.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert (await client.get("/api/users/profile", headers=stranger.headers)).status_code == 200
    assert (await actions()).count("session.signed_out") == 1


async def test_signing_out_everywhere_ends_this_one_too(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person, stranger = await signed_in(app), await signed_in(app)
    others = [await sign_in(client, person.email) for _ in range(2)]
    answers = await asyncio.gather(
        *(client.delete("/api/users/sessions", headers=one.headers) for one in (person, *others))
    )
    # Who is late has been signed out by the first.
    assert {answer.status_code for answer in answers} <= {204, 401}
    assert 204 in {answer.status_code for answer in answers}
    for one in (person, *others):
        assert (await client.get("/api/users/profile", headers=one.headers)).status_code == 401
    assert (await client.get("/api/users/profile", headers=stranger.headers)).status_code == 200
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


async def test_a_new_password_ends_every_other_session_and_is_told(
    app: Application, client: httpx.AsyncClient, drain: Drain, actions: Actions
) -> None:
    person, stranger = await signed_in(app), await signed_in(app)
    other = await sign_in(client, person.email)
    await client.post("/api/auth/forgot-password", json={"email": person.email})
    await drain()
    answer = await client.put(
        "/api/users/password",
        json={"currentPassword": PASSWORD, "newPassword": NEW},
        headers=person.headers,
    )
    assert answer.json() == {"message": "Your password is changed. Every other device is signed out."}
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200
    assert (await client.get("/api/users/profile", headers=stranger.headers)).status_code == 200
    assert (await client.get("/api/users/profile", headers=other.headers)).status_code == 401
    await sign_in(client, person.email, NEW)
    old = await client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    assert old.status_code == 401
    await drain()
    told, _ = mails_to(app, person.email)
    assert told.subject == "Your password was changed"
    assert NEW not in told.text
    # A reset link from before is worthless, or whoever holds it could undo the change.
    assert await app.ports.db.fetchval("SELECT count(*) FROM mailed_tokens WHERE used_at IS NULL") == 0
    assert "password.changed" in await actions()


async def test_a_wrong_present_password_changes_nothing(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    person = await signed_in(app)
    body = {"currentPassword": "Wrong-Skies-42!", "newPassword": NEW}
    answer = await client.put("/api/users/password", json=body, headers=person.headers)
    assert answer.status_code == 422
    assert answer.json()["details"] == [
        {
            "field": "currentPassword",
            "message": "This is not your present password. Check it, or ask for a reset link.",
        }
    ]
    weak = await client.put(
        "/api/users/password",
        json={"currentPassword": PASSWORD, "newPassword": "weak"},
        headers=person.headers,
    )
    assert weak.json()["details"][0]["field"] == "newPassword"
    await drain()
    assert mails_to(app, person.email) == []
    await sign_in(client, person.email)


async def test_who_has_no_password_is_told_how_to_get_one(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await db.fetchval("UPDATE users SET password_hash = NULL WHERE id = $1", person.id)
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    answer = await client.put("/api/users/password", json=body, headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")


async def test_two_changes_at_once_one_wins(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    other = await sign_in(client, person.email)
    passwords = ("Racer-One-11!", "Racer-Two-22!")
    answers = await asyncio.gather(
        *(
            client.put(
                "/api/users/password",
                json={"currentPassword": PASSWORD, "newPassword": password},
                headers=one.headers,
            )
            for one, password in zip((person, other), passwords, strict=True)
        )
    )
    # The loser's present password is no longer right, or its session has ended under it.
    statuses = [answer.status_code for answer in answers]
    assert min(statuses) == 200
    assert max(statuses) in {401, 422}
    await sign_in(client, person.email, passwords[statuses.index(200)])
