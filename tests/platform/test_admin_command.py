"""`faded-skies create-admin`, as somebody types it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

import httpx
import pytest
from click.testing import CliRunner

from factories.identity import PASSWORD, make_person, sign_in
from faded_skies.admin_command import create_admin
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings
from servers import needed_of

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return needed_of(settings)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    async def command(*arguments: str, typed: str) -> tuple[int, str]:
        result = await asyncio.to_thread(
            CliRunner().invoke, create_admin, list(arguments), env=environment, input=typed
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return command


async def test_the_first_admin_signs_in(
    client: httpx.AsyncClient, db: Database, environment: dict[str, str]
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faded_skies", "create-admin", "boss@example.com", "--name", "Ines Marlow"),
        "--password-stdin",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(f"{PASSWORD}\n".encode())
    assert (process.returncode, out) == (0, b"boss@example.com is an admin now and can sign in.\n")
    boss = await sign_in(client, "boss@example.com")
    user = (await client.get("/api/users/profile", headers=boss.headers)).json()["user"]
    assert (user["fullName"], user["role"], user["emailVerified"]) == ("Ines Marlow", "admin", False)
    written = await db.fetchrow(
        "SELECT actor_id, object_id, mac IS NOT NULL AS sealed FROM audit_log WHERE action = 'person.created'"
    )
    assert tuple(written or ()) == (None, boss.id, True)


async def test_the_password_is_asked_for_twice_and_never_shown(run: Run, client: httpx.AsyncClient) -> None:
    code, said = await run("boss@example.com", typed=f"{PASSWORD}\nOther-Skies-1!\n{PASSWORD}\n{PASSWORD}\n")
    assert code == 0
    assert PASSWORD not in said
    await sign_in(client, "boss@example.com")


@pytest.mark.parametrize(
    ("arguments", "password", "sentence"),
    [
        (("boss",), PASSWORD, "Write an e-mail address such as maya@example.com."),
        (("boss@example.com",), "weak", "Use at least 8 characters for the password."),
        (("boss@example.com", "--name", "I"), PASSWORD, "Write your full name in 2 to 100 characters."),
        (("boss@example.com",), "", "Use at least 8 characters for the password."),
    ],
    ids=["address", "password", "name", "nothing"],
)
async def test_the_rules_of_accounts_apply(
    run: Run, db: Database, arguments: tuple[str, ...], password: str, sentence: str
) -> None:
    code, said = await run(*arguments, "--password-stdin", typed=f"{password}\n")
    assert (code, said) == (1, f"Error: {sentence}\n")
    assert await db.fetchval("SELECT count(*) FROM users") == 0


async def test_a_taken_address_changes_nothing_and_a_second_run_is_safe(
    run: Run, app: Application, db: Database
) -> None:
    await make_person(app, email="maya@example.com")
    code, said = await run("MAYA@example.com", "--password-stdin", typed=f"{PASSWORD}\n")
    assert code == 1
    assert said.startswith("Error: MAYA@example.com has an account already. Nothing was changed")
    assert (await run("boss@example.com", "--password-stdin", typed=f"{PASSWORD}\n"))[0] == 0
    assert (await run("boss@example.com", "--password-stdin", typed="Other-Skies-1!\n"))[0] == 1
    assert sorted(row["role"] for row in await db.fetch("SELECT role FROM users")) == ["admin", "customer"]
