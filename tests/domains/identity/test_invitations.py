"""Becoming staff: invited by an admin, by a link that is good once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from factories.identity import (
    PASSWORD,
    SignedInPerson,
    mails_to,
    make_person,
    registration,
    sign_in,
    signed_in,
    token_in,
)
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service as identity
from faded_skies.domains.notifications import service as notifications
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

Drain = Callable[[], Awaitable[None]]
Actions = Callable[[], Awaitable[list[str]]]

DARA = "dara@example.com"
BAD_LINK = {
    "error": "This invitation was used, taken back or is older than seven days. Ask your admin for a new one.",
    "code": "INVALID_INVITATION",
}


async def invite(
    client: httpx.AsyncClient, admin: SignedInPerson, email: str = DARA, role: str = "driver"
) -> httpx.Response:
    return await client.post(
        "/api/admin/invitations", json={"email": email, "role": role}, headers=admin.headers
    )


async def accept(client: httpx.AsyncClient, token: str, **fields: Any) -> httpx.Response:
    body = {"token": token, "fullName": "Dara Voss", "password": PASSWORD, **fields}
    return await client.post("/api/auth/accept-invitation", json=body)


@pytest.mark.parametrize("role", ["driver", "agent", "admin"])
async def test_who_is_invited_comes_in_with_the_role(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain, actions: Actions, role: str
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    made = await invite(client, admin, role=role)
    assert made.status_code == 201
    invitation = made.json()["invitation"]
    assert (invitation["email"], invitation["role"], invitation["status"]) == (DARA, role, "waiting")
    await drain()
    (mail,) = mails_to(app, DARA)
    assert mail.subject == "You are invited to the staff of Faded Skies"
    token = token_in(mail)
    assert token not in str(await db.fetch("SELECT i::text FROM invitations i"))
    answer = await accept(client, token, phone="(512) 555-0177")
    assert answer.status_code == 201, answer.text
    user = answer.json()["user"]
    assert (user["email"], user["emailVerified"], user["role"], user["phone"]) == (
        DARA,
        True,
        role,
        "(512) 555-0177",
    )
    headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    assert (await client.get("/api/users/profile", headers=headers)).json()["user"]["id"] == user["id"]
    await sign_in(client, DARA)
    again = await accept(client, token)
    assert (again.status_code, again.json()) == (400, BAD_LINK)
    assert {"invitation.made", "invitation.accepted", "person.created"} <= set(await actions())
    # What was mailed is forgotten with the sending, and the log names no address.
    assert DARA not in str(await db.fetch("SELECT m::text FROM messages m"))
    assert DARA not in str(await db.fetch("SELECT details::text FROM audit_log"))


async def test_an_address_with_an_account_is_not_invited(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    await make_person(app, email=DARA)
    answer = await invite(client, admin, DARA.upper())
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")
    assert "Invite another one" in answer.json()["error"]
    await drain()
    assert mails_to(app, DARA) == []
    assert await db.fetchval("SELECT count(*) FROM invitations") == 0


async def test_who_registered_meanwhile_does_not_become_staff_by_a_link(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    await invite(client, admin)
    await drain()
    assert (await client.post("/api/auth/register", json=registration(email=DARA))).status_code == 201
    answer = await accept(client, token_in(mails_to(app, DARA)[0]))
    assert (answer.status_code, answer.json()["code"]) == (409, "EMAIL_TAKEN")
    assert await db.fetchval("SELECT role FROM users WHERE email = $1::text::citext", DARA) == "customer"


async def test_inviting_again_voids_the_earlier_link(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    await invite(client, admin, role="agent")
    await drain()
    await invite(client, admin, DARA.title(), role="driver")
    await drain()
    (old,) = mails_to(app, DARA)
    (new,) = mails_to(app, DARA.title())
    assert (await accept(client, token_in(old))).json() == BAD_LINK
    assert (await accept(client, token_in(new))).json()["user"]["role"] == "driver"
    listed = (await client.get("/api/admin/invitations", headers=admin.headers)).json()
    assert [one["status"] for one in listed["invitations"]] == ["accepted", "revoked"]
    assert (listed["total"], listed["hasMore"]) == (2, False)


async def test_a_link_ends_when_it_is_taken_back_old_or_its_admin_is_none_any_more(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin, other = await signed_in(app, Role.ADMIN), await signed_in(app, Role.ADMIN)
    made = (await invite(client, admin)).json()["invitation"]
    await drain()
    token = token_in(mails_to(app, DARA)[0])
    for change, back in (
        ("UPDATE users SET role = 'agent' WHERE id = $1", "UPDATE users SET role = 'admin' WHERE id = $1"),
        (
            "UPDATE users SET account_status = 'suspended' WHERE id = $1",
            "UPDATE users SET account_status = 'active' WHERE id = $1",
        ),
    ):
        await db.fetchval(change, admin.id)
        assert (await accept(client, token)).json() == BAD_LINK
        await db.fetchval(back, admin.id)
    age = "UPDATE invitations SET expires_at = expires_at + make_interval(days => $1)"
    assert await db.fetchval(
        "SELECT expires_at BETWEEN now() + interval '6 days 23 hours' AND now() + interval '7 days' FROM invitations"
    )
    await db.fetchval(age, -8)
    assert (await accept(client, token)).json() == BAD_LINK
    await db.fetchval(age, 8)
    path = f"/api/admin/invitations/{made['id']}"
    assert (await client.delete(path, headers=other.headers)).status_code == 204
    assert (await accept(client, token)).json() == BAD_LINK
    assert (await client.delete(path, headers=other.headers)).status_code == 404
    assert await db.fetchval("SELECT count(*) FROM users") == 2


async def test_a_job_that_runs_twice_mails_once_and_the_link_stays_good(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    await invite(client, admin)
    await drain()
    async with db.transaction() as tx:
        await notifications.mail_invitation(tx, await tx.fetchval("SELECT id FROM invitations"))
    await drain()
    (mail,) = mails_to(app, DARA)
    assert (await accept(client, token_in(mail))).status_code == 201


async def test_accepting_at_once_makes_one_account(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    await invite(client, admin)
    await drain()
    token = token_in(mails_to(app, DARA)[0])
    answers = await asyncio.gather(*(accept(client, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]
    assert await db.fetchval("SELECT count(*) FROM users") == 2
    assert await db.fetchval("SELECT count(*) FROM sessions") == 2


async def test_accepting_and_taking_back_one_of_them_happens(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    for number in range(5):
        email = f"dara{number}@example.com"
        made = (await invite(client, admin, email)).json()["invitation"]
        await drain()
        accepted, revoked = await asyncio.gather(
            accept(client, token_in(mails_to(app, email)[0])),
            client.delete(f"/api/admin/invitations/{made['id']}", headers=admin.headers),
        )
        assert (accepted.status_code, revoked.status_code) in {(201, 404), (400, 204)}
        there = await db.fetchval("SELECT count(*) FROM users WHERE email = $1::text::citext", email)
        assert there == (accepted.status_code == 201)


async def test_inviting_an_address_at_once_leaves_one_that_waits(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    answers = await asyncio.gather(*(invite(client, admin) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    waiting = "SELECT count(*) FROM invitations WHERE revoked_at IS NULL AND accepted_at IS NULL"
    assert await db.fetchval(waiting) == 1
    assert await db.fetchval("SELECT count(*) FROM invitations") == 5


async def test_nobody_is_invited_as_a_customer(app: Application, client: httpx.AsyncClient) -> None:
    admin = await signed_in(app, Role.ADMIN)
    answer = await invite(client, admin, role="customer")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "role")


async def test_after_a_restore_no_invitation_that_waited_is_good(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    for email in ("was.here@example.com", DARA):
        await invite(client, admin, email)
        await drain()
    taken = await accept(client, token_in(mails_to(app, "was.here@example.com")[0]))
    assert taken.status_code == 201, taken.text
    await invite(client, admin, "not.yet.mailed@example.com", role="admin")
    async with db.transaction() as tx:
        await identity.end_everything(tx)
    assert (await accept(client, token_in(mails_to(app, DARA)[0]))).json() == BAD_LINK
    await drain()
    assert mails_to(app, "not.yet.mailed@example.com") == []
    rows = await db.fetch(
        "SELECT email::text AS email FROM invitations WHERE revoked_at IS NOT NULL ORDER BY 1"
    )
    assert [row["email"] for row in rows] == [DARA, "not.yet.mailed@example.com"]
    again = await sign_in(client, admin.email)  # every session ended too
    assert (await invite(client, again, DARA.title())).status_code == 201
    await drain()
    assert (await accept(client, token_in(mails_to(app, DARA.title())[0]))).status_code == 201
