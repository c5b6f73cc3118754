"""Every answer tells browsers what they must not do with it, whoever gives it."""

import json
import re

import httpx
import pytest

from factories.identity import signed_in
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.platform.http.guards import Guards
from faded_skies.platform.settings import Settings

ALWAYS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY"}
DATA = "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"demo": True})


ANSWERS = [
    pytest.param("GET", "/health/live", 200, id="health"),
    pytest.param("GET", "/api/categories", 200, id="hot"),
    pytest.param("HEAD", "/api/categories", 200, id="hot head"),
    pytest.param("GET", "/api/nothing", 404, id="not found"),
    pytest.param("PATCH", "/api/categories", 405, id="method"),
    pytest.param("GET", "/api/cart", 401, id="no token"),
    pytest.param("POST", "/api/auth/login", 422, id="invalid"),
    pytest.param("GET", "/openapi.json", 200, id="document"),
    pytest.param("GET", "/docs", 200, id="docs"),
    pytest.param("GET", "/docs/assets/swagger-ui.css", 200, id="docs asset"),
    pytest.param("GET", "/media/picture.txt", 200, id="media"),
    pytest.param("GET", "/media/nothing.png", 404, id="no media"),
    pytest.param("GET", "/outbox", 200, id="outbox"),
    pytest.param("OPTIONS", "/api/cart", 200, id="preflight"),
    pytest.param("GET", "/socket.io/?EIO=4&transport=polling", 200, id="polling"),
    pytest.param("GET", "/socket.io/?EIO=2&transport=polling", 400, id="bad polling"),
    pytest.param("GET", "/socket.io.js", 404, id="beside the sockets"),
]


async def hang_up(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    """End the session that a poll has opened (packet type 1 of Engine.IO 4), or its server waits for it."""
    if answer.text.startswith('0{"sid"'):
        sid = json.loads(answer.text[1:])["sid"]
        path = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        assert (await client.post(path, content=b"1")).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_each_answer_carries_each_field_once(
    client: httpx.AsyncClient, settings: Settings, method: str, path: str, status: int
) -> None:
    (settings.data / "media").mkdir(exist_ok=True)
    (settings.data / "media" / "picture.txt").write_text("a picture")
    preflight = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "GET"}
    answer = await client.request(method, path, headers=preflight if method == "OPTIONS" else {})
    assert answer.status_code == status
    for name, value in ALWAYS.items():
        assert answer.headers.get_list(name) == [value], name
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    if not answer.headers.get("content-type", "").startswith("text/html"):
        assert policy == DATA
    assert len(answer.headers.get_list("cross-origin-resource-policy")) == 1
    assert "strict-transport-security" not in answer.headers
    await hang_up(client, answer)


async def test_a_flood_and_a_large_body_are_refused_with_them_too(settings: Settings) -> None:
    settings = settings.model_copy(update={"rate_limit_max": 1})
    async with (
        bootstrap.application(settings) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url="http://test") as client,
    ):
        large = await client.post("/api/auth/login", content=b" " * (1024 * 1024 + 1))
        flood = await client.get("/api/categories")
    assert (large.status_code, flood.status_code) == (413, 429)
    for answer in (large, flood):
        assert ALWAYS.items() <= dict(answer.headers).items()
        assert answer.headers["content-security-policy"] == DATA
        assert answer.headers["cache-control"] == "no-store"


async def test_what_is_personal_is_kept_nowhere(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    for path in ("/api/users/profile", "/api/cart", "/api/users/addresses", "/api/orders"):
        answer = await client.get(path, headers=person.headers)
        assert answer.status_code == 200, path
        assert answer.headers.get_list("cache-control") == ["no-store"], path
    answer = await client.post("/api/auth/refresh-token", json={"refreshToken": person.refresh_token})
    assert answer.headers.get_list("cache-control") == ["no-store"]


async def test_what_is_everybodys_is_still_kept_and_compared(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/categories")
    assert answer.headers.get_list("cache-control") == ["public, max-age=0, must-revalidate"]
    again = await client.get("/api/categories", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers.get_list("cache-control")) == (
        304,
        ["public, max-age=0, must-revalidate"],
    )
    for _ in range(2):  # the second comes from the kept bytes
        told = [name for name, _ in (await client.get("/api/categories")).headers.multi_items()]
        assert len(told) == len(set(told))


async def test_media_may_be_shown_by_the_apps(client: httpx.AsyncClient, settings: Settings) -> None:
    (settings.data / "media").mkdir(exist_ok=True)
    (settings.data / "media" / "picture.txt").write_text("a picture")
    answer = await client.get("/media/picture.txt")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "cache-control" not in answer.headers
    assert (await client.get("/health/live")).headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/docs", "/outbox"])
async def test_pages_stay_by_themselves(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    policy = answer.headers["content-security-policy"]
    scripts = re.findall(r"script-src ([^;]*)", policy)
    assert "unsafe-inline" not in "".join(scripts)
    if path == "/docs":
        (allowed,) = scripts
        assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/]{43}='", allowed)
    else:
        assert scripts == []


async def test_a_shop_reached_by_https_says_so(settings: Settings) -> None:
    settings = settings.model_copy(update={"api_url": "https://api.shop.example"})
    async with (
        bootstrap.application(settings) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url="http://test") as client,
    ):
        for path in ("/health/live", "/api/nothing", "/docs", "/socket.io/?EIO=4&transport=polling"):
            answer = await client.get(path)
            assert answer.headers.get_list("strict-transport-security") == [
                "max-age=31536000; includeSubDomains"
            ], path
            await hang_up(client, answer)


def test_an_answer_keeps_what_it_says_itself() -> None:
    headers = [
        (b"content-type", b"text/html"),
        (b"content-security-policy", b"own"),
        (b"cache-control", b"own"),
    ]
    Guards(secure=False).add({"headers": headers}, "/page")
    fields = [name for name, _ in headers]
    assert len(fields) == len(set(fields))
    assert dict(headers)[b"content-security-policy"] == b"own"
    assert dict(headers)[b"cache-control"] == b"own"
