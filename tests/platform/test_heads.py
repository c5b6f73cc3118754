"""Header fields are bounded by the server itself, before any of our layers is asked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from faded_skies.bootstrap import Application
from servers import serving


@pytest.fixture
async def port(app: Application) -> AsyncIterator[int]:
    async with serving(app.asgi) as address:
        yield int(address.rpartition(":")[2])


async def said(port: int, *pieces: bytes, most: int = 4_000) -> bytes:
    """Send the pieces, the last one again and again; return the first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.ensure_future(reader.readline())
    try:
        async with asyncio.timeout(20):
            for piece in (*pieces, *[pieces[-1]] * most):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)  # the server shares this loop
                if answer.done():
                    break
            return await answer
    finally:
        answer.cancel()
        writer.transport.abort()


START = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (START + b"X-Long: ", b"a" * 16_384),
        (START, b"X-Short: b\r\n" * 1_000),
        (b"GET /", b"a" * 16_384),
        (CHUNKED + b"X-Trailer: ", b"a" * 16_384),
    ],
    ids=["one-field", "many-fields", "path", "trailer"],
)
async def test_who_goes_on_and_on_is_hung_up_on(port: int, start: bytes, more: bytes) -> None:
    try:
        line = await said(port, start, more)
    except ConnectionError:
        return  # closed while we were still sending
    assert line.startswith(b"HTTP/1.1 431 ")


async def test_a_header_as_browsers_send_it_passes(port: int) -> None:
    line = await said(port, START + b"Cookie: " + b"c" * 16_384 + b"\r\n\r\n", most=0)
    assert line == b"HTTP/1.1 200 OK\r\n"


async def test_a_body_is_no_header(port: int) -> None:
    start = (
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 163840\r\n\r\n"
    )
    line = await said(port, start, b" " * 16_384, most=9)
    assert line == b"HTTP/1.1 400 Bad Request\r\n"
