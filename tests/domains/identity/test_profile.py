"""One's own profile, and people as other domains see them."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from factories.identity import adulthood, make_person, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service
from faded_skies.domains.identity.errors import PersonNotFound
from faded_skies.domains.identity.schemas.people import ProfileShape
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database


@pytest.mark.parametrize("role", list(Role))
async def test_everybody_reads_their_own(
    app: Application, client: httpx.AsyncClient, db: Database, role: Role
) -> None:
    person = await signed_in(app, role)
    await make_person(app)
    await db.fetchval("INSERT INTO rewards_accounts (user_id, balance) VALUES ($1, 250)", person.id)
    answer = await client.get("/api/users/profile", headers=person.headers)
    assert answer.status_code == 200
    ProfileShape.model_validate_json(answer.content)
    user = answer.json()["user"]
    assert (user["id"], user["role"], user["rewardsBalance"]) == (str(person.id), role, 250)


async def test_an_expired_id_is_no_longer_verified(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    today = adulthood(app).day(clock.now())
    yesterday = today - timedelta(days=1)
    await db.fetchval("UPDATE users SET id_expires_on = $1", yesterday)
    user = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    assert (user["idVerified"], user["idVerificationStatus"]) == (False, "approved")
    customer = await service.find_customer(db, person.id)
    assert customer is not None
    assert [customer.id_verified(day) for day in (yesterday, today)] == [True, False]


async def test_a_change_leaves_the_rest_as_it_is(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    stranger = await make_person(app)
    before = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    answer = await client.put("/api/users/profile", headers=person.headers, json={"phone": "(512) 555-0199"})
    assert answer.status_code == 200
    ProfileShape.model_validate_json(answer.content)
    after = answer.json()["user"]
    assert after.pop("updatedAt") > before.pop("updatedAt")
    assert after == before | {"phone": "(512) 555-0199"}
    answer = await client.put("/api/users/profile", headers=person.headers, json={"fullName": " Maya O. "})
    assert answer.json()["user"]["fullName"] == "Maya O."
    assert await db.fetchval("SELECT full_name FROM users WHERE id = $1", stranger) == "Maya Okafor"
    details = await db.fetch("SELECT details FROM audit_log WHERE action = 'person.changed' ORDER BY seq")
    assert [row["details"] for row in details] == [{"fields": ["phone"]}, {"fields": ["fullName"]}]


async def test_an_empty_change_changes_nothing(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    before = await db.fetchrow("SELECT * FROM users")
    assert (await client.put("/api/users/profile", headers=person.headers, json={})).status_code == 200
    assert await db.fetchrow("SELECT * FROM users") == before


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"fullName": "M"}, "fullName", "Write your full name in 2 to 100 characters."),
        ({"phone": "555"}, "phone", "Write the phone number as (512) 555-0134."),
        ({"email": "maya"}, "email", "Write an e-mail address such as maya@example.com."),
        ({"phone": None}, "phone", "Write a value, or leave this field out to keep it as it is."),
        ({"dateOfBirth": "1980-01-01"}, "dateOfBirth", "This field is not known here; remove it."),
        ({"rewardsBalance": 9}, "rewardsBalance", "This field is not known here; remove it."),
    ],
)
async def test_each_field_has_its_message(
    app: Application, client: httpx.AsyncClient, body: object, field: str, message: str
) -> None:
    person = await signed_in(app)
    answer = await client.put("/api/users/profile", headers=person.headers, json=body)
    assert answer.status_code == 422
    assert answer.json()["details"] == [{"field": field, "message": message}]


async def test_other_domains_find_and_lock_a_customer(app: Application, db: Database) -> None:
    user_id = await make_person(app, email="maya@example.com", id_verified=True)
    assert await service.find_customer(db, uuid4()) is None
    async with db.transaction() as tx:
        customer = await service.lock_customer(tx, user_id)
        assert customer == await service.find_customer(db, user_id)
        assert (customer.id, customer.email) == (user_id, "maya@example.com")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await db.fetch("SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE NOWAIT", user_id)
    async with db.transaction() as tx:
        with pytest.raises(PersonNotFound):
            await service.lock_customer(tx, UUID(int=0))


async def test_what_is_long_over_is_pruned(app: Application, db: Database) -> None:
    person = await signed_in(app)
    await signed_in(app)
    await db.fetchval(
        "UPDATE sessions SET ended_at = now() - interval '91 days', end_reason = 'signed_out' WHERE user_id = $1",
        person.id,
    )
    async with db.transaction() as tx:
        await service.prune(tx)
    assert [row["user_id"] for row in await db.fetch("SELECT user_id FROM sessions")] != [person.id]
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1
    assert await db.fetchval("SELECT count(*) FROM refresh_tokens") == 1
    assert await db.fetchval("SELECT count(*) FROM users") == 2
