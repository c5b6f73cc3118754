"""Passkeys by the door, with a software authenticator that shares no code with the library that judges it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from factories.authenticator import (
    BACKED_UP,
    ELIGIBLE,
    ORIGIN,
    PRESENT,
    RP_ID,
    VERIFIED,
    Algorithm,
    Authenticator,
    Key,
    add,
    b64,
    creation_options,
    enter,
    keep,
    request_options,
)
from factories.identity import PASSWORD, mails_to, sign_in, signed_in
from factories.privacy import close
from factories.second_factor import challenge, enrol
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

Actions = Callable[[], Awaitable[list[str]]]


async def _age(db: Database, minutes: int) -> None:
    await db.fetch("UPDATE sessions SET created_at = created_at - make_interval(mins => $1)", minutes)


async def test_one_is_added_listed_used_and_removed(
    app: Application, client: httpx.AsyncClient, drain: Callable[[], Awaitable[None]], actions: Actions
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    before = datetime.now(UTC)
    passkey_id = await add(client, person, device, "  My phone ")
    answer = await client.get("/api/users/passkeys", headers=person.headers)
    (listed,) = answer.json()["passkeys"]
    created = datetime.fromisoformat(listed.pop("createdAt"))
    assert before - timedelta(seconds=5) < created < datetime.now(UTC) + timedelta(seconds=5)
    assert listed == {"id": passkey_id, "name": "My phone", "lastUsedAt": None, "backedUp": True}

    entered = await enter(client, device.get(await request_options(client)))
    assert entered.status_code == 200, entered.text
    assert entered.json()["user"]["id"] == str(person.id)
    headers = {"Authorization": f"Bearer {entered.json()['accessToken']}"}
    (used,) = (await client.get("/api/users/passkeys", headers=headers)).json()["passkeys"]
    assert datetime.fromisoformat(used["lastUsedAt"]) >= created

    path = f"/api/users/passkeys/{passkey_id}"
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.delete(path, headers=headers)).json()["code"] == "NOT_FOUND"
    refused = await enter(client, device.get(await request_options(client)))
    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_PASSKEY")
    assert await actions() == [
        "person.created",
        "sign_in.succeeded",
        "passkey.added",
        "sign_in.succeeded",
        "passkey.removed",
        "sign_in.failed",
    ]
    await drain()
    subjects = [mail.subject for mail in mails_to(app, person.email)]
    assert sorted(subjects) == ["A passkey was added", "A passkey was removed"]


async def test_the_options_ask_for_what_we_rely_on(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    options = await creation_options(client, person)
    assert len(options.pop("challenge")) == 43
    assert options == {
        "rp": {"id": RP_ID, "name": "Faded Skies"},
        "user": {"id": b64(person.id.bytes), "name": person.email, "displayName": "Maya Okafor"},
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7, -257)],
        "timeout": 300_000,
        "excludeCredentials": [{"type": "public-key", "id": b64(device.credential_id)}],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    asked = await request_options(client)
    assert len(asked.pop("challenge")) == 43
    assert asked == {
        "timeout": 300_000,
        "rpId": RP_ID,
        "allowCredentials": [],
        "userVerification": "required",
    }


@pytest.mark.parametrize("attestation", ["none", "packed"])
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_every_algorithm_that_we_name_works(
    app: Application, client: httpx.AsyncClient, algorithm: Algorithm, attestation: str
) -> None:
    device = Authenticator(key=Key(algorithm), attestation="packed" if attestation == "packed" else "none")
    await add(client, await signed_in(app), device)
    assert (await enter(client, device.get(await request_options(client)))).status_code == 200


async def test_every_app_of_the_shop_may_use_it_but_the_first_says_whose_it_is(settings: Settings) -> None:
    apps = settings.model_copy(update={"client_url": "https://shop.test,https://staff.shop.test:8443"})
    async with bootstrap.application(apps) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            device = Authenticator(origin="https://staff.shop.test:8443", rp_id="shop.test")
            await add(client, await signed_in(app), device)
            device.origin = "https://shop.test"
            assert (await enter(client, device.get(await request_options(client)))).status_code == 200
            device.origin = "https://other.shop.test"
            assert (await enter(client, device.get(await request_options(client)))).status_code == 401


async def test_it_counts_as_the_second_factor_too(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await enrol(client, person)
    device = Authenticator()
    await add(client, person, device)
    assert await challenge(client, person.email)
    assert (await enter(client, device.get(await request_options(client)))).status_code == 200
    newest = await db.fetchrow("SELECT first_factor, second_factor_at FROM sessions ORDER BY id DESC LIMIT 1")
    assert newest is not None
    assert newest["first_factor"] == "passkey"
    assert newest["second_factor_at"] is not None


async def test_staff_who_must_have_a_second_factor_get_in_by_one_and_cannot_add_one_without(
    settings: Settings,
) -> None:
    strict = settings.model_copy(update={"mfa_required": True})
    async with bootstrap.application(strict) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            admin = await signed_in(app, Role.ADMIN)
            answer = await client.post("/api/users/passkeys/options", headers=admin.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "MFA_REQUIRED")
            await enrol(client, admin)
            device = Authenticator()
            await add(client, admin, device)
            entered = await enter(client, device.get(await request_options(client)))
            headers = {"Authorization": f"Bearer {entered.json()['accessToken']}"}
            assert (await client.get("/api/admin/orders", headers=headers)).status_code == 200


async def test_adding_one_needs_a_fresh_session_or_the_password(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    path = "/api/users/passkeys/options"
    assert (await client.post(path, headers=person.headers)).status_code == 200
    await _age(db, 5)
    for body in (None, {}, {"password": None}):
        refused = await client.post(path, headers=person.headers, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "FRESH_SIGN_IN_REQUIRED"), body
    wrong = await client.post(path, headers=person.headers, json={"password": "Wrong-Skies-42!"})
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (422, "password")
    device = Authenticator()
    options = await creation_options(client, person, password=PASSWORD)
    assert (await keep(client, person, device.create(options))).status_code == 201


async def test_who_has_a_second_factor_cannot_add_one_by_the_password_alone(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await enrol(client, person)
    await _age(db, 5)
    answer = await client.post(
        "/api/users/passkeys/options", headers=person.headers, json={"password": PASSWORD}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "FRESH_SIGN_IN_REQUIRED")
    assert await db.fetchval("SELECT count(*) FROM passkey_challenges") == 0


async def test_wrong_passwords_are_limited(settings: Settings) -> None:
    tight = settings.model_copy(update={"rate_limit_auth_max": 3})
    async with bootstrap.application(tight) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            person = await signed_in(app)
            path, wrong = "/api/users/passkeys/options", {"password": "Wrong-Skies-42!"}
            codes = [
                (await client.post(path, headers=person.headers, json=wrong)).status_code for _ in range(4)
            ]
            assert codes == [422, 422, 422, 429]


async def test_failed_sign_ins_are_limited_by_address(settings: Settings) -> None:
    tight = settings.model_copy(update={"rate_limit_auth_max": 3})
    async with bootstrap.application(tight) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            device = Authenticator(handle=b"nobody")
            codes = [
                (await enter(client, device.get(await request_options(client)))).status_code for _ in range(4)
            ]
            assert codes == [401, 401, 401, 429]


async def test_there_are_ten_at_most(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    person = await signed_in(app)
    spare = await creation_options(client, person)
    for number in range(10):
        await add(client, person, Authenticator(), f"Phone {number}")
    for answer in (
        await client.post("/api/users/passkeys/options", headers=person.headers),
        await keep(client, person, Authenticator().create(spare)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "TOO_MANY_PASSKEYS")
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 10


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b"], ids=["empty", "blank", "long", "nul"])
async def test_names_are_judged(app: Application, client: httpx.AsyncClient, name: str) -> None:
    person = await signed_in(app)
    device = Authenticator()
    answer = await keep(client, person, device.create(await creation_options(client, person)), name)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_others_see_and_remove_nothing_of_it(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    owner, stranger = await signed_in(app), await signed_in(app)
    passkey_id = await add(client, owner, Authenticator())
    assert (await client.get("/api/users/passkeys", headers=stranger.headers)).json() == {"passkeys": []}
    answer = await client.delete(f"/api/users/passkeys/{passkey_id}", headers=stranger.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await db.fetchval("SELECT count(*) FROM passkeys WHERE user_id = $1", owner.id) == 1


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_an_account_that_is_not_active_is_told_so_only_after_the_proof(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, status: str
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    await db.fetch("UPDATE users SET account_status = $2 WHERE id = $1", person.id, status)
    thief = replace(device, key=Key())
    wrong = await enter(client, thief.get(await request_options(client)))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "INVALID_PASSKEY")
    right = await enter(client, device.get(await request_options(client)))
    assert (right.status_code, right.json()["code"]) == (403, "ACCOUNT_SUSPENDED")
    assert (await actions())[-2:] == ["sign_in.failed", "sign_in.suspended"]
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


async def test_backing_up_is_followed(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    person = await signed_in(app)
    device = Authenticator(flags=PRESENT | VERIFIED | ELIGIBLE)
    await add(client, person, device)
    assert await db.fetchval("SELECT backed_up FROM passkeys") is False
    device.flags |= BACKED_UP
    assert (await enter(client, device.get(await request_options(client)))).status_code == 200
    assert await db.fetchval("SELECT backed_up FROM passkeys") is True


async def test_challenges_that_nobody_answered_are_forgotten(client: httpx.AsyncClient, db: Database) -> None:
    await request_options(client)
    await request_options(client)
    await db.fetch(
        "UPDATE passkey_challenges SET expires_at = now() - interval '1 second' "
        "WHERE challenge = (SELECT min(challenge) FROM passkey_challenges)"
    )
    async with db.transaction() as tx:
        await service.prune(tx)
    assert await db.fetchval("SELECT count(*) FROM passkey_challenges") == 1


async def test_a_password_goes_on_to_work_beside_it(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    device = Authenticator()
    assert device.origin == ORIGIN
    await add(client, person, device)
    assert (await sign_in(client, person.email)).id == person.id


async def test_the_export_tells_of_it_and_closing_the_account_erases_it(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device, "Maya's own phone")
    await creation_options(client, person)
    told = (await client.get("/api/users/me/export", headers=person.headers)).json()["passkeys"]
    assert [(one["name"], one["backedUp"], one["lastUsedAt"]) for one in told] == [
        ("Maya's own phone", True, None)
    ]
    assert (await close(client, person.headers)).status_code < 300
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 0
    assert await db.fetchval("SELECT count(*) FROM passkey_challenges") == 0
    answer = await enter(client, device.get(await request_options(client)))
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_PASSKEY")
