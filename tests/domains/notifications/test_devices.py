"""The devices that pushes go to."""

import asyncio

import httpx
import pytest

from factories.identity import signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

PATH = "/api/notifications/register-token"


async def owners(db: Database) -> list[tuple[str, object]]:
    rows = await db.fetch("SELECT token, user_id FROM device_tokens ORDER BY token")
    return [(row["token"], row["user_id"]) for row in rows]


async def test_a_device_belongs_to_who_registered_it_last(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    first, second = await signed_in(app), await signed_in(app)
    for person in (first, first, second):
        answer = await client.post(PATH, headers=person.headers, json={"token": "device"})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    await client.post(PATH, headers=first.headers, json={"token": "another"})
    assert await owners(db) == [("another", first.id), ("device", second.id)]


async def test_one_unregisters_only_ones_own(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    first, second = await signed_in(app), await signed_in(app)
    for token in ("a", "b", "c"):
        await client.post(PATH, headers=first.headers, json={"token": token})
    for answer in (
        await client.request("DELETE", PATH, headers=first.headers, json={"token": "a"}),
        await client.delete(PATH, headers=first.headers, params={"token": "b"}),
        await client.delete(PATH, headers=second.headers, params={"token": "c"}),
        await client.delete(PATH, headers=first.headers, params={"token": "never seen"}),
    ):
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert await owners(db) == [("c", first.id)]


async def test_a_token_of_4096_characters_that_do_not_compress_is_kept(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    token = "".join(chr(33 + (number * number * 7919 + number) % 94) for number in range(4096))
    assert (await client.post(PATH, headers=person.headers, json={"token": token})).status_code == 200
    assert await owners(db) == [(token, person.id)]


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": " "}, {"token": "x" * 4097}, {"token": "a\x00"}, {"token": 1}]
)
async def test_other_bodies_are_refused(
    app: Application, client: httpx.AsyncClient, db: Database, body: object
) -> None:
    person = await signed_in(app)
    for method in ("POST", "DELETE"):
        answer = await client.request(method, PATH, headers=person.headers, json=body)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "token")
    assert await owners(db) == []


async def test_a_delete_that_names_nothing_is_refused(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    answer = await client.delete(PATH, headers=person.headers)
    assert (answer.status_code, answer.json()["details"]) == (
        422,
        [{"field": "token", "message": "Say which device token: in the body, or as ?token=…."}],
    )


async def test_strangers_have_no_devices(client: httpx.AsyncClient, db: Database) -> None:
    for method in ("POST", "DELETE"):
        answer = await client.request(method, PATH, json={"token": "device"})
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REQUIRED")
    assert await owners(db) == []


async def test_one_person_keeps_the_newest_twenty(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    for number in range(22):
        await client.post(PATH, headers=person.headers, json={"token": f"device-{number:02}"})
    assert [token for token, _ in await owners(db)] == [f"device-{number:02}" for number in range(2, 22)]


async def test_two_people_with_one_device_at_once(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    people = [await signed_in(app) for _ in range(2)]
    answers = await asyncio.gather(
        *(client.post(PATH, headers=person.headers, json={"token": "device"}) for person in people * 3)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await owners(db)) == 1
