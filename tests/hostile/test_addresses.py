"""Paths, queries, methods and headers that no client of ours sends: each gets a plain answer of the contract."""

from urllib.parse import quote

import httpx
import pytest

from factories.operations import operations_of
from factories.world import make_world, rows_of
from faded_skies.bootstrap import Application

PATHS = [
    "/api//products",
    "//api/products",
    "/api/products/",
    "/api/products/%2e%2e",
    "/api/%2e%2e/openapi.json",
    "/api/..%2fopenapi.json",
    "/api/../../etc/passwd",
    "/media/%2e%2e/%2e%2e/etc/passwd",
    "/media/..%2f..%2fetc%2fpasswd",
    "/media/%00",
    "/media/" + "x" * 5_000,
    "/api/products%00",
    "/api/products/%00",
    "/api/products;a=b",
    "/api/products\\..\\cart",
    "/API/PRODUCTS",
    "/api/products/%ff%fe",
    "/api/%F0%9F%8C%BF",
    "/api/" + "a/" * 2_000,
    "/" + "x" * 20_000,
    "/.env",
    "/.git/config",
    "/sandbox/authenticate/%00",
    "/sandbox/authenticate/x",
    "/webhooks/stripe",
]
IDS = [
    "x",
    "%00",
    "%2e%2e",
    "%ff",
    "0",
    "-1",
    "1e9",
    "null",
    "🌿",
    "a" * 5_000,
    "0190b5a07c5e7cc39f0e1b2c3d4e5f60",
]
QUERIES = [
    b"limit=0",
    b"limit=-1",
    b"limit=101",
    b"limit=1.5",
    b"limit=1e2",
    b"limit=NaN",
    b"limit=" + b"9" * 5_000,
    b"limit=%D9%A3",
    b"limit=",
    b"limit=1&limit=2000",
    b"limit[]=1&limit=x",
    b"offset=-1",
    b"offset=9223372036854775808",
    b"offset=%00",
    b"status=nonsense",
    b"status=%00",
    b"driverId=x",
    b"orderNumber=%00",
    b"orderNumber=%27%20OR%201%3D1%20--",
    b"orderNumber=" + b"x" * 60_000,
    b"search=%00",
    b"search=%ff%fe",
    b"search=%ED%A0%80",
    b"search=" + b"x" * 60_000,
    b"search=%F0%9F%8C%BF",
    b"category=%00",
    b"minPrice=-1",
    b"minPrice=1e400",
    b"minPrice=Infinity",
    b"minPrice=sNaN",
    b"minPrice=10&maxPrice=5",
    b"effects=" + b"a," * 30_000,
    b"sort=nonsense",
    b"inStock=perhaps",
    b"token=%00",
    b"&".join([b"a=1"] * 5_000),
    b"%",
    b"=",
    b"&&&===",
]
METHODS = ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "POST", "PROPFIND", "NONSENSE"]
KEYS = [
    b"",
    b" ",
    b"two words",
    b"x" * 256,
    b"\xff\xfe",
    b"tab\tin",
    "🌿".encode(),
    b"a\r\nSet-Cookie: b=c",
    b"\x00",
]


def refused(answer: httpx.Response, *statuses: int) -> None:
    """Hold a refusal against the contract."""
    assert answer.status_code in statuses, (answer.request.url, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() >= {"error", "code"}
    assert "x-request-id" in answer.headers


WRITES = {
    "GET /api/auth/oauth/{provider}/start",
    "GET /api/auth/oauth/{provider}/callback",
    "GET /api/users/me/export",
    "GET /api/admin/audit-log/export",
    "GET /api/id-documents/{token}",
}
"""Reading that leaves a trace, or leads to somebody else's page."""

REFUSED_BY_ITS_STATE = {
    "GET /api/admin/orders/{order_id}/completion": 409,
    "GET /api/notifications/unsubscribe/{token}": 404,
    "GET /api/promotions/{promotion_id}": 404,
}
"""This world's order is not delivered, nobody made its link, its promotion is a draft: so they answer to anything."""

ENDLESS = {"GET /api/orders/{order_id}/events"}
"""Answers that end with the session: tests/journeys/test_streams.py."""


def encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
async def test_a_path_that_leads_nowhere_is_told_so(client: httpx.AsyncClient, path: str) -> None:
    url = httpx.URL(scheme="http", host="test", raw_path=path.encode())
    answer = await client.get(url)
    if answer.status_code == 307:  # to the same path without its last slash, and nowhere else
        assert answer.headers["location"] in {"http://test/api/products", "/api/products"}
        return
    refused(answer, 404, 405, 422)


async def test_what_is_no_id_leads_nowhere(app: Application, client: httpx.AsyncClient) -> None:
    world = await make_world(app, client)
    for operation in await operations_of(client):
        for text in IDS if operation.ids else ():
            path = operation.path.replace(f"{{{operation.ids[0]}}}", text if "%" in text else quote(text))
            url = httpx.URL(scheme="http", host="test", raw_path=path.encode())
            body = world.body(operation) if operation.takes_json else None
            answer = await client.request(operation.method, url, headers=world.headers(operation), json=body)
            refused(answer, 404, 405, 422)


async def test_queries_are_read_or_refused(app: Application, client: httpx.AsyncClient) -> None:
    world = await make_world(app, client)
    before = await rows_of(app.ports.db)
    for operation in await operations_of(client):
        names = {one["name"].encode() for one in operation.told.get("parameters", ()) if one["in"] == "query"}
        is_asked = operation.method == "GET" and operation.name not in WRITES | ENDLESS
        for query in QUERIES if is_asked else ():
            raw = world.path(operation).encode() + b"?" + query
            url = httpx.URL(scheme="http", host="test", raw_path=raw)
            answer = await client.get(url, headers=world.headers(operation))
            if answer.status_code != 200:
                by_its_state = REFUSED_BY_ITS_STATE.get(operation.name)
                refused(answer, by_its_state or 422)
                assert names or by_its_state, operation.name
    assert await rows_of(app.ports.db) == before


async def test_other_methods_are_refused_everywhere(app: Application, client: httpx.AsyncClient) -> None:
    world = await make_world(app, client)
    before = await rows_of(app.ports.db)
    operations = await operations_of(client)
    taken = {(operation.method, operation.path) for operation in operations}
    for operation in operations:
        for method in METHODS:
            if (method, operation.path) in taken:
                continue
            answer = await client.request(method, world.path(operation), headers=world.headers(operation))
            if method == "HEAD" and operation.path in {"/api/products", "/api/categories"}:
                assert (answer.status_code, answer.content) == (200, b"")
                continue
            assert answer.status_code in {404, 405, 422}, (method, operation.path, answer.status_code)
            if answer.status_code == 405:
                allowed = {(one, operation.path) for one in answer.headers["allow"].split(", ")}
                assert allowed <= taken, (method, operation.path)
    assert await rows_of(app.ports.db) == before


async def test_a_hostile_idempotency_key_is_refused(app: Application, client: httpx.AsyncClient) -> None:
    world = await make_world(app, client)
    for operation in await operations_of(client):
        if not any(one["name"] == "Idempotency-Key" for one in operation.told.get("parameters", ())):
            continue
        body = world.body(operation) if operation.takes_body else None
        before = await rows_of(app.ports.db)
        for key in KEYS:
            headers = httpx.Headers([*encoded(world.headers(operation)), (b"Idempotency-Key", key)])
            answer = await client.request(operation.method, world.path(operation), headers=headers, json=body)
            refused(answer, 422)
        assert await rows_of(app.ports.db) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", b"Bearer \xff\xfe"),
        ("Authorization", b"Bearer " + b"a" * 50_000),
        ("Authorization", b"Bearer a.b.c"),
        ("Authorization", b"Bearer \x00"),
        ("Authorization", b"bearer"),
        ("Authorization", b"Bearer a b c"),
    ],
    ids=range(6),
)
async def test_a_hostile_token_is_refused(client: httpx.AsyncClient, name: str, value: bytes) -> None:
    answer = await client.get("/api/cart", headers=[(name.encode(), value)])
    refused(answer, 401)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("If-None-Match", b"\xff" * 100),
        ("If-None-Match", b"," * 5_000),
        ("Accept", b"nonsense/\xff"),
        ("Accept-Encoding", b"x" * 5_000),
        ("Origin", b"https://evil.example\xff"),
        ("Host", b"evil.example"),
        ("Range", b"bytes=0-0,-1,9-1"),
        ("Content-Length", b"-5"),
        ("User-Agent", b"\x00\xff" * 300),
        ("X-Forwarded-For", b"' OR 1=1"),
        ("Cookie", b"=;=;\xff" * 500),
    ],
    ids=range(11),
)
async def test_other_headers_do_no_harm(client: httpx.AsyncClient, name: str, value: bytes) -> None:
    for path in ("/api/products", "/api/categories", "/health/live", "/media/nothing.png"):
        answer = await client.get(path, headers=[(name.encode(), value)])
        assert answer.status_code in {200, 404}, (path, answer.status_code)
        assert "access-control-allow-origin" not in answer.headers
