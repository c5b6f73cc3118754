"""Signing in with a second factor."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from factories.identity import PASSWORD, mails_to, make_person, sign_in, signed_in, token_in
from factories.second_factor import STEP, challenge, enrol, give
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service
from faded_skies.domains.identity.errors import AccountSuspended
from faded_skies.domains.identity.models import Challenge, FirstFactor, Grant
from faded_skies.domains.identity.schemas.sign_in import SecondFactorDueShape, SignedInShape
from faded_skies.domains.identity.service import totp
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

Actions = Callable[[], Awaitable[list[str]]]
Drain = Callable[[], Awaitable[None]]

WRONG_CODE = (401, "INVALID_MFA_CODE")
OVER = (401, "INVALID_MFA_TOKEN")


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_right_password_alone_opens_no_session(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions
) -> None:
    person = await signed_in(app)
    await enrol(client, person)
    stamped = await db.fetchval("SELECT last_login_at FROM users")
    answer = await client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 200
    SecondFactorDueShape.model_validate_json(answer.content)
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1
    assert await db.fetchval("SELECT last_login_at FROM users") == stamped
    assert (await actions())[-1] == "sign_in.second_factor_asked"
    token = answer.json()["mfaToken"]
    as_access = await client.get("/api/users/profile", headers={"Authorization": f"Bearer {token}"})
    as_refresh = await client.post("/api/auth/refresh-token", json={"refreshToken": token})
    assert (said(as_access), said(as_refresh)) == ((401, "INVALID_TOKEN"), (401, "INVALID_REFRESH_TOKEN"))


async def test_a_wrong_password_learns_nothing_of_the_second_factor(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    wrong = {"email": person.email, "password": "Wrong-Skies-42!"}
    before = await client.post("/api/auth/login", json=wrong)
    await enrol(client, person)
    after = await client.post("/api/auth/login", json=wrong)
    assert said(before) == said(after) == (401, "INVALID_CREDENTIALS")
    assert before.json() == after.json()


async def test_the_code_of_the_app_finishes_the_sign_in(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, drain: Drain
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    code = phone.code()
    answer = await give(client, await challenge(client, person.email), f" {code[:3]} {code[3:]} ")
    assert answer.status_code == 200
    SignedInShape.model_validate_json(answer.content)
    assert answer.json()["user"]["email"] == person.email
    headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    assert (await client.get("/api/users/profile", headers=headers)).status_code == 200
    row = await db.fetchrow(
        "SELECT first_factor, second_factor_at FROM sessions ORDER BY created_at DESC LIMIT 1"
    )
    assert row is not None
    assert (row["first_factor"], row["second_factor_at"] is None) == ("password", False)
    assert (await actions())[-1] == "sign_in.succeeded"
    details = await db.fetchval("SELECT details FROM audit_log ORDER BY seq DESC LIMIT 1")
    assert details == {"by": "password", "second_factor": "app"}
    await drain()
    assert [mail.subject for mail in mails_to(app, person.email)] == ["Your second factor is on"]


async def test_a_recovery_code_works_once_and_is_told(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    code = phone.recovery_codes[0]
    assert (await give(client, await challenge(client, person.email), code.upper())).status_code == 200
    again = await give(client, await challenge(client, person.email), code)
    assert said(again) == WRONG_CODE
    assert await db.fetchval("SELECT count(*) FROM recovery_codes WHERE used_at IS NULL") == 9
    await drain()
    assert "A recovery code was used" in [mail.subject for mail in mails_to(app, person.email)]


async def test_a_recovery_code_used_twice_at_once_opens_one_session(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    tokens = [await challenge(client, person.email) for _ in range(4)]
    answers = await asyncio.gather(*(give(client, token, phone.recovery_codes[0]) for token in tokens))
    assert sorted(map(said, answers)) == [(200, ""), *[WRONG_CODE] * 3]
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 2


async def test_a_code_works_once_over_all_challenges(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    code = phone.code()
    assert (await give(client, await challenge(client, person.email), code)).status_code == 200
    assert said(await give(client, await challenge(client, person.email), code)) == WRONG_CODE


async def test_the_same_code_at_once_opens_one_session(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    tokens, code = [await challenge(client, person.email) for _ in range(5)], phone.code()
    answers = await asyncio.gather(*(give(client, token, code) for token in tokens))
    assert sorted(map(said, answers)) == [(200, ""), *[WRONG_CODE] * 4]
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 2


async def test_one_challenge_opens_one_session(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    codes = [phone.code(), *phone.recovery_codes[:3]]
    answers = await asyncio.gather(*(give(client, token, code) for code in codes))
    assert sorted(map(said, answers)) == [(200, ""), OVER, OVER, OVER]
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 2
    assert said(await give(client, token, phone.recovery_codes[5])) == OVER


async def test_five_tries_and_no_more_also_at_once(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    answers = await asyncio.gather(*(give(client, token, "a" * 24) for _ in range(8)))
    assert sorted(map(said, answers)) == [*[WRONG_CODE] * 5, *[OVER] * 3]
    assert said(await give(client, token, phone.code())) == OVER
    assert await db.fetchval("SELECT tries FROM second_factor_challenges") == 5
    assert (await actions()).count("sign_in.second_factor_failed") == 5
    assert (await give(client, await challenge(client, person.email), phone.code())).status_code == 200


async def test_the_fifth_try_may_still_be_right(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    for _ in range(4):
        assert said(await give(client, token, "a" * 24)) == WRONG_CODE
    assert (await give(client, token, phone.code())).status_code == 200


async def test_a_challenge_is_good_for_five_minutes(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    left = await db.fetchval(
        "SELECT extract(epoch FROM expires_at - now())::int FROM second_factor_challenges"
    )
    assert 270 <= left <= 300
    await db.fetch("UPDATE second_factor_challenges SET expires_at = now()")
    assert said(await give(client, token, phone.code())) == OVER
    async with db.transaction() as tx:
        await service.prune(tx)
    assert await db.fetchval("SELECT count(*) FROM second_factor_challenges") == 0


@pytest.mark.parametrize("token", ["nonsense", "é" * 30])
async def test_an_unknown_challenge_is_none(client: httpx.AsyncClient, token: str) -> None:
    answer = await give(client, token, "123456")
    assert said(answer) == OVER
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_another_persons_code_opens_nothing(app: Application, client: httpx.AsyncClient) -> None:
    maya, robin = await signed_in(app), await signed_in(app)
    await enrol(client, maya)
    theirs = await enrol(client, robin)
    token = await challenge(client, maya.email)
    for code in (theirs.code(), theirs.recovery_codes[0]):
        assert said(await give(client, token, code)) == WRONG_CODE
    # And it was not used up by the attempt.
    answer = await give(client, await challenge(client, robin.email), theirs.recovery_codes[0])
    assert answer.json()["user"]["email"] == robin.email


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_a_challenge_dies_with_the_account(
    app: Application, client: httpx.AsyncClient, db: Database, status: str
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    await db.fetch("UPDATE users SET account_status = $1", status)
    assert said(await give(client, token, phone.code())) == OVER
    again = await client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    assert said(again) == (403, "ACCOUNT_SUSPENDED")


async def test_a_challenge_dies_with_a_new_password(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    by_reset, changed = await challenge(client, person.email), f"{PASSWORD}2"
    await client.post("/api/auth/forgot-password", json={"email": person.email})
    await drain()
    (link,) = [mail for mail in mails_to(app, person.email) if "?token=" in mail.text]
    body = {"token": token_in(link), "newPassword": changed}
    assert (await client.post("/api/auth/reset-password", json=body)).status_code == 200
    assert said(await give(client, by_reset, phone.code())) == OVER
    # A reset leaves the second factor on.
    login = await client.post("/api/auth/login", json={"email": person.email, "password": changed})
    finished = await give(client, login.json()["mfaToken"], phone.code())
    assert finished.status_code == 200
    login = await client.post("/api/auth/login", json={"email": person.email, "password": changed})
    headers = {"Authorization": f"Bearer {finished.json()['accessToken']}"}
    body = {"currentPassword": changed, "newPassword": PASSWORD}
    assert (await client.put("/api/users/password", headers=headers, json=body)).status_code == 200
    assert said(await give(client, login.json()["mfaToken"], phone.recovery_codes[0])) == OVER


async def test_a_challenge_dies_when_signed_out_everywhere(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    token = await challenge(client, person.email)
    assert (await client.delete("/api/users/sessions", headers=person.headers)).status_code == 204
    assert said(await give(client, token, phone.code())) == OVER


@pytest.mark.parametrize(
    ("late", "steps", "good"),
    [
        (0, -2, False),
        (0, -1, True),
        (0, 0, True),
        (0, 1, True),
        (0, 2, False),
        (29, -1, True),
        (29, 2, False),
    ],
)
async def test_clocks_may_differ_by_one_step(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
    late: int,
    steps: int,
    good: bool,
) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    await db.fetch("UPDATE second_factors SET last_step = 0")
    token = await challenge(client, person.email)
    begins = datetime.fromtimestamp(totp.step_of(clock.now()) * STEP, UTC)
    monkeypatch.setattr(clock, "now", lambda: begins + timedelta(seconds=late))
    answer = await give(client, token, phone.code(steps, at=begins))
    assert said(answer) == ((200, "") if good else WRONG_CODE)


async def test_an_older_code_than_the_last_is_spent_too(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    newer, older = phone.code(1), phone.code()
    assert (await give(client, await challenge(client, person.email), newer)).status_code == 200
    assert said(await give(client, await challenge(client, person.email), older)) == WRONG_CODE


async def test_the_code_that_confirmed_opens_nothing(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    assert said(await give(client, await challenge(client, person.email), phone.code(-1))) == WRONG_CODE


async def test_a_passkey_counts_as_both_and_a_provider_does_not(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await enrol(client, person)
    lifetime = timedelta(days=1)
    async with db.transaction() as tx:
        provider = await service.admit(tx, person.id, by=FirstFactor.OIDC, session_lifetime=lifetime)
        passkey = await service.admit(tx, person.id, by=FirstFactor.PASSKEY, session_lifetime=lifetime)
    assert isinstance(provider, Challenge)
    assert isinstance(passkey, Grant)
    checked = await db.fetchval("SELECT second_factor_at FROM sessions WHERE id = $1", passkey.session_id)
    assert checked is not None
    await db.fetch("UPDATE users SET account_status = 'suspended'")
    with pytest.raises(AccountSuspended):
        async with db.transaction() as tx:
            await service.admit(tx, person.id, by=FirstFactor.PASSKEY, session_lifetime=lifetime)


async def test_a_sign_in_beside_a_confirmation_leaves_no_session_without_the_second_factor(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    for _ in range(5):
        person = await signed_in(app)
        body = {"email": person.email, "password": PASSWORD}
        signing_in = [asyncio.create_task(client.post("/api/auth/login", json=body)) for _ in range(3)]
        await enrol(client, person)
        assert {answer.status_code for answer in await asyncio.gather(*signing_in)} == {200}
        live = await db.fetch(
            "SELECT second_factor_at FROM sessions WHERE user_id = $1 AND ended_at IS NULL", person.id
        )
        assert [row["second_factor_at"] is None for row in live] == [False]


class TestLimits:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"rate_limit_auth_max": 6})

    async def test_signing_in_again_elsewhere_gives_no_further_tries(
        self, app: Application, client: httpx.AsyncClient
    ) -> None:
        person = await signed_in(app)
        await enrol(client, person)
        statuses = []
        for number in range(4):
            transport = httpx.ASGITransport(app=app.asgi, client=(f"203.0.{number}.9", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
                token = await challenge(stranger, person.email)
                statuses += [(await give(stranger, token, "a" * 24)).status_code for _ in range(3)]
        assert statuses == [401] * 6 + [429] * 6

    async def test_the_owner_is_not_locked_out_by_a_stranger_who_knows_the_password(
        self, app: Application, client: httpx.AsyncClient
    ) -> None:
        await make_person(app, email="maya@example.com")
        person = await sign_in(client, "maya@example.com")
        phone = await enrol(client, person)
        transport = httpx.ASGITransport(app=app.asgi, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as stranger:
            statuses = []
            for _ in range(3):
                token = await challenge(stranger, person.email)
                statuses += [(await give(stranger, token, "a" * 24)).status_code for _ in range(4)]
        assert statuses == [401] * 6 + [429] * 6
        assert (await give(client, await challenge(client, person.email), phone.code())).status_code == 200
