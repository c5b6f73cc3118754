"""How HTTP tells what went wrong: every refusal has the same body, whoever noticed it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from faded_skies.platform.db import DATABASE_LOST
from faded_skies.platform.errors import Situation
from faded_skies.platform.http.answers import Json, render

log = structlog.get_logger()

_PLAIN = {
    400: ("MALFORMED_REQUEST", "This request could not be read. Send JSON in UTF-8."),
    404: ("NOT_FOUND", "There is nothing at this address."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take this method; see the Allow header."),
    413: ("BODY_TOO_LARGE", "This request is larger than we take."),
}

_BOUNDS = {
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
    "greater_than": "This must be more than {gt}.",
    "less_than": "This must be less than {lt}.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "too_short": "Give at least {min_length} of them.",
    "too_long": "Give at most {max_length} of them.",
    "decimal_max_places": "Write at most {decimal_places} decimals.",
    "literal_error": "Choose one of {expected}.",
    "enum": "Choose one of {expected}.",
}

_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known here; remove it.",
    "string_type": "Write this as text.",
    "int_type": "Write this as a whole number.",
    "int_parsing": "Write this as a whole number.",
    "int_from_float": "Write this as a whole number.",
    "bool_type": "Write true or false.",
    "bool_parsing": "Write true or false.",
    "string_unicode": "This text holds characters that are not valid Unicode.",
    "uuid_type": "Give the id as a UUID.",
    "uuid_parsing": "Give the id as a UUID.",
    "model_attributes_type": "Send a JSON object.",
    "dict_type": "Send a JSON object.",
}


def install(app: FastAPI) -> None:
    """Register the handlers on the application."""
    app.add_exception_handler(Situation, _situation)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for lost in (
        *DATABASE_LOST,
        RedisError,
    ):
        app.add_exception_handler(lost, _lost)
    for unstorable in (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError):
        app.add_exception_handler(unstorable, _unstorable)


def problems(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Return pydantic's errors as the contract's `details`; the first part of a place (body, query) is left out."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0]),
            "message": sentence(error),
        }
        for error in errors
    ]


def sentence(error: Any) -> str:
    """Return one plain sentence for one pydantic error."""
    known = _SENTENCES.get(error["type"])
    if known:
        return known
    # A bound that stands after one of our own text types is told as one of a list; it means characters.
    of_text = error["type"].startswith("too_") and isinstance(error.get("input"), str)
    bound = _BOUNDS.get(f"string_{error['type']}" if of_text else error["type"])
    if bound:
        with suppress(KeyError):  # a validator of ours may use pydantic's name without its bound
            return bound.format_map(error.get("ctx", {}))
    text = str(error["msg"]).removeprefix("Value error, ")
    return text if text.endswith((".", "!", "?")) else f"{text}."


async def _situation(_: Request, error: Exception) -> Json:
    assert isinstance(error, Situation)  # noqa: S101 - Starlette's handler type is wider than the registration
    return render(error)


async def _invalid(_: Request, error: Exception) -> Json:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Json({"error": "The body is not valid JSON.", "code": "INVALID_JSON"}, status_code=400)
    details = problems(found)
    return Json(
        {
            "error": f"Please correct {details[0]['field']}: {details[0]['message']}",
            "code": "VALIDATION_ERROR",
            "details": details,
        },
        status_code=422,
    )


async def _http(_: Request, error: Exception) -> Json:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    code, text = _PLAIN.get(error.status_code, ("REFUSED", str(error.detail)))
    return Json(
        {"error": text, "code": code}, status_code=error.status_code, headers=dict(error.headers or {})
    )


async def _lost(_: Request, error: Exception) -> Json:
    log.error("dependency_lost", error=type(error).__name__)
    return Json(
        {
            "error": "We cannot reach our own storage at the moment. Try again in a few seconds.",
            "code": "UNAVAILABLE",
        },
        status_code=503,
        headers={"Retry-After": "5"},
    )


async def _unstorable(_: Request, __: Exception) -> Json:
    return Json(
        {"error": "Remove the characters that cannot be stored, such as NUL.", "code": "VALIDATION_ERROR"},
        status_code=422,
    )
