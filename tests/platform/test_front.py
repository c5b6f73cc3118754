"""The outermost layer: request ids, and an answer of ours to whatever happens behind it."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter

from faded_skies.bootstrap import Application
from faded_skies.platform.http.app import build_api, layered
from faded_skies.platform.http.guards import Guards
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.ratelimit import Meter

SENTENCE = "Something went wrong on our side. Try again; if it stays so, tell us this id: "


@pytest.fixture
async def broken(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API with a mistake in it."""
    router = APIRouter()

    @router.get("/mistake")
    async def mistake() -> None:
        raise LookupError("a secret of ours")

    meter = Meter(app.ports.valkey, "test", limit=100, window=60)
    api = build_api(version="test", ports=app.ports, routes=router.routes)
    asgi = layered(
        api,
        hot_paths=(),
        body_limits={},
        meter=meter,
        apart={},
        tokens=app.ports.tokens,
        origins=["https://shop.example"],
        guards=Guards(secure=False),
        lifecycle=Lifecycle(),
    )
    transport = httpx.ASGITransport(app=asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http
    await meter.close()


async def test_a_mistake_of_ours_is_told_in_our_words_and_keeps_its_secrets(
    broken: httpx.AsyncClient,
) -> None:
    answer = await broken.get("/mistake", headers={"X-Request-ID": "from-the-test"})
    assert answer.status_code == 500
    assert answer.json() == {"error": f"{SENTENCE}from-the-test", "code": "INTERNAL"}
    assert answer.headers["x-request-id"] == "from-the-test"


@pytest.mark.parametrize("given", ["abcdefgh", "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60", "a.b_c-d1", "x" * 128])
async def test_a_well_formed_request_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/health/live", headers={"X-Request-ID": given})
    assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"short",
        b"x" * 129,
        b"two words",
        b"\xffabcdefgh",
        b"<script>alert",
        b"abcdefgh\n",
        b"abcd\x00efgh",
    ],
)
async def test_another_request_id_is_replaced_by_our_own(client: httpx.AsyncClient, given: bytes) -> None:
    answer = await client.get("/health/live", headers=[(b"X-Request-ID", given)])
    assert answer.status_code == 200
    (made,) = answer.headers.get_list("x-request-id")
    assert UUID(made).version == 7


async def test_refusals_and_answers_before_routing_carry_a_request_id(client: httpx.AsyncClient) -> None:
    for path in ("/api/products", "/api/nothing", "/api/cart"):
        answer = await client.get(path, headers={"X-Request-ID": "from-the-test"})
        assert answer.headers["x-request-id"] == "from-the-test", path
