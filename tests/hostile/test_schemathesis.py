"""Schemathesis reads the document and makes up requests, good and bad: no answer is a failure of ours.

The cases of an operation follow from the document alone, so every run sends the same ones.
"""

from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.schemas import APIOperation

from factories.identity import signed_in
from factories.operations import document_of, operations_of
from factories.world import make_world
from faded_skies.bootstrap import Application

EXAMPLES = 25
"""Of each operation and mode."""

ALWAYS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDS_SESSIONS = "POST /api/auth/logout"
ENDLESS = "GET /api/orders/{order_id}/events"
"""Good requests to it are in tests/journeys/test_streams.py."""


def without_tokens(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without its padlocks: tests/architecture tries the tokens, here they are good."""
    for methods in document["paths"].values():
        for told in methods.values():
            told.pop("security", None)
    return document


def cases_of(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, **known: Any
) -> list[Case[Any]]:
    """Return what schemathesis makes up; `known` parts of the request are given."""
    found: list[Case[Any]] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode, **known))
    def collect(case: Case[Any]) -> None:
        found.append(case)

    collect()
    return found


async def send(client: httpx.AsyncClient, case: Case[Any], headers: dict[str, str]) -> httpx.Response:
    """Send the case as schemathesis writes it, with the person's headers."""
    asked = requests.Request(**case.as_transport_kwargs(base_url="http://test")).prepare()
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body
    assert body is None or isinstance(body, bytes)
    sent = httpx.Headers([(name, value) for name, value in asked.headers.items() if isinstance(value, str)])
    sent.update(headers)
    return await client.request(str(asked.method), str(asked.url), headers=sent, content=body)


@pytest.mark.timeout(480)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_no_request_that_can_be_made_up_is_a_failure_of_ours(
    app: Application, client: httpx.AsyncClient, mode: GenerationMode
) -> None:
    world = await make_world(app, client)
    schema = schemathesis.openapi.from_dict(without_tokens(await document_of(client)))
    sent = 0
    for known in await operations_of(client):
        if mode is GenerationMode.NEGATIVE and not (known.takes_body or known.told.get("parameters")):
            continue  # nothing to get wrong
        if mode is GenerationMode.POSITIVE and known.name == ENDLESS:
            continue
        headers = world.headers(known)
        if known.name == ENDS_SESSIONS:
            headers = (await signed_in(app)).headers
        ids = {
            name: world.path(known).split("/")[known.path.split("/").index(f"{{{name}}}")]
            for name in known.ids
        }
        operation = schema[known.path][known.method]
        parts = {"path_parameters": ids} if ids and mode is GenerationMode.POSITIVE else {}
        for case in cases_of(operation, mode, **parts):
            answer = await send(client, case, headers)
            sent += 1
            checks = [*ALWAYS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else ALWAYS
            case.validate_response(answer, checks=checks)
    assert sent > 200
