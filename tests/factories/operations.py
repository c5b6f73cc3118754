"""Every operation of the product, as its OpenAPI document lists them, with the model of its answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi.routing import iter_route_contexts

from factories.papers import front, saved
from faded_skies import registry


@dataclass(frozen=True)
class Operation:
    """One method of one path; `told` is what the document says of it, `model` the shape of its answer.

    `example` is the document's example of the body.
    """

    method: str
    path: str
    told: dict[str, Any]
    model: Any
    example: Any = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        return "security" not in self.told

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.told

    @property
    def takes_json(self) -> bool:
        return "application/json" in self.told.get("requestBody", {}).get("content", {})

    @property
    def body(self) -> dict[str, Any]:
        """The example as httpx takes it: `json`, or `data` and `files` of a form."""
        form = self.told.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        if form is None:
            return {"json": self.example}
        files = [name for name, told in form["schema"]["properties"].items() if "contentMediaType" in told]
        return {
            "files": {name: saved(front()) for name in files if name in self.example},
            "data": {name: value for name, value in self.example.items() if name not in files},
        }

    @property
    def ids(self) -> list[str]:
        """The names of the ids in the path."""
        return [one["name"] for one in self.told.get("parameters", ()) if one["in"] == "path"]


async def document_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def routes_of() -> Iterator[tuple[str, Any]]:
    """Every route that the registry names: its operation's name, and the model of its answer."""
    for router in registry.routers():
        for route in iter_route_contexts(router.routes):
            for method in route.methods or ():
                yield f"{method} {route.path_format}", route.response_model


async def operations_of(client: httpx.AsyncClient) -> list[Operation]:
    document, models = await document_of(client), dict(routes_of())
    return [
        Operation(method.upper(), path, told, models[f"{method.upper()} {path}"], _example(document, told))
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]


def _example(document: dict[str, Any], told: dict[str, Any]) -> Any:
    if "requestBody" not in told:
        return None
    content = told["requestBody"]["content"]
    if "multipart/form-data" in content:
        return content["multipart/form-data"]["example"]
    schema = content["application/json"]["schema"]
    name = (schema.get("$ref") or schema["anyOf"][0]["$ref"]).rpartition("/")[2]
    return document["components"]["schemas"][name]["examples"][0]
