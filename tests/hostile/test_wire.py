"""Requests that only a raw socket can write, against a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from factories.world import rows_of
from faded_skies.bootstrap import Application
from servers import serving

MEGABYTE = 1024 * 1024
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
POST = b"POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def address(app: Application) -> AsyncIterator[tuple[str, int]]:
    async with serving(app.asgi) as url:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        yield parts.hostname, parts.port


async def say(address: tuple[str, int], *parts: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send the bytes as they are, and return the first answer: status, headers, body."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        async with asyncio.timeout(10):
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
            except ConnectionError:
                pass  # refused before all was sent; the answer is there to read
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            pairs = [line.partition(":") for line in lines]
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            assert len(headers) == len(pairs), "a header twice"
            body = (
                await reader.readexactly(int(headers["content-length"]))
                if "content-length" in headers
                else b""
            )
            return int(first.split(" ")[1]), headers, body
    finally:
        writer.close()


async def test_a_chunked_body_without_end_is_cut_off(app: Application, address: tuple[str, int]) -> None:
    before = await rows_of(app.ports.db)
    status, headers, body = await say(
        address,
        POST + b"Transfer-Encoding: chunked\r\n\r\n",
        *[CHUNK] * (2 * MEGABYTE // 65_536),
        b"0\r\n\r\n",
    )
    assert (status, json.loads(body)["code"]) == (413, "BODY_TOO_LARGE")
    assert headers["content-type"] == "application/json"
    assert await rows_of(app.ports.db) == before


async def test_a_declared_length_that_is_too_large_is_refused_unread(address: tuple[str, int]) -> None:
    status, _, body = await say(address, POST + b"Content-Length: 2000000\r\n\r\n")
    assert (status, json.loads(body)["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_body_of_exactly_the_bound_is_read(address: tuple[str, int]) -> None:
    content = b'{"a": "' + b"x" * (MEGABYTE - 9) + b'"}'
    assert len(content) == MEGABYTE
    status, _, body = await say(address, POST + b"Content-Length: %d\r\n\r\n" % len(content), content)
    assert (status, json.loads(body)["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/cart HTTP/1.1\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: five\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"X-Request-ID: a\x00b\r\n\r\n",
        b"A b: c\r\n\r\n",
        b"\xff\xfe: c\r\n\r\n",
    ],
    ids=[
        "both lengths",
        "two lengths",
        "negative",
        "word",
        "no hex",
        "overflow",
        "NUL",
        "blank in a name",
        "no ASCII",
    ],
)
async def test_what_is_no_http_is_refused(address: tuple[str, int], head: bytes) -> None:
    status, _, _ = await say(address, POST + head)
    assert 400 <= status < 500


async def test_a_header_cannot_be_smuggled_into_the_answer(address: tuple[str, int]) -> None:
    for given in (
        b"abcdefgh\rSet-Cookie: a=b",
        b"abcdefgh%0d%0aSet-Cookie: a=b",
        b"abcdefgh\xc4\x8d\xc4\x8aSet-Cookie: a=b",
    ):
        request = b"GET /health/live HTTP/1.1\r\nHost: test\r\nX-Request-ID: " + given + b"\r\n\r\n"
        status, headers, _ = await say(address, request)
        assert status in {200, 400}
        assert "set-cookie" not in headers
        assert "abcdefgh" not in headers.get("x-request-id", "")


async def test_a_deep_body_over_the_wire(address: tuple[str, int]) -> None:
    content = b"[" * 100_000
    status, _, body = await say(address, POST + b"Content-Length: %d\r\n\r\n" % len(content), content)
    assert status in {400, 422}
    assert json.loads(body)["code"]


async def test_a_client_that_hangs_up_in_its_body_leaves_nothing(
    app: Application, address: tuple[str, int]
) -> None:
    before = await rows_of(app.ports.db)
    _, writer = await asyncio.open_connection(*address)
    writer.write(POST + b'Content-Length: 500\r\n\r\n{"email": "a@example.com", ')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    status, _, _ = await say(address, b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n")
    assert status == 200
    assert await rows_of(app.ports.db) == before
