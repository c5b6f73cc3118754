"""The OpenAPI document: what follows from an operation's inputs and callers is told here, once for all of them."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

_BODY = "MALFORMED_REQUEST or INVALID_JSON: the body is not JSON in UTF-8."
_TOKEN = "TOKEN_REQUIRED, INVALID_TOKEN or TOKEN_EXPIRED: sign in, or refresh the token."  # noqa: S105 - codes
_ABSENT = "NOT_FOUND: it does not exist, or it is not yours."
_KEY = "IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS, or the state of things does not allow it."
_LARGE = "BODY_TOO_LARGE: more than 1 MiB."
_FORM = {
    "400": "MALFORMED_REQUEST: the form breaks off. UPLOAD_TOO_SLOW: it took more than two minutes.",
    "413": "FILE_TOO_LARGE, or BODY_TOO_LARGE: all of it together.",
    "415": "UNSUPPORTED_MEDIA_TYPE: not multipart/form-data.",
    "503": "TOO_MANY_UPLOADS: wait for Retry-After seconds.",
}
_WRONG = "VALIDATION_ERROR with details, or the refusal of a rule."
_MANY = "RATE_LIMITED: wait for Retry-After seconds."


class Api(FastAPI):
    """FastAPI whose document names the refusals that every operation of a kind shares."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for path, operations in document["paths"].items():
            for operation in operations.values():
                for status, text in _refusals(path, operation).items():
                    operation["responses"].setdefault(status, _refusal(text))
        return document


def _refusals(path: str, operation: Mapping[str, Any]) -> dict[str, str]:
    """Return the statuses that follow from what an operation takes, each with its codes."""
    parameters = operation.get("parameters", ())
    found: dict[str, str] = {}
    if "multipart/form-data" in operation.get("requestBody", {}).get("content", ()):
        found |= _FORM
    elif "requestBody" in operation:
        found |= {"400": _BODY, "413": _LARGE}
    if "security" in operation:
        found["401"] = _TOKEN
    if any(parameter["in"] == "path" for parameter in parameters):
        found["404"] = _ABSENT
    if any(parameter["name"] == "Idempotency-Key" for parameter in parameters):
        found["409"] = _KEY
    if parameters or "requestBody" in operation:
        found["422"] = _WRONG
    if path.startswith("/api/"):
        found["429"] = _MANY
    return found


def _refusal(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ErrorShape"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}
