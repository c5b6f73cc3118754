"""Opening an account."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from factories.identity import PASSWORD, adulthood, mails_to, registration, token_in
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.schemas.sign_in import SignedInShape
from faded_skies.platform import clock
from faded_skies.platform.db import Database


async def test_a_new_customer_is_signed_in(client: httpx.AsyncClient, db: Database) -> None:
    body = registration(fullName="  Maya Okafor ", email="Maya@Example.com")
    answer = await client.post("/api/auth/register", json=body)
    assert answer.status_code == 201
    SignedInShape.model_validate_json(answer.content)
    said = answer.json()
    user = said.pop("user")
    assert user.pop("id") == str(await db.fetchval("SELECT id FROM users"))
    assert user.pop("createdAt").endswith("Z")
    assert user.pop("updatedAt").endswith("Z")
    assert 35 < user.pop("age") < 100
    assert user == {
        "email": "Maya@Example.com",
        "emailVerified": False,
        "fullName": "Maya Okafor",
        "phone": "(512) 555-0134",
        "dateOfBirth": "1990-05-17",
        "role": "customer",
        "idVerified": False,
        "idVerificationStatus": "pending",
        "rewardsBalance": 0,
        "accountStatus": "active",
        "lastLoginAt": None,
    }
    assert (said["tokenType"], said["expiresIn"]) == ("Bearer", 86_400)
    headers = {"Authorization": f"Bearer {said['accessToken']}"}
    assert (await client.get("/api/users/profile", headers=headers)).status_code == 200


async def test_only_hashes_are_kept(client: httpx.AsyncClient, db: Database) -> None:
    said = (await client.post("/api/auth/register", json=registration())).json()
    stored = await db.fetchrow("SELECT u::text AS person, t::text AS token FROM users u, refresh_tokens t")
    assert stored is not None
    assert PASSWORD not in stored["person"]
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in stored["person"]
    assert said["refreshToken"] not in stored["token"]


async def test_an_address_is_taken_whatever_its_case(client: httpx.AsyncClient, db: Database) -> None:
    assert (
        await client.post("/api/auth/register", json=registration(email="maya@example.com"))
    ).status_code == 201
    answer = await client.post("/api/auth/register", json=registration(email="MAYA@example.COM"))
    assert answer.status_code == 409
    assert answer.json() == {
        "error": "There is an account with this e-mail address already. Sign in, or reset its password.",
        "code": "EMAIL_TAKEN",
    }
    assert await db.fetchval("SELECT count(*) FROM users") == 1
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


async def test_the_day_before_the_21st_birthday_is_too_early(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    today = adulthood(app).day(clock.now())
    birthday = today.replace(year=today.year - 21, day=min(today.day, 28))
    tomorrow = (birthday + timedelta(days=1)).isoformat()
    if birthday.day == today.day:
        answer = await client.post("/api/auth/register", json=registration(dateOfBirth=tomorrow))
        assert answer.status_code == 422
        assert answer.json()["code"] == "UNDERAGE"
        assert "details" not in answer.json()
        assert await db.fetchval("SELECT count(*) FROM users") == 0
    answer = await client.post("/api/auth/register", json=registration(dateOfBirth=birthday.isoformat()))
    assert answer.status_code == 201
    assert answer.json()["user"]["age"] == 21


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("fullName", "M", "Write your full name in 2 to 100 characters."),
        ("fullName", "   ", "Write something here; blanks alone are not enough."),
        ("fullName", "M" * 101, "Write your full name in 2 to 100 characters."),
        ("fullName", "Ma\x00ya", "Remove the NUL character."),
        ("fullName", 7, "Write this as text."),
        ("email", "maya", "Write an e-mail address such as maya@example.com."),
        ("email", None, "Write this as text."),
        ("password", "short1!", "Use at least 8 characters for the password."),
        ("password", "lower-case-1!", "Put an upper-case letter into the password."),
        ("phone", "5125550134", "Write the phone number as (512) 555-0134."),
        ("dateOfBirth", "17.05.1990", "Write the date of birth as YYYY-MM-DD."),
        ("dateOfBirth", 642902400, "Write the date of birth as YYYY-MM-DD."),
        ("dateOfBirth", "1990-02-30", "There is no such day in the calendar."),
        ("dateOfBirth", "2999-01-01", "A date of birth cannot lie in the future."),
        ("dateOfBirth", "1900-01-01", "Check the year of the date of birth."),
        ("role", "admin", "This field is not known here; remove it."),
    ],
)
async def test_each_field_has_its_message(
    client: httpx.AsyncClient, db: Database, field: str, value: object, message: str
) -> None:
    answer = await client.post("/api/auth/register", json=registration(**{field: value}))
    assert answer.status_code == 422
    assert answer.json() == {
        "error": f"Please correct {field}: {message}",
        "code": "VALIDATION_ERROR",
        "details": [{"field": field, "message": message}],
    }
    assert await db.fetchval("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize("field", ["fullName", "email", "password", "phone", "dateOfBirth"])
async def test_each_field_is_required(client: httpx.AsyncClient, field: str) -> None:
    body = registration()
    del body[field]
    answer = await client.post("/api/auth/register", json=body)
    assert answer.status_code == 422
    assert answer.json()["details"] == [{"field": field, "message": "This field is required."}]


async def test_a_welcome_mail_confirms_the_address(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Callable[[], Awaitable[None]]
) -> None:
    body = registration(email="maya@example.com")
    said = (await client.post("/api/auth/register", json=body)).json()
    payloads = await db.fetch("SELECT convert_from(payload, 'utf8') AS text FROM pgqueuer")
    assert [row["text"] for row in payloads] == [f'{{"user_id":"{said["user"]["id"]}"}}']
    await drain()
    (mail,) = mails_to(app, "maya@example.com")
    assert mail.subject == "Welcome to Faded Skies"
    assert f"http://localhost:5173/verify-email?token={token_in(mail)}" in mail.text
    answer = await client.post("/api/auth/verify-email", json={"token": token_in(mail)})
    assert answer.status_code == 200
    assert await db.fetchval("SELECT email_verified_at IS NOT NULL FROM users") is True


async def test_it_is_in_the_audit_log_without_personal_data(client: httpx.AsyncClient, db: Database) -> None:
    said = (await client.post("/api/auth/register", json=registration(email="maya@example.com"))).json()
    rows = await db.fetch("SELECT action, object_id, details::text AS details FROM audit_log ORDER BY seq")
    assert [(row["action"], row["object_id"]) for row in rows] == [
        ("person.created", UUID(said["user"]["id"])),
        ("person.registered", UUID(said["user"]["id"])),
    ]
    assert not any("maya" in row["details"].lower() for row in rows)
