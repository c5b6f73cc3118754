"""Forms with files: bounded, strict, a few at a time, and nothing of them on a disk."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from factories.disk import opened_for_writing
from faded_skies.platform.http import errors
from faded_skies.platform.http.large import LargeBodies
from faded_skies.platform.http.uploads import documented_form, read_form

MEGABYTE = 1024 * 1024
BOUNDARY = "a-boundary"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def build() -> FastAPI:
    api = FastAPI()
    errors.install(api)

    @api.post("/form")
    async def form(request: Request) -> dict[str, Any]:
        read = await read_form(
            request,
            files={"paper": 3 * MEGABYTE, "back": 1000},
            fields={"kind": 10, "note": 5},
            longest=float(request.query_params.get("longest", "60")),
        )
        return {"files": {name: len(body) for name, body in read.files.items()}, "fields": read.fields}

    @api.post("/framework")
    async def framework(request: Request) -> int:
        async with request.form() as form:
            return len(form)

    return api


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build()) as client:
        yield client


@asynccontextmanager
async def client_of(asgi: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=asgi), base_url="http://test") as client:
        yield client


def part(name: str, content: bytes, *, more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def refused(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    return str(answer.json()["error"])


async def test_files_and_fields_are_read(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/form",
        files={"paper": ("../../etc/passwd", os.urandom(2 * MEGABYTE), "text/html"), "back": b"x" * 1000},
        data={"kind": "pässe ✓"},
    )
    assert answer.json() == {"files": {"paper": 2 * MEGABYTE, "back": 1000}, "fields": {"kind": "pässe ✓"}}


async def test_bytes_arrive_as_they_were_sent() -> None:
    sent, seen = os.urandom(70_000) + f"\r\n--{BOUNDARY[:-1]}".encode() + b"\r\n\r\n", []
    api = FastAPI()

    @api.post("/form")
    async def form(request: Request) -> None:
        seen.append((await read_form(request, files={"paper": MEGABYTE}, fields={})).files["paper"])

    async with client_of(api) as client:
        await client.post("/form", content=part("paper", sent) + END, headers=HEADERS)
    assert seen == [sent]


async def test_what_was_not_chosen_is_not_there(http: httpx.AsyncClient) -> None:
    """Browsers send a part of no bytes for a file that nobody chose."""
    body = part("paper", b"", more='; filename=""') + part("kind", b"") + END
    answer = await http.post("/form", content=body, headers=HEADERS)
    assert answer.json() == {"files": {}, "fields": {"kind": ""}}
    assert (await http.post("/form", content=END, headers=HEADERS)).json() == {"files": {}, "fields": {}}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        pytest.param(part("other", b"x"), "other", "This field is not known here; remove it.", id="unknown"),
        pytest.param(part("x" * 500, b"x"), "x" * 100, "This field is not known here; remove it.", id="long"),
        pytest.param(
            part("kind", b"a") + part("kind", b"b"), "kind", "Send this only once.", id="field-twice"
        ),
        pytest.param(
            part("paper", b"") + part("paper", b"b"), "paper", "Send this only once.", id="file-twice"
        ),
        pytest.param(part("note", b"123456"), "note", "Write at most 5 characters.", id="long-text"),
        pytest.param(part("note", b"1" * 9999), "note", "Write at most 5 characters.", id="endless-text"),
        pytest.param(
            part("kind", b"\xff"),
            "kind",
            "This text holds characters that are not valid Unicode.",
            id="bytes",
        ),
        pytest.param(part("kind", b"a\x00b"), "kind", "Remove the NUL character.", id="nul"),
    ],
)
async def test_wrong_fields_are_named(http: httpx.AsyncClient, body: bytes, field: str, message: str) -> None:
    answer = await http.post("/form", content=body + END, headers=HEADERS)
    assert refused(answer, 422, "VALIDATION_ERROR") == message
    assert answer.json()["details"] == [{"field": field, "message": message}]


@pytest.mark.parametrize(
    "kind", [None, "application/json", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x"]
)
async def test_other_bodies_are_not_forms(http: httpx.AsyncClient, kind: str | None) -> None:
    answer = await http.post("/form", content=b"{}", headers={"Content-Type": kind} if kind else {})
    assert "multipart/form-data" in refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(part("paper", b"abc"), id="no-end"),
        pytest.param(part("paper", b"abc")[:-10], id="breaks-off"),
        pytest.param(f"--{BOUNDARY}\r\n\r\nabc\r\n".encode() + END, id="no-headers"),
        pytest.param(
            f"--{BOUNDARY}\r\nContent-Disposition: attachment; name=paper\r\n\r\nabc\r\n".encode() + END,
            id="not-form-data",
        ),
        pytest.param(
            f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nabc\r\n".encode() + END, id="no-name"
        ),
        pytest.param(
            f"--{BOUNDARY}\r\n".encode() + b"X-A: b\r\n" * 100 + b"\r\nabc\r\n" + END, id="many-headers"
        ),
        pytest.param(
            f"--{BOUNDARY}\r\nX-A: ".encode() + b"b" * 99_999 + b"\r\n\r\nabc\r\n" + END, id="long-header"
        ),
    ],
)
async def test_broken_forms_are_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/form", content=body, headers=HEADERS)
    refused(answer, 400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 300}"])
async def test_broken_boundaries_are_refused(http: httpx.AsyncClient, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    refused(await http.post("/form", content=b"--\r\n\r\n", headers=headers), 400, "MALFORMED_REQUEST")


async def test_a_file_too_large_is_refused_at_the_first_byte_too_many() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield part("paper", b"")[:-2]
        while True:
            sent += 64 * 1024
            yield bytes(64 * 1024)

    async with client_of(build()) as client:
        answer = await client.post("/form", content=endless(), headers=HEADERS)
        assert refused(answer, 413, "FILE_TOO_LARGE") == "This file has more than 3 MB. Send a smaller one."
        assert sent == 3 * MEGABYTE + 64 * 1024
        exact = part("paper", bytes(3 * MEGABYTE)) + END
        assert (await client.post("/form", content=exact, headers=HEADERS)).status_code == 200
        more = part("paper", bytes(3 * MEGABYTE + 1)) + END
        refused(await client.post("/form", content=more, headers=HEADERS), 413, "FILE_TOO_LARGE")


async def test_an_upload_may_not_take_for_ever() -> None:
    never = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield part("paper", b"abc")
        await never.wait()

    async with client_of(build()) as client:
        answer = await client.post("/form?longest=0.05", content=stalled(), headers=HEADERS)
    refused(answer, 400, "UPLOAD_TOO_SLOW")


@given(st.binary(max_size=300), st.integers(0, 200), st.integers(0, 40))
async def test_any_body_is_read_or_refused(noise: bytes, start: int, length: int) -> None:
    good = part("paper", b"abc") + part("kind", b"id") + END
    async with client_of(build()) as client:
        for body in (noise, good[:start] + noise + good[start + length :]):
            answer = await client.post("/form", content=body, headers=HEADERS)
            assert answer.status_code in {200, 400, 413, 422}, answer.text


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is opened for writing meanwhile; temporary files would lie in tmp_path."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with opened_for_writing() as seen:
        yield seen


def names_in(folder: Path) -> list[str]:
    return [place.name for place in folder.iterdir()]


async def test_no_byte_touches_the_disk(http: httpx.AsyncClient, disk: list[str], tmp_path: Path) -> None:
    body = part("paper", os.urandom(2 * MEGABYTE)) + part("kind", b"id") + END
    assert (await http.post("/form", content=body, headers=HEADERS)).status_code == 200
    assert disk == []
    assert names_in(tmp_path) == []


async def test_the_frameworks_own_reader_would_write(http: httpx.AsyncClient, disk: list[str]) -> None:
    body = part("paper", os.urandom(2 * MEGABYTE), more='; filename="a"') + END
    assert (await http.post("/framework", content=body, headers=HEADERS)).json() == 1
    assert disk != []


def bounded(large: LargeBodies) -> ASGIApp:
    """The API as Front puts it: large bodies wait for a place."""
    api = build()

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        async with large.place(receive) as patiently:
            await api(scope, patiently, send)

    return asgi


async def test_only_a_few_large_bodies_are_in_memory_at_once() -> None:
    go, inside, most = asyncio.Event(), 0, 0

    async def slow() -> AsyncIterator[bytes]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        yield part("paper", b"abc")
        await go.wait()
        inside -= 1
        yield END

    async with client_of(bounded(LargeBodies({"/form": MEGABYTE}, at_once=2))) as client:
        posts = [asyncio.create_task(client.post("/form", content=slow(), headers=HEADERS)) for _ in range(6)]
        while most < 2:
            await asyncio.wait(posts, timeout=0.01)
        go.set()
        answers = await asyncio.gather(*posts)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert most == 2


async def test_who_waits_too_long_for_a_place_is_told_when_to_come_back() -> None:
    never = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield part("paper", b"abc")
        await never.wait()

    large = LargeBodies({"/form": MEGABYTE}, at_once=1, patience=0.05)
    async with client_of(bounded(large)) as client:
        first = asyncio.create_task(client.post("/form?longest=30", content=stalled(), headers=HEADERS))
        while not large.full:
            await asyncio.wait([first], timeout=0.01)
        second = await client.post("/form", content=END, headers=HEADERS)
        assert "half a minute" in refused(second, 503, "TOO_MANY_UPLOADS")
        assert second.headers["retry-after"] == "30"
        # Who sends no body takes no place, and needs none.
        assert (await client.get("/form")).status_code == 405
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await client.post("/form", content=END, headers=HEADERS)).status_code == 200


async def test_a_place_is_given_back_whatever_happens() -> None:
    large = LargeBodies({"/form": MEGABYTE}, at_once=1, patience=0.05)
    async with client_of(bounded(large)) as client:
        for _ in range(3):
            refused(await client.post("/form", content=b"x", headers=HEADERS), 400, "MALFORMED_REQUEST")
    assert not large.full

    async def gone() -> Message:
        raise ConnectionResetError

    async def taker() -> None:
        async with large.place(gone) as patiently:
            await patiently()

    with pytest.raises(ConnectionResetError):
        await taker()
    assert not large.full


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("POST", "/products/import", 5),
        ("POST", "/products/1/images", 9),
        # The same words name a product here: its body is JSON, and read before anybody is asked who they are.
        ("PATCH", "/products/import", None),
        ("POST", "/products", None),
        ("POST", "/products/1/2/images", None),
    ],
)
def test_what_may_be_large(method: str, path: str, most: int | None) -> None:
    large = LargeBodies({"/products/import": 5, "/products/{}/images": 9})
    assert large.most(method, path) == most


def test_a_form_is_documented() -> None:
    told = documented_form(
        files={"paper": "A photo."},
        fields={"kind": "Which."},
        required=("kind",),
        example={"paper": "(a JPEG)", "kind": "passport"},
    )
    (content,) = told["requestBody"]["content"].values()
    assert content["example"] == {"paper": "(a JPEG)", "kind": "passport"}
    assert content["schema"] == {
        "type": "object",
        "properties": {
            "paper": {
                "type": "string",
                "contentMediaType": "application/octet-stream",
                "description": "A photo.",
            },
            "kind": {"type": "string", "description": "Which."},
        },
        "required": ["kind"],
        "additionalProperties": False,
    }
