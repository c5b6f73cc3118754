"""Google Analytics' collector as its documents tell it: 2xx to anything it receives, dropping what is malformed.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events has the rules of its
validator, which tests ask by `validated`; the collector counts by them and says nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MEASUREMENT_ID, SECRET = "G-TEST1234", "a-secret-of-google"

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,39}$")
_RESERVED = {
    "session_start",
    "first_visit",
    "first_open",
    "user_engagement",
    "app_remove",
    "error",
    "ad_click",
}
_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")


def validated(body: Mapping[str, Any]) -> list[str]:
    """Return the validation codes of a request, as /debug/mp/collect names them."""
    found = []
    if not body.get("client_id"):
        found.append("VALUE_REQUIRED")
    if len(body["events"]) > 25:
        found.append("EXCEEDED_MAX_ENTITIES")
    for event in body["events"]:
        names = [event["name"], *event["params"]]
        found += ["NAME_INVALID" for name in names if not _NAME.match(name)]
        found += ["NAME_RESERVED" for name in names if name in _RESERVED or name.startswith(_PREFIXES)]
        if len(event["params"]) > 25:
            found.append("EXCEEDED_MAX_ENTITIES")
        texts = [value for value in event["params"].values() if isinstance(value, str)]
        found += ["VALUE_OUT_OF_BOUNDS" for text in texts if len(text) > 100]
        found += ["VALUE_INVALID" for value in event["params"].values() if isinstance(value, list | dict)]
    return found


@dataclass
class GoogleAnalyticsPeer:
    """The collector, the bodies it got, and what shall go wrong next: a status, or "hang" after it has received."""

    faults: list[int | str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/mp/collect", self._collect, methods=["POST"])])

    @property
    def events(self) -> list[dict[str, Any]]:
        """What is counted; nothing of it twice is the sender's care."""
        return [event for body in self.bodies if not validated(body) for event in body["events"]]

    async def _collect(self, request: Request) -> Response:
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            return Response(status_code=fault)
        if dict(request.query_params) == {"measurement_id": MEASUREMENT_ID, "api_secret": SECRET}:
            self.bodies.append(await request.json())
        if fault == "hang":
            while (await request.receive())["type"] != "http.disconnect":
                pass
        return Response(status_code=204)
