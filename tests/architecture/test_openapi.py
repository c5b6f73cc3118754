"""The OpenAPI document tells the truth: every route is in it, complete, and answers as it promises."""

import re
from typing import Any

import httpx
import pytest

from factories.operations import document_of, operations_of, routes_of
from faded_skies.platform.http.fields import Body

WITHOUT_EXAMPLE = {
    "AreaProperties",
    "Geometry",
    "EventBody",
    "PinBody",
    "PositionBody",
    "IdCheckBody",
    "QuietHoursBody",
    "JoinChat",
    "MarkRead",
    "SendMessage",
    "TrackOrder",
    "Typing",
    "ProductQuery",
    "ProposedUnits",
    "RefundedUnits",
    "SegmentBody",
    "TopicChoice",
    "WishedUnits",
}
"""Parts of other bodies, payloads of sockets, and queries: shown by what holds them."""


async def test_every_route_is_in_the_document(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    assert document["openapi"].startswith("3.1")
    named = {f"{method.upper()} {path}" for path, ways in document["paths"].items() for method in ways}
    assert named == {name for name, _ in routes_of()}


async def test_every_operation_is_told_completely(client: httpx.AsyncClient) -> None:
    operations = await operations_of(client)
    assert len(operations) > 50
    for operation in operations:
        told, responses = operation.told, operation.told["responses"]
        assert told["tags"], operation.name
        assert told["summary"], operation.name
        assert told["description"].strip(), operation.name
        assert any(status.startswith(("2", "3")) for status in responses), operation.name
        expected = {"401"} if not operation.public else set()
        expected |= {"404"} if operation.ids else set()
        expected |= {"400", "413", "422"} if operation.takes_body else set()
        expected |= {"422"} if told.get("parameters") else set()
        expected |= {"429"} if operation.path.startswith("/api/") else set()
        expected |= (
            {"403"} if operation.path.startswith(("/api/admin", "/api/agent", "/api/driver")) else set()
        )
        assert expected <= set(responses), operation.name
        for status, answer in responses.items():
            assert answer["description"], (operation.name, status)
            if status.startswith(("4", "5")):
                schema = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                same = status == "503" and operation.path.startswith("/health")
                assert schema == ("HealthShape" if same else "ErrorShape"), (operation.name, status)


async def test_every_parameter_explains_itself(client: httpx.AsyncClient) -> None:
    for operation in await operations_of(client):
        for parameter in operation.told.get("parameters", ()):
            assert parameter.get("description") or (
                parameter["in"] == "path" and parameter["name"].endswith("_id")
            ), (operation.name, parameter["name"])


def test_every_number_that_clients_send_tells_its_unit() -> None:
    for body in _bodies(Body):
        for name, field in body.model_json_schema(by_alias=True)["properties"].items():
            ways = [field, *field.get("anyOf", ())]
            if any(way.get("type") in {"number", "integer"} for way in ways):
                assert any(way.get("description") for way in ways), (body.__name__, name)


def test_every_body_has_an_example_that_it_takes() -> None:
    for body in _bodies(Body):
        extra: Any = body.model_config.get("json_schema_extra") or {}
        if body.__name__ in WITHOUT_EXAMPLE:
            assert not extra, body.__name__
            continue
        assert extra.get("examples"), body.__name__
        for example in extra["examples"]:
            body.model_validate(example)


async def test_the_names_of_shapes_are_plain(client: httpx.AsyncClient) -> None:
    document = await document_of(client)
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/asyncapi.json"])
async def test_the_document_is_there_for_everybody(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


def _bodies(parent: type[Body]) -> list[type[Body]]:
    children = [child for child in parent.__subclasses__() if child.__module__.startswith("faded_skies.")]
    return [one for child in children for one in (child, *_bodies(child))]


async def test_the_page_to_try_it_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert re.findall(r'(?:src|href)="([^"]+)"', page.text) == [
        "/docs/assets/swagger-ui.css",
        "/docs/assets/favicon.png",
        "/docs/assets/swagger-ui-bundle.js",
    ]
    for address in ("swagger-ui.css", "favicon.png", "swagger-ui-bundle.js"):
        assert (await client.get(f"/docs/assets/{address}")).status_code == 200
