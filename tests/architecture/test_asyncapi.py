"""The AsyncAPI document says what runs (every event, who may send it, shapes that all resolve), and is AsyncAPI."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs

from faded_skies import registry
from faded_skies.bootstrap import Application
from node_peers import FOLDER, install

SCHEMA = FOLDER / "node_modules/@asyncapi/specs/schemas/3.0.0.json"


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


async def test_the_document_names_every_event_and_all_its_parts_are_there(
    app: Application, client: httpx.AsyncClient
) -> None:
    document = (await client.get("/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    sent = {event.name for event in registry.client_events(app.ports)}
    told = {event.name for event in registry.server_events()}
    operations = document["operations"]
    assert {name for name, one in operations.items() if one["action"] == "receive"} == sent
    assert {name.removesuffix(".told") for name, one in operations.items() if one["action"] == "send"} == told
    for name in sent:
        assert app.ports.access.roles(f"SOCKET {name}")
        assert operations[name]["summary"].startswith("Who may: ")
        message = document["components"]["messages"][name]
        assert message["summary"], f"{name} does not say what it is for"
        schema = resolved(document, message["payload"])
        assert schema["additionalProperties"] is False
    for name in told:
        assert document["components"]["messages"][name]["summary"], name
    for reference in references(document):
        assert resolved(document, {"$ref": reference}) is not None


async def test_the_document_is_what_asyncapi_calls_one(client: httpx.AsyncClient) -> None:
    install()
    schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    document = (await client.get("/asyncapi.json")).json()
    assert [(error.instance_path, error.message) for error in schema.iter_errors(document)] == []
    document["operations"]["track-order"]["action"] = "listen"
    assert not schema.is_valid(document)


def resolved(document: dict[str, Any], node: dict[str, Any]) -> Any:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
