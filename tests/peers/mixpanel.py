"""Mixpanel's /import as its documents tell it (https://docs.mixpanel.com/reference/import-events), strict."""

import base64
import re
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "a-token-of-mixpanel"

_INSERT_ID = re.compile(r"^[A-Za-z0-9-]{1,36}$")
_NOBODY = {
    "00000000-0000-0000-0000-000000000000",
    "anon",
    "anonymous",
    "nil",
    "none",
    "null",
    "undefined",
    "0",
    "-1",
}


def flaw_of(event: Any) -> tuple[str, str] | None:
    """Return the field that is wrong and why."""
    properties = event.get("properties", {})
    if not event.get("event"):
        return "event", "'event' is missing"
    now = time.time() * 1000
    moment = properties.get("time")
    if not isinstance(moment, int) or not 31_536_000_000 <= moment <= now + 3_600_000:
        return "properties.time", "'properties.time' is invalid"
    if not isinstance(properties.get("distinct_id"), str) or properties["distinct_id"] in _NOBODY:
        return "properties.distinct_id", "'properties.distinct_id' is invalid"
    if not _INSERT_ID.match(str(properties.get("$insert_id", ""))):
        return "properties.$insert_id", "'properties.$insert_id' is invalid"
    if len(properties) >= 255:
        return "properties", "too many properties"
    return None


@dataclass
class MixpanelPeer:
    """The server, what it counts (repetitions once), how often it was asked, and what shall go wrong next.

    A fault is a status, "hang" after it has received, or a body sent with 400. `refuses` events of a name as well.
    """

    faults: list[int | str] = field(default_factory=list)
    counted: dict[tuple[str, int, str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    refuses: str | None = None

    @property
    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/import", self._import, methods=["POST"])])

    async def _import(self, request: Request) -> Response:
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            return JSONResponse({"code": fault}, status_code=fault, headers={"Retry-After": "7"})
        if fault is not None and fault != "hang":
            return Response(fault, status_code=400)
        expected = "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()
        if request.headers["authorization"] != expected:
            return JSONResponse({"code": 401, "error": "Invalid credentials"}, status_code=401)
        assert request.query_params["strict"] == "1"
        events = await request.json()
        self.asked.append(len(events))
        failed = []
        for index, event in enumerate(events):
            flaw = ("event", "refused") if event["event"] == self.refuses else flaw_of(event)
            properties = event["properties"]
            if flaw is None:
                identity = (
                    event["event"],
                    *(properties[key] for key in ("time", "distinct_id", "$insert_id")),
                )
                self.counted[identity] = event
            else:
                insert_id = properties.get("$insert_id")
                failed.append({"index": index, "insert_id": insert_id, "field": flaw[0], "message": flaw[1]})
        if fault == "hang":
            while (await request.receive())["type"] != "http.disconnect":
                pass
        if failed:
            imported = len(events) - len(failed)
            answer = {
                "code": 400,
                "num_records_imported": imported,
                "status": "Bad Request",
                "failed_records": failed,
            }
            return JSONResponse(
                answer | {"error": "some data points in the request failed validation"}, status_code=400
            )
        return JSONResponse({"code": 200, "num_records_imported": len(events), "status": "OK"})
