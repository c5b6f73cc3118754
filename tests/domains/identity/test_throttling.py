"""Sign-in is limited for each account and each network, and nobody can be locked out of their account by it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from factories.authenticator import Authenticator, add, enter, request_options
from factories.identity import PASSWORD, mails_to, make_person, sign_in, token_in
from factories.second_factor import enrol, give
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

Drain = Callable[[], Awaitable[None]]
FromAddress = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]

MOST = 3
MAYA = "maya@example.com"
NEW = "Newer-Skies-43!"
REFUSED = (
    "Too many attempts to sign in did not work. Reset your password by mail to sign in at once, "
    "or wait a few minutes."
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_auth_max": MOST})


@pytest.fixture
def at(app: Application) -> FromAddress:
    """A client that comes from an address."""

    def make(address: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=app.asgi, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://test")

    return make


async def attempt(
    at: FromAddress, address: str, email: str = MAYA, password: str = "Wrong-Skies-1!"
) -> httpx.Response:
    async with at(address) as client:
        return await client.post("/api/auth/login", json={"email": email, "password": password})


async def use_up(at: FromAddress, email: str = MAYA, network: str = "198.51.100") -> None:
    """Attack the account from ever new addresses until strangers are refused."""
    answers = [await attempt(at, f"{network}.{number}", email) for number in range(1, MOST + 2)]
    assert [answer.status_code for answer in answers] == [401] * MOST + [429]


async def test_an_attack_from_many_addresses_is_bounded_and_leaves_the_owner_in(
    app: Application, at: FromAddress
) -> None:
    await make_person(app, email=MAYA)
    async with at("192.0.2.10") as home:
        await sign_in(home, MAYA)
        await use_up(at)
        refused = await attempt(at, "198.51.100.99", password=PASSWORD)
        assert (refused.status_code, refused.json()["error"]) == (429, REFUSED)
        assert 1 <= int(refused.headers["retry-after"]) <= 900
        await sign_in(home, MAYA)


async def test_a_known_and_an_unknown_account_are_refused_alike(app: Application, at: FromAddress) -> None:
    await make_person(app, email=MAYA)
    for email, network in ((MAYA, "198.51.100"), ("nobody@example.com", "203.0.113")):
        answers = [await attempt(at, f"{network}.{number}", email) for number in range(MOST + 2)]
        told = [(answer.status_code, answer.json()["error"]) for answer in answers]
        wrong = "That e-mail address and password do not belong together. Check both, or reset your password."
        assert told == [(401, wrong)] * MOST + [(429, REFUSED)] * 2
        assert {frozenset(answer.json()) for answer in answers[MOST:]} == {
            frozenset({"error", "code", "retryAfter"})
        }


async def test_a_mailed_link_opens_the_way_from_a_new_network_during_an_attack(
    app: Application, at: FromAddress, drain: Drain
) -> None:
    await make_person(app, email=MAYA)
    await use_up(at)
    async with at("192.0.2.77") as hotel:
        # The hotel's other guest has used up what this network may try.
        for _ in range(MOST):
            await attempt(at, "192.0.2.77", "guest@example.com")
        assert (await attempt(at, "192.0.2.77", password=PASSWORD)).status_code == 429
        assert (await hotel.post("/api/auth/forgot-password", json={"email": MAYA})).status_code == 202
        await drain()
        (mail,) = mails_to(app, MAYA)
        body = {"token": token_in(mail), "newPassword": NEW}
        assert (await hotel.post("/api/auth/reset-password", json=body)).status_code == 200
        await sign_in(hotel, MAYA, NEW)
    # It opens this account only, and from there only.
    assert (await attempt(at, "192.0.2.77", "guest@example.com")).status_code == 429
    assert (await attempt(at, "192.0.2.78", password=NEW)).status_code == 429


async def test_what_a_mailed_link_opens_is_bounded_too(
    app: Application, at: FromAddress, drain: Drain, db: Database
) -> None:
    await make_person(app, email=MAYA)
    async with at("192.0.2.77") as hotel:
        await hotel.post("/api/auth/forgot-password", json={"email": MAYA})
        await drain()
        (mail,) = mails_to(app, MAYA)
        await hotel.post("/api/auth/reset-password", json={"token": token_in(mail), "newPassword": NEW})
    codes = [(await attempt(at, "192.0.2.77")).status_code for _ in range(MOST + 1)]
    assert codes == [401] * MOST + [429]
    await db.pool.execute("UPDATE mailed_tokens SET used_at = now() - interval '61 minutes'")
    # After the hour the network is as any other: what it tried by the link's leave does not count against it.
    assert (await attempt(at, "192.0.2.77")).status_code == 401


async def test_a_network_that_is_refused_uses_up_nobodys_chances(app: Application, at: FromAddress) -> None:
    await make_person(app, email=MAYA)
    for number in range(MOST):
        await attempt(at, "198.51.100.1", f"somebody-{number}@example.com")
    for _ in range(MOST + 1):
        assert (await attempt(at, "198.51.100.1")).status_code == 429
    assert (await attempt(at, "203.0.113.5", password=PASSWORD)).status_code == 200


async def test_one_network_trying_many_accounts_is_bounded(at: FromAddress) -> None:
    codes = [
        (await attempt(at, "198.51.100.1", f"somebody-{number}@example.com")).status_code
        for number in range(MOST + 2)
    ]
    assert codes == [401] * MOST + [429] * 2


async def test_attempts_at_once_are_no_more_than_one_after_another(app: Application, at: FromAddress) -> None:
    await make_person(app, email=MAYA)
    answers = await asyncio.gather(*(attempt(at, f"198.51.100.{number}") for number in range(20)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(401), codes.count(429)) == (MOST, 20 - MOST)


@pytest.mark.parametrize("spelling", ["MAYA@EXAMPLE.COM", "Maya@Example.com"])
async def test_other_spellings_of_an_address_are_the_same_account(
    app: Application, at: FromAddress, spelling: str
) -> None:
    await make_person(app, email=MAYA)
    await use_up(at)
    assert (await attempt(at, "203.0.113.5", spelling, PASSWORD)).status_code == 429


async def test_of_ipv6_the_network_counts(app: Application, at: FromAddress) -> None:
    await make_person(app, email=MAYA)
    async with at("2001:db8:0:1::10") as home:
        await sign_in(home, MAYA)
    codes = [
        (await attempt(at, f"2001:db8:0:2::{number}", f"somebody-{number}@example.com")).status_code
        for number in range(1, MOST + 2)
    ]
    assert codes == [401] * MOST + [429]
    await use_up(at)
    assert (await attempt(at, "2001:db8:0:1:ffff::1", password=PASSWORD)).status_code == 200
    assert (await attempt(at, "2001:db8:0:3::1", password=PASSWORD)).status_code == 429


async def test_an_address_is_familiar_for_90_days(app: Application, at: FromAddress, db: Database) -> None:
    await make_person(app, email=MAYA)
    async with at("192.0.2.10") as home:
        await sign_in(home, MAYA)
    await use_up(at)
    await db.pool.execute("UPDATE sessions SET created_at = now() - interval '91 days'")
    assert (await attempt(at, "192.0.2.10", password=PASSWORD)).status_code == 429


async def test_where_others_signed_in_is_not_familiar(app: Application, at: FromAddress) -> None:
    await make_person(app, email=MAYA)
    await make_person(app, email="noor@example.com")
    async with at("192.0.2.10") as cafe:
        await sign_in(cafe, "noor@example.com")
    await use_up(at)
    assert (await attempt(at, "192.0.2.10", password=PASSWORD)).status_code == 429


async def test_valkey_holds_no_addresses_of_people(app: Application, at: FromAddress) -> None:
    await make_person(app, email=MAYA)
    await use_up(at)
    keys = [key.decode() async for key in app.ports.valkey.scan_iter()]
    assert any(key.endswith(":strangers") or ":strangers:" in key for key in keys)
    assert not any("maya" in key or "@" in key for key in keys)


async def test_failed_resets_and_sign_ins_bar_different_doors(at: FromAddress) -> None:
    async with at("198.51.100.1") as client:
        for _ in range(MOST + 1):
            answer = await client.post(
                "/api/auth/reset-password", json={"token": "wrong", "newPassword": NEW}
            )
        assert answer.status_code == 429
        assert (await attempt(at, "198.51.100.1")).status_code == 401
        assert (await client.post("/api/auth/forgot-password", json={"email": MAYA})).status_code == 202


async def test_a_mailed_link_opens_the_way_to_who_has_a_second_factor_too(
    app: Application, at: FromAddress, drain: Drain
) -> None:
    await make_person(app, email=MAYA)
    async with at("192.0.2.10") as home:
        phone = await enrol(home, await sign_in(home, MAYA))
    async with at("192.0.2.77") as hotel:
        for number in range(MOST):
            await attempt(at, "192.0.2.77", f"guest-{number}@example.com")
        await hotel.post("/api/auth/forgot-password", json={"email": MAYA})
        await drain()
        mail = next(mail for mail in mails_to(app, MAYA) if mail.subject == "Choose a new password")
        body = {"token": token_in(mail), "newPassword": NEW}
        assert (await hotel.post("/api/auth/reset-password", json=body)).status_code == 200
        asked = await hotel.post("/api/auth/login", json={"email": MAYA, "password": NEW})
        assert (await give(hotel, asked.json()["mfaToken"], phone.code())).status_code == 200


async def test_wrong_passwords_of_neighbours_bar_no_sign_in_without_a_password(
    app: Application, at: FromAddress
) -> None:
    await make_person(app, email=MAYA)
    async with at("192.0.2.77") as hotel:
        person, device = await sign_in(hotel, MAYA), Authenticator()
        await add(hotel, person, device)
        for number in range(MOST):
            await attempt(at, "192.0.2.77", f"guest-{number}@example.com")
        assert (await attempt(at, "192.0.2.77", "guest-9@example.com")).status_code == 429
        assert (await enter(hotel, device.get(await request_options(hotel)))).status_code == 200
        body = {"refreshToken": person.refresh_token}
        assert (await hotel.post("/api/auth/refresh-token", json=body)).status_code == 200


async def test_wrong_present_passwords_are_bounded_for_the_account_from_however_many_networks(
    app: Application, at: FromAddress
) -> None:
    await make_person(app, email=MAYA)
    async with at("192.0.2.10") as home:
        stolen = await sign_in(home, MAYA)
    body = {"currentPassword": "Wrong-Skies-1!", "newPassword": NEW}
    codes = []
    for number in range(1, MOST + 2):
        async with at(f"198.51.100.{number}") as thief:
            codes.append(
                (await thief.put("/api/users/password", headers=stolen.headers, json=body)).status_code
            )
    assert codes == [422] * MOST + [429]
    async with at("192.0.2.10") as home:
        right = {"currentPassword": PASSWORD, "newPassword": NEW}
        assert (await home.put("/api/users/password", headers=stolen.headers, json=right)).status_code == 200


async def test_who_is_signed_in_cannot_ask_without_end_whose_address_is_known(
    app: Application, at: FromAddress
) -> None:
    await make_person(app, email=MAYA)
    await make_person(app, email="noor@example.com")
    async with at("192.0.2.10") as home:
        headers = (await sign_in(home, MAYA)).headers
        body = {"email": "noor@example.com"}
        codes = [
            (await home.put("/api/users/profile", headers=headers, json=body)).status_code
            for _ in range(MOST + 1)
        ]
        assert codes == [409] * MOST + [429]
        assert (
            await home.put("/api/users/profile", headers=headers, json={"fullName": "Maya B"})
        ).status_code == 200
