"""Challenges of passkeys are good once, for one purpose and person; counters only go on; and what happens at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx

from factories.authenticator import (
    PRESENT,
    VERIFIED,
    Authenticator,
    Key,
    add,
    creation_options,
    enter,
    keep,
    refused_to_enter,
    refused_to_keep,
    request_options,
)
from factories.identity import signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

Actions = Callable[[], Awaitable[list[str]]]


async def test_a_challenge_is_good_once(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    person = await signed_in(app)
    device = Authenticator()
    options = await creation_options(client, person)
    assert (await keep(client, person, device.create(options))).status_code == 201
    await refused_to_keep(client, person, Authenticator().create(options))
    asked = await request_options(client)
    made = device.get(asked)
    assert (await enter(client, made)).status_code == 200
    await refused_to_enter(client, made)
    await refused_to_enter(client, device.get(asked))
    assert await db.fetchval("SELECT count(*) FROM sessions") == 2


async def test_a_wrong_answer_uses_a_challenge_up(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    options = await creation_options(client, person)
    await refused_to_keep(client, person, Authenticator(origin="https://evil.test").create(options))
    await refused_to_keep(client, person, Authenticator().create(options))
    asked = await request_options(client)
    await refused_to_enter(client, replace(device, key=Key()).get(asked))
    await refused_to_enter(client, device.get(asked))


async def test_a_challenge_is_for_one_purpose_and_one_person(
    app: Application, client: httpx.AsyncClient
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    to_add, to_enter = await creation_options(client, person), await request_options(client)
    await refused_to_enter(client, device.get(to_enter | {"challenge": to_add["challenge"]}))
    swapped = to_add | {"challenge": to_enter["challenge"]}
    await refused_to_keep(client, person, Authenticator().create(swapped))
    await refused_to_keep(client, other, Authenticator().create(to_add))
    assert (await keep(client, person, Authenticator().create(to_add))).status_code == 201
    assert (await enter(client, device.get(to_enter))).status_code == 200


async def test_a_challenge_lives_five_minutes(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    options, asked = await creation_options(client, person), await request_options(client)
    left = await db.fetchval("SELECT max(extract(epoch FROM expires_at - now())) FROM passkey_challenges")
    assert 290 < left <= 301
    await db.fetch("UPDATE passkey_challenges SET expires_at = expires_at - interval '5 minutes'")
    await refused_to_keep(client, person, Authenticator().create(options))
    await refused_to_enter(client, device.get(asked))


async def test_a_counter_that_does_not_go_on_is_refused_and_noted(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions
) -> None:
    device = Authenticator(count=7, step=1)
    await add(client, await signed_in(app), device)
    clone = replace(device)
    assert (await enter(client, device.get(await request_options(client)))).status_code == 200
    assert await db.fetchval("SELECT sign_count FROM passkeys") == 8
    await refused_to_enter(client, clone.get(await request_options(client)))
    await refused_to_enter(client, replace(device, count=0, step=0).get(await request_options(client)))
    assert (await actions())[-4:] == ["passkey.counter_went_back", "sign_in.failed"] * 2
    assert await db.fetchval("SELECT sign_count FROM passkeys") == 8
    assert (await enter(client, device.get(await request_options(client)))).status_code == 200


async def test_one_that_never_counted_may_begin(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    device = Authenticator()
    await add(client, await signed_in(app), device)
    for count in (0, 0, 5):
        device.count = count
        assert (await enter(client, device.get(await request_options(client)))).status_code == 200
    assert await db.fetchval("SELECT sign_count FROM passkeys") == 5
    await refused_to_enter(client, device.get(await request_options(client)))


async def test_whether_it_may_leave_its_device_never_changes(
    app: Application, client: httpx.AsyncClient
) -> None:
    device = Authenticator()
    await add(client, await signed_in(app), device)
    bound = replace(device, flags=PRESENT | VERIFIED)
    await refused_to_enter(client, bound.get(await request_options(client)))


async def test_the_same_answer_many_times_at_once_opens_one_session(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    made = device.get(await request_options(client))
    answers = await asyncio.gather(*(enter(client, made) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    assert await db.fetchval("SELECT count(*) FROM sessions") == 2


async def test_a_counter_is_judged_by_one_at_a_time(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    """The device and its clone sign under two challenges with the same count: one of them gets in."""
    device = Authenticator(count=1, step=1)
    await add(client, await signed_in(app), device)
    made = [replace(device).get(await request_options(client)) for _ in range(4)]
    answers = await asyncio.gather(*(enter(client, one) for one in made))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert await db.fetchval("SELECT sign_count FROM passkeys") == 2


async def test_many_added_at_once_stay_ten_and_one_that_goes_lets_nobody_in(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    made = [Authenticator().create(await creation_options(client, person)) for _ in range(13)]
    answers = await asyncio.gather(*(keep(client, person, one) for one in made))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [422] * 3
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 10


async def test_signing_in_while_it_is_removed_ends_one_way_or_the_other(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    passkey_id = await add(client, person, device)
    made = device.get(await request_options(client))
    removed, entered = await asyncio.gather(
        client.delete(f"/api/users/passkeys/{passkey_id}", headers=person.headers), enter(client, made)
    )
    assert removed.status_code == 204
    opened = await db.fetchval("SELECT count(*) FROM sessions WHERE first_factor = 'passkey'")
    assert (entered.status_code, opened) in {(200, 1), (401, 0)}
    await refused_to_enter(client, device.get(await request_options(client)))
