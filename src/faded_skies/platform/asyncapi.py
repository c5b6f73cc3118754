"""The AsyncAPI 3.0 document of the sockets, made of the payload types that the server itself validates by."""

from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from faded_skies.platform.access import Access
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.realtime import ClientEvent, ServerEvent

_REF = "#/components/schemas/{model}"
_ACK = "The acknowledgement: {ok: true, …} with these fields, or {ok: false, error, code}."


def describe(
    clients: Sequence[ClientEvent], servers: Sequence[ServerEvent], access: Access, *, version: str
) -> dict[str, Any]:
    """Return the document: what clients may send, who, what they are answered, and what they may hear."""
    models: list[type[BaseModel]] = [
        *(event.payload for event in clients),
        *(event.answer for event in clients if event.answer is not Shape),
        *(event.payload for event in servers),
    ]
    named, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)],
        ref_template=_REF,
        schema_generator=GenerateJsonSchema,
    )
    schemas = {model: schema for (model, _), schema in named.items()}
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for event in clients:
        messages[event.name] = _message(
            event.name, schemas[event.payload], cleandoc(event.handler.__doc__ or "")
        )
        operation: dict[str, Any] = {
            "action": "receive",
            "channel": {"$ref": "#/channels/socket"},
            "summary": f"Who may: {', '.join(sorted(access.roles(f'SOCKET {event.name}')))}",
            "messages": [{"$ref": f"#/channels/socket/messages/{event.name}"}],
        }
        answer = f"{event.name}.ack"
        schema = {"type": "object"} if event.answer is Shape else schemas[event.answer]
        messages[answer] = _message(answer, schema, _ACK)
        operation["reply"] = {
            "channel": {"$ref": "#/channels/socket"},
            "messages": [{"$ref": f"#/channels/socket/messages/{answer}"}],
        }
        operations[event.name] = operation
    for told in servers:
        messages[told.name] = _message(told.name, schemas[told.payload], cleandoc(told.payload.__doc__ or ""))
        operations[f"{told.name}.told"] = {
            "action": "send",
            "channel": {"$ref": "#/channels/socket"},
            "summary": f"Told {told.when}.",
            "messages": [{"$ref": f"#/channels/socket/messages/{told.name}"}],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Faded Skies, as it happens",
            "version": version,
            "description": "Socket.IO (protocol of socket.io-client 4). Connect with auth {token}; join again after "
            "each reconnect: the answer is the state, what follows are events.",
        },
        "channels": {
            "socket": {
                "address": "/socket.io",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": operations,
        "components": {"messages": messages, "schemas": definitions.get("$defs", {})},
    }


def _message(name: str, payload: dict[str, Any], summary: str) -> dict[str, Any]:
    return {"name": name, "summary": " ".join(summary.split()), "payload": payload}
