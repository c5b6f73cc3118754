"""Papers by the door: larger bodies than elsewhere, for this one path, from who is signed in."""

import os
from pathlib import Path

import httpx
import pytest

from factories.disk import opened_for_writing
from factories.identity import signed_in
from factories.papers import front, saved
from factories.verification import hand_in
from faded_skies.bootstrap import Application
from faded_skies.platform.settings import Settings

MEGABYTE = 1024 * 1024
PATH = "/api/users/id-verification"
NOISY_FRONT = saved(front()) + os.urandom(9 * MEGABYTE)


def contents_of(folder: Path) -> list[bytes]:
    bodies = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert bodies
    return bodies


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_two_large_papers_are_taken(app: Application, client: httpx.AsyncClient) -> None:
    maya = await signed_in(app, id_verified=False)
    answer = await hand_in(client, maya, front_picture=NOISY_FRONT, back=NOISY_FRONT)
    assert answer.status_code == 202, answer.text


async def test_no_paper_lies_on_the_disk_in_the_clear(
    app: Application, client: httpx.AsyncClient, settings: Settings
) -> None:
    maya = await signed_in(app, id_verified=False)
    with opened_for_writing() as opened:
        answer = await hand_in(client, maya, front_picture=NOISY_FRONT)
    assert answer.status_code == 202, answer.text
    vault = settings.data / "vault"
    assert [path for path in opened if path != "/dev/null" and not path.startswith(str(vault))] == []
    assert all(b"JFIF" not in body for body in contents_of(vault))


async def test_a_paper_of_more_than_ten_megabytes_is_not(app: Application, client: httpx.AsyncClient) -> None:
    maya = await signed_in(app, id_verified=False)
    answer = await hand_in(client, maya, front_picture=saved(front()).ljust(10 * MEGABYTE + 1, b"\x00"))
    refused(answer, 413, "FILE_TOO_LARGE")
    latest = await client.get(PATH, headers=maya.headers)
    assert latest.json() == {"verification": None}


async def test_a_body_larger_than_two_papers_is_not_read(app: Application, client: httpx.AsyncClient) -> None:
    maya = await signed_in(app, id_verified=False)
    answer = await hand_in(client, maya, front_picture=bytes(21 * MEGABYTE))
    refused(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"<svg><script>1</script></svg>", 415, "UNSUPPORTED_FILE_TYPE", id="svg"),
        pytest.param(saved(front((100, 100))), 422, "UNREADABLE_DOCUMENT", id="too-small"),
        pytest.param(saved(front())[:2000], 422, "UNREADABLE_DOCUMENT", id="cut-short"),
    ],
)
async def test_what_is_no_paper_is_refused_and_leaves_nothing(
    app: Application, client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    maya = await signed_in(app, id_verified=False)
    refused(await hand_in(client, maya, front_picture=body), status, code)
    assert (await client.get(PATH, headers=maya.headers)).json() == {"verification": None}


async def test_a_stranger_is_refused_before_anything_is_read(client: httpx.AsyncClient) -> None:
    files = {"idDocument": NOISY_FRONT}
    refused(await client.post(PATH, files=files), 401, "TOKEN_REQUIRED")


async def test_elsewhere_a_megabyte_stays_the_most(app: Application, client: httpx.AsyncClient) -> None:
    maya = await signed_in(app, id_verified=False)
    answer = await client.put("/api/users/profile", headers=maya.headers, content=bytes(MEGABYTE + 1))
    refused(answer, 413, "BODY_TOO_LARGE")
