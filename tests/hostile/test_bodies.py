"""Bodies that no client sends by mistake alone: each gets a refusal of the contract, and leaves nothing behind."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from factories.operations import Operation, document_of, operations_of
from factories.world import World, make_world, rows_of
from faded_skies.bootstrap import Application

JSON = {"Content-Type": "application/json"}
DEEP = 100_000

NOT_AN_OBJECT = {
    "empty": b"",
    "blank": b"  \n",
    "half": b'{"a": ',
    "words": b"hello",
    "python": b"{'a': 1}",
    "comma": b'{"a": 1,}',
    "two": b"{} {}",
    "array": b"[]",
    "text": b'"text"',
    "number": b"7",
    "true": b"true",
    "null": b"null",
    "NaN": b"NaN",
    "Infinity": b'{"a": -Infinity}',
    "bad UTF-8": b'{"a": "\xff\xfe"}',
    "overlong UTF-8": b'{"a": "\xc0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "NUL": b"\x00",
    "literal NUL": b'{"a": "\x00"}',
    "open arrays": b"[" * DEEP,
    "nested arrays": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "gzip": bytes.fromhex("1f8b0800000000000003"),
    "form": b"a=1&b=2",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}
EVERY_FIELD = [[], {}, [None], {"$gt": ""}, "\x00", "a\x00b", "\ud800", "a\udfff"]
TEXT = [0, 1.5, True, False, "x" * 100_000, "\u202e" * 60_000, "🌿" * 60_000]
NUMBER = ["", "1", " 1", "\u0663", "x", True, False, -(10**30), 10**30, 1e308, -1e308]
WHOLE = [1.5, 2**31, 2**63, 2**64, 10**400, -(10**400)]
BOOLEAN = ["true", "", 0.5, 2, -1]
ID = [
    "",
    "x",
    0,
    True,
    "0" * 36,
    "0190b5a07c5e7cc39f0e1b2c3d4e5f60",
    "{0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60}",
    "../1",
]
NO_JSON_NUMBERS = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"01",
    b"0x1F",
    b"+1",
    b".5",
    b"1_000",
]
STRANGE = [
    "🌿",
    "\u202eevil",
    "e\u0301",
    "\ufffe",
    "\u2028",
    "' OR 1=1 --",
    "<script>",
    "%s%n",
    "${7*7}",
    "\r\nSet-Cookie: a=b",
]


def told(answer: httpx.Response) -> dict[str, Any]:
    """Hold a refusal against the contract and return its body."""
    assert 400 <= answer.status_code < 500, (answer.request.url, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert body["error"].strip()
    assert body["code"] == body["code"].upper()
    for detail in body.get("details", ()):
        assert detail.keys() == {"field", "message"}
    return body


@asynccontextmanager
async def nothing_changes(app: Application) -> AsyncIterator[None]:
    """Hold that no table has gained or lost a row."""
    before = await rows_of(app.ports.db)
    yield
    assert await rows_of(app.ports.db) == before


async def bodied(client: httpx.AsyncClient) -> list[Operation]:
    """The operations that take JSON; a vendor's callback is the vendor's to extend (see test_vendor)."""
    return [
        operation
        for operation in await operations_of(client)
        if operation.takes_json and not operation.path.startswith("/webhooks/")
    ]


async def send(
    client: httpx.AsyncClient,
    world: World,
    operation: Operation,
    content: bytes,
    headers: dict[str, str] = JSON,
) -> httpx.Response:
    return await client.request(
        operation.method, world.path(operation), content=content, headers=world.headers(operation) | headers
    )


def write(body: object) -> bytes:
    return json.dumps(body).encode()


async def test_what_is_no_json_object_is_refused_everywhere(
    app: Application, client: httpx.AsyncClient
) -> None:
    world = await make_world(app, client)
    async with nothing_changes(app):
        for operation in await bodied(client):
            required = operation.told["requestBody"].get("required", False)
            for name, content in NOT_AN_OBJECT.items():
                if not required and name in {"empty", "null"}:
                    continue
                answer = await send(client, world, operation, content)
                assert answer.status_code in {400, 422}, (operation.name, name, answer.text)
                told(answer)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "nonsense",
        "",
    ],
)
async def test_another_content_type_is_refused_everywhere(
    app: Application, client: httpx.AsyncClient, kind: str
) -> None:
    world = await make_world(app, client)
    async with nothing_changes(app):
        for operation in await bodied(client):
            content = write(world.body(operation))
            told(await send(client, world, operation, content, {"Content-Type": kind}))


async def test_a_body_of_two_megabytes_is_refused_everywhere(
    app: Application, client: httpx.AsyncClient
) -> None:
    world = await make_world(app, client)
    huge = b'{"a": "' + b"x" * 2_000_000 + b'"}'
    async with nothing_changes(app):
        for operation in await bodied(client):
            answer = await send(client, world, operation, huge)
            assert (answer.status_code, told(answer)["code"]) == (413, "BODY_TOO_LARGE"), operation.name


async def test_unknown_missing_and_doubled_fields_are_refused(
    app: Application, client: httpx.AsyncClient
) -> None:
    world, document = await make_world(app, client), await document_of(client)
    async with nothing_changes(app):
        for operation in await bodied(client):
            body, (schema, _) = world.body(operation), schema_of(document, operation)
            unknown = [
                "surprise",
                "__proto__",
                "",
                "\x00",
                "user_id",
                *(snake(one) for one in body if snake(one) != one),
            ]
            for name in unknown:
                answer = await send(client, world, operation, write(body | {name: 1}))
                assert told(answer)["details"][0]["field"] == (name or "body"), (operation.name, name)
            for name in schema.get("required", ()):
                answer = await send(
                    client, world, operation, write({k: v for k, v in body.items() if k != name})
                )
                assert told(answer)["details"] == [{"field": name, "message": "This field is required."}]
            for name in body:
                doubled = write(body)[:-1] + b', "%b": [[]]}' % name.encode()
                assert told(await send(client, world, operation, doubled))["code"] == "VALIDATION_ERROR"


async def test_every_field_refuses_what_is_not_its_kind(app: Application, client: httpx.AsyncClient) -> None:
    world, document = await make_world(app, client), await document_of(client)
    async with nothing_changes(app):
        for operation in await bodied(client):
            schema, definitions = schema_of(document, operation)
            for place, kinds in fields(schema, definitions):
                for value in wrong_for(kinds):
                    answer = await send(
                        client, world, operation, write(put(world.body(operation), place, value))
                    )
                    case = (operation.name, place, str(value)[:40], answer.status_code, answer.text[:200])
                    assert answer.status_code == 422, case
                    assert told(answer)["code"] == "VALIDATION_ERROR", case
                for number in NO_JSON_NUMBERS:
                    content = write(put(world.body(operation), place, "@")).replace(b'"@"', number)
                    assert told(await send(client, world, operation, content)), (
                        operation.name,
                        place,
                        number,
                    )


async def test_strange_but_whole_texts_never_break_anything(
    app: Application, client: httpx.AsyncClient
) -> None:
    world, document = await make_world(app, client), await document_of(client)
    for operation in await bodied(client):
        schema, definitions = schema_of(document, operation)
        for place, kinds in fields(schema, definitions):
            if "string" in kinds:
                for text in STRANGE:
                    body = put(world.body(operation), place, text)
                    answer = await send(client, world, operation, write(body))
                    assert answer.status_code < 500, (operation.name, place, text, answer.text)
                    if answer.status_code >= 400:
                        told(answer)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def schema_of(document: dict[str, Any], operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
    """The object that the operation takes, and the named parts that it may refer to."""
    definitions = document["components"]["schemas"]
    schema = operation.told["requestBody"]["content"]["application/json"]["schema"]
    return resolved(schema["anyOf"][0] if "anyOf" in schema else schema, definitions), definitions


def resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def fields(
    schema: dict[str, Any], definitions: dict[str, Any], outer: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every field with where it stands and the kinds that it takes; those of objects in it too."""
    for name, field in schema["properties"].items():
        ways = [resolved(way, definitions) for way in resolved(field, definitions).get("anyOf", [field])]
        ways = [resolved(way, definitions) for way in ways]
        yield (
            (*outer, name),
            {"id" if way.get("format") == "uuid" else way.get("type", "enum") for way in ways},
        )
        for way in ways:
            if way.get("type") == "object" and "properties" in way:
                yield from fields(way, definitions, (*outer, name))


def wrong_for(kinds: set[str]) -> list[object]:
    """Values that a field of these kinds may not take."""
    wrong: list[object] = [
        value for value in EVERY_FIELD if not (kinds & {"array"} and isinstance(value, list))
    ]
    wrong = [value for value in wrong if not (kinds & {"object"} and isinstance(value, dict))]
    if kinds <= {"id", "null"}:
        wrong += ID
    elif kinds <= {"string", "null"}:
        wrong += TEXT
    elif kinds <= {"integer", "null"}:
        wrong += [*NUMBER, *WHOLE]
    elif kinds <= {"number", "null"}:
        wrong += NUMBER
    elif kinds <= {"boolean", "null"}:
        wrong += BOOLEAN
    if "null" not in kinds:
        wrong.append(None)
    return wrong


def put(body: dict[str, Any], place: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return the body with one value put in its place."""
    name, *rest = place
    inner = put(body.get(name) or {}, tuple(rest), value) if rest else value
    return body | {name: inner}
