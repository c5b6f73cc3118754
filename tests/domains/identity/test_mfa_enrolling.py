"""Turning a second factor on and off, replacing it, and new recovery codes."""

import asyncio
from base64 import b32decode
from collections.abc import Awaitable, Callable

import httpx
import pyotp
import pytest

from factories.identity import PASSWORD, SignedInPerson, mails_to, sign_in, signed_in
from factories.second_factor import challenge, enrol, give
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

Actions = Callable[[], Awaitable[list[str]]]
Drain = Callable[[], Awaitable[None]]

OFF = {"enabled": False, "enrolledAt": None, "recoveryCodesLeft": 0, "required": False}


async def status_of(client: httpx.AsyncClient, person: SignedInPerson) -> dict[str, object]:
    answer = await client.get("/api/users/mfa", headers=person.headers)
    assert answer.status_code == 200
    said: dict[str, object] = answer.json()
    return said


async def remove(client: httpx.AsyncClient, person: SignedInPerson, **body: object) -> httpx.Response:
    return await client.request("DELETE", "/api/users/mfa", headers=person.headers, json=body)


async def renew(client: httpx.AsyncClient, person: SignedInPerson, code: str) -> httpx.Response:
    return await client.post("/api/users/mfa/recovery-codes", headers=person.headers, json={"code": code})


async def test_nothing_is_on_until_a_code_confirms_it(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    begun = await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD})
    assert begun.status_code == 201
    assert set(begun.json()) == {"secret", "otpauthUrl"}
    assert len(b32decode(begun.json()["secret"])) == 20
    assert isinstance(pyotp.parse_uri(begun.json()["otpauthUrl"]), pyotp.TOTP)
    assert await status_of(client, person) == OFF
    assert (await sign_in(client, person.email)).id == person.id
    await drain()
    assert mails_to(app, person.email) == []


async def test_the_first_code_turns_it_on_and_ends_the_other_sessions(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, drain: Drain
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    elsewhere = await sign_in(client, person.email)
    phone = await enrol(client, person)
    assert len(set(phone.recovery_codes)) == 10
    status = await status_of(client, person)
    assert status | {"enrolledAt": None} == OFF | {"enabled": True, "recoveryCodesLeft": 10}
    assert isinstance(status["enrolledAt"], str)
    for headers, code in ((person.headers, 200), (elsewhere.headers, 401), (other.headers, 200)):
        assert (await client.get("/api/users/profile", headers=headers)).status_code == code
    again = await client.post("/api/auth/refresh-token", json={"refreshToken": elsewhere.refresh_token})
    assert again.status_code == 401
    assert await db.fetchval("SELECT end_reason FROM sessions WHERE ended_at IS NOT NULL") == (
        "second_factor_changed"
    )
    assert (await actions())[-2:] == ["second_factor.begun", "second_factor.turned_on"]
    await drain()
    (mail,) = mails_to(app, person.email)
    assert mail.subject == "Your second factor is on"
    assert not any(code in mail.text for code in phone.recovery_codes)
    assert mails_to(app, other.email) == []


async def test_a_wrong_first_code_turns_nothing_on(
    app: Application, client: httpx.AsyncClient, actions: Actions
) -> None:
    person = await signed_in(app)
    begun = await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD})
    right = pyotp.TOTP(begun.json()["secret"]).now()
    wrong = f"{(int(right) + 500_000) % 1_000_000:06}"
    for code in (wrong, "abc", "1234567", "a" * 24):
        answer = await client.post("/api/users/mfa/confirm", headers=person.headers, json={"code": code})
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_MFA_CODE")
    assert await status_of(client, person) == OFF
    assert (await actions()).count("second_factor.code_refused") == 4


async def test_the_secret_waits_a_quarter_of_an_hour(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    begun = await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD})
    left = await db.fetchval(
        "SELECT extract(epoch FROM expires_at - now())::int FROM second_factor_enrolments"
    )
    assert 840 <= left <= 900
    await db.fetch("UPDATE second_factor_enrolments SET expires_at = now()")
    code = pyotp.TOTP(begun.json()["secret"]).now()
    answer = await client.post("/api/users/mfa/confirm", headers=person.headers, json={"code": code})
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert await status_of(client, person) == OFF


async def test_only_the_secret_shown_last_can_be_confirmed(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    first, second = [
        pyotp.TOTP(
            (await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD})).json()[
                "secret"
            ]
        )
        for _ in range(2)
    ]
    for phone, status in ((first, 422), (second, 200)):
        answer = await client.post(
            "/api/users/mfa/confirm", headers=person.headers, json={"code": phone.now()}
        )
        assert answer.status_code == status


@pytest.mark.parametrize("body", [{}, {"password": "Wrong-Skies-42!"}, {"code": "123456"}])
async def test_beginning_asks_for_the_password_again(
    app: Application, client: httpx.AsyncClient, db: Database, body: dict[str, str]
) -> None:
    person = await signed_in(app)
    answer = await client.post("/api/users/mfa", headers=person.headers, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == "password"
    assert await db.fetchval("SELECT count(*) FROM second_factor_enrolments") == 0


async def test_without_a_password_one_must_have_just_signed_in(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await db.fetch("UPDATE users SET password_hash = NULL")
    await db.fetch("UPDATE sessions SET created_at = now() - interval '4 minutes 50 seconds'")
    phone = await enrol(client, person)
    await db.fetch("UPDATE sessions SET created_at = now() - interval '5 minutes'")
    for answer in (
        await client.post("/api/users/mfa", headers=person.headers, json={"code": phone.code()}),
        await remove(client, person, code=phone.code()),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "FRESH_SIGN_IN_REQUIRED")
    await db.fetch("UPDATE sessions SET created_at = now()")
    assert (await remove(client, person, code=phone.code())).status_code == 204


async def test_two_confirmations_at_once_one_set_of_codes(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    begun = await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD})
    body = {"code": pyotp.TOTP(begun.json()["secret"]).now()}
    answers = await asyncio.gather(
        *(client.post("/api/users/mfa/confirm", headers=person.headers, json=body) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await db.fetchval("SELECT count(*) FROM recovery_codes") == 10
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200


async def test_turning_it_off_takes_the_password_and_a_code(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, drain: Drain
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    for body, code in (
        ({"code": phone.code()}, "VALIDATION_ERROR"),
        ({"code": phone.code(), "password": "Wrong-Skies-1!"}, "VALIDATION_ERROR"),
        ({"password": PASSWORD}, "VALIDATION_ERROR"),
        ({"password": PASSWORD, "code": phone.code(-1)}, "INVALID_MFA_CODE"),
        ({"password": PASSWORD, "code": "a" * 24}, "INVALID_MFA_CODE"),
    ):
        answer = await remove(client, person, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    assert (await status_of(client, person))["enabled"] is True
    assert (await remove(client, person, password=PASSWORD, code=phone.code())).status_code == 204
    assert await status_of(client, person) == OFF
    assert (await sign_in(client, person.email)).id == person.id
    for table in ("second_factors", "recovery_codes", "second_factor_challenges", "second_factor_enrolments"):
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert "second_factor.turned_off" in await actions()
    await drain()
    assert "Your second factor is off" in [mail.subject for mail in mails_to(app, person.email)]


async def test_a_recovery_code_turns_it_off_too(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    answer = await remove(client, person, password=PASSWORD, code=phone.recovery_codes[3].upper())
    assert answer.status_code == 204
    assert await status_of(client, person) == OFF


async def test_without_one_there_is_nothing_to_change(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    confirm = await client.post("/api/users/mfa/confirm", headers=person.headers, json={"code": "123456"})
    for answer in (
        confirm,
        await remove(client, person, password=PASSWORD, code="123456"),
        await renew(client, person, "123456"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")


async def test_replacing_it_takes_a_code_of_the_present_one(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, drain: Drain
) -> None:
    person = await signed_in(app)
    old = await enrol(client, person)
    for body in ({}, {"code": old.code(-1)}):
        answer = await client.post(
            "/api/users/mfa", headers=person.headers, json={"password": PASSWORD} | body
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_MFA_CODE")
    new = await enrol(client, person, code=old.code())
    assert set(new.recovery_codes).isdisjoint(old.recovery_codes)
    token = await challenge(client, person.email)
    for code in (old.code(1), old.recovery_codes[0]):
        assert (await give(client, token, code)).status_code == 401
    assert (await give(client, token, new.code())).status_code == 200
    assert await db.fetchval("SELECT count(*) FROM second_factors") == 1
    assert "second_factor.replaced" in await actions()
    await drain()
    assert "Your second factor was replaced" in [mail.subject for mail in mails_to(app, person.email)]


async def test_new_recovery_codes_void_the_old(
    app: Application, client: httpx.AsyncClient, drain: Drain, actions: Actions
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    assert (await renew(client, person, phone.code(-1))).json()["code"] == "INVALID_MFA_CODE"
    answer = await renew(client, person, phone.code())
    assert answer.status_code == 200
    fresh = answer.json()["recoveryCodes"]
    assert len(set(fresh) - set(phone.recovery_codes)) == 10
    token = await challenge(client, person.email)
    assert (await give(client, token, phone.recovery_codes[0])).status_code == 401
    assert (await give(client, token, fresh[0])).status_code == 200
    assert (await status_of(client, person))["recoveryCodesLeft"] == 9
    assert "second_factor.codes_renewed" in await actions()
    await drain()
    assert "You have new recovery codes" in [mail.subject for mail in mails_to(app, person.email)]


async def test_no_table_and_no_mail_holds_a_secret(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    begun = await client.post("/api/users/mfa", headers=person.headers, json={"password": PASSWORD})
    waiting = begun.json()["secret"]
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    await drain()
    raw = [b32decode(waiting).hex(), b32decode(phone.app.secret).hex()]
    texts = [waiting, phone.app.secret, token, *phone.recovery_codes]
    texts += [code.replace("-", "") for code in phone.recovery_codes]
    tables = await db.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    seen = 0
    for table in tables:
        for row in await db.fetch(f'SELECT to_jsonb(t)::text AS row FROM "{table["name"]}" t'):
            seen += 1
            for text in (*texts, *raw):
                assert text not in row["row"], table["name"]
                assert text.encode().hex() not in row["row"], table["name"]
    assert seen > 20


async def test_a_secret_moved_to_another_person_does_not_open(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    thief, victim = await signed_in(app), await signed_in(app)
    phone = await enrol(client, thief)
    await enrol(client, victim)
    await db.fetch(
        "UPDATE second_factors SET secret = (SELECT secret FROM second_factors WHERE user_id = $1), last_step = 0"
        " WHERE user_id = $2",
        thief.id,
        victim.id,
    )
    token = await challenge(client, victim.email)
    answer = await give(client, token, phone.code())
    assert answer.status_code == 500
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", victim.id) == 1
