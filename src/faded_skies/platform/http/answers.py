"""Answers as bytes: JSON by orjson, and every named situation rendered the same way."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from faded_skies.platform.errors import Kind, Situation
from faded_skies.platform.ids import uuid_text

STATUS = {
    Kind.MALFORMED: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.PAYMENT: 402,
    Kind.FORBIDDEN: 403,
    Kind.ABSENT: 404,
    Kind.NOT_ACCEPTABLE: 406,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.INVALID: 422,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}

_OPTIONS = orjson.OPT_UTC_Z


def dump(content: object) -> bytes:
    """Return compact JSON; times end in Z, UUIDs are strings."""
    return orjson.dumps(content, default=uuid_text, option=_OPTIONS)


class Json(Response):
    """A JSON answer. Give bytes (already JSON) or anything orjson can write."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return content if isinstance(content, bytes) else dump(content)


def refusal(situation: Situation) -> tuple[int, dict[str, object]]:
    """Return the status and the body for a situation."""
    return STATUS[situation.kind], {"error": situation.text, "code": situation.code, **situation.facts}


def render(situation: Situation, headers: Mapping[str, str] | None = None) -> Json:
    """Return the answer for a situation, with the headers that its kind asks for."""
    status, body = refusal(situation)
    extra = dict(headers or {})
    if situation.kind is Kind.UNAUTHENTICATED:
        extra["WWW-Authenticate"] = "Bearer"
    if situation.kind is Kind.LIMITED:
        extra["Retry-After"] = str(situation.facts.get("retryAfter", 1))
    if situation.kind is Kind.UNAVAILABLE and "retryAfter" in situation.facts:
        extra["Retry-After"] = str(situation.facts["retryAfter"])
    return Json(body, status_code=status, headers=extra)
