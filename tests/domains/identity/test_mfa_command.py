"""`faded-skies remove-mfa`."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from click.testing import CliRunner, Result

from factories.identity import mails_to, sign_in, signed_in
from factories.second_factor import challenge, enrol, give
from faded_skies.bootstrap import Application
from faded_skies.cli import main
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings
from servers import needed_of

Actions = Callable[[], Awaitable[list[str]]]
Drain = Callable[[], Awaitable[None]]
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command as a shell would, in a thread of its own."""
    for name, value in {
        "NODE_ENV": "test",
        **needed_of(settings),
        "FADED_SKIES_DATA": str(settings.data),
    }.items():
        monkeypatch.setenv(name, value)

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, ["remove-mfa", *arguments])

    return invoke


async def test_an_operator_takes_it_off(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain, run: Run
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    phone = await enrol(client, person)
    await enrol(client, other)
    token = await challenge(client, person.email)
    result = await run(person.email.upper(), "--reason", " Lost phone, seen in the shop ")
    assert (result.exit_code, result.output.strip()) == (
        0,
        f"The second factor of {person.email.upper()} is off, and their sessions have ended. A mail tells them.",
    )
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 401
    assert (await client.get("/api/users/profile", headers=other.headers)).status_code == 200
    assert (await give(client, token, phone.code())).json()["code"] == "INVALID_MFA_TOKEN"
    assert (await sign_in(client, person.email)).id == person.id
    assert await db.fetchval("SELECT array_agg(user_id) FROM second_factors") == [other.id]
    row = await db.fetchrow(
        "SELECT actor_id, object_id, reason FROM audit_log WHERE action = 'second_factor.removed_by_staff'"
    )
    assert row is not None
    assert tuple(row) == (None, person.id, "Lost phone, seen in the shop")
    await drain()
    assert "Your second factor was taken off" in [mail.subject for mail in mails_to(app, person.email)]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("who@example.com", "--reason", "x"), 1, "Nobody has an open account with who@example.com"),
        (("who@example.com",), 2, "--reason"),
        (("who@example.com", "--reason", "  "), 2, "Say why"),
    ],
    ids=["nobody", "no reason", "blank reason"],
)
async def test_it_says_what_is_wrong(
    app: Application, run: Run, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    result = await run(*arguments)
    assert result.exit_code == exit_code
    assert words in result.output


async def test_who_has_none_keeps_their_sessions(
    app: Application, client: httpx.AsyncClient, run: Run, actions: Actions
) -> None:
    person = await signed_in(app)
    result = await run(person.email, "--reason", "Lost phone")
    assert result.exit_code == 1
    assert "has no second factor" in result.output
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200
    assert "second_factor.removed_by_staff" not in await actions()
