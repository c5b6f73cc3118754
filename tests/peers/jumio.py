"""A double of Jumio's KYX platform, written from its API guide; no independent one exists.

It refuses as documented: no or a wrong token (401), a User-Agent that names nobody (403), a body that lacks what is
needed (400), ids of others (404). Cases move only when a test says so. What it cannot tell: whether Jumio still
behaves as its documents say.
"""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "the-shop", "the-shops-secret"

LICENCE = {
    "type": "DRIVING_LICENSE",
    "issuingCountry": "USA",
    "state": "TX",
    "firstName": "MAYA",
    "lastName": "OKAFOR",
    "dateOfBirth": "1990-05-17",
    "expiryDate": "2031-04-17",
    "documentNumber": "12345678",
}


@dataclass
class JumioCase:
    """One workflow execution, and the body it was opened with."""

    account: str
    execution: str
    body: dict[str, Any]
    status: str = "INITIATED"
    decision: str = "NOT_EXECUTED"
    extraction: dict[str, Any] | None = None
    reference: str | None = None


@dataclass
class JumioDouble:
    """The platform; `down` answers 503, `tokens` counts how often it gave one."""

    cases: list[JumioCase] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    down: bool = False
    nonsense: bool = False

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/auth/oauth2/token", self._token, methods=["POST"]),
                Route("/account/api/v1/accounts", self._open, methods=["POST"]),
                Route("/retrieval/api/v1/accounts/{account}/workflow-executions/{execution}", self._retrieve),
            ]
        )

    def revoke(self) -> None:
        """Make the tokens given so far worthless."""
        self._good = ""

    _good: str = ""

    async def _token(self, request: Request) -> Response:
        if self.down:
            return PlainTextResponse("unavailable", 503)
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        form = await request.body()
        if request.headers.get("authorization") != expected or b"grant_type=client_credentials" not in form:
            return JSONResponse({"error": "invalid_client"}, 401)
        self._good = secrets.token_urlsafe(12)
        self.tokens.append(self._good)
        return JSONResponse({"access_token": self._good, "expires_in": 3600, "token_type": "Bearer"})

    def _refused(self, request: Request) -> Response | None:
        if self.down:
            return PlainTextResponse("unavailable", 503)
        if "/" not in request.headers.get("user-agent", "") or "python" in request.headers["user-agent"]:
            return PlainTextResponse("Forbidden", 403)
        if not self._good or request.headers.get("authorization") != f"Bearer {self._good}":
            return JSONResponse({"httpStatus": 401}, 401)
        if self.nonsense:
            return PlainTextResponse("<html>Bad gateway</html>")
        return None

    async def _open(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        body = await request.json()
        consent = body.get("userConsent", {})
        if (
            not body.get("customerInternalReference")
            or "key" not in body.get("workflowDefinition", {})
            or not consent.get("userIp")
            or consent.get("userLocation", {}).get("country") != "USA"
            or consent.get("consent", {}).get("obtained") not in {"yes", "no", "na"}
        ):
            return JSONResponse({"httpStatus": 400, "message": "A field is missing."}, 400)
        case = JumioCase(f"account-{len(self.cases)}", f"execution-{len(self.cases)}", body)
        self.cases.append(case)
        return JSONResponse(
            {
                "timestamp": "2026-11-24T10:00:00.000Z",
                "account": {"id": case.account},
                "web": {"href": f"https://shop.web.amer-1.jumio.example/web/v4/app?token={case.execution}"},
                "sdk": {"token": "not ours"},
                "workflowExecution": {"id": case.execution, "credentials": []},
            }
        )

    async def _retrieve(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        found = [
            case
            for case in self.cases
            if (case.account, case.execution)
            == (request.path_params["account"], request.path_params["execution"])
        ]
        if not found:
            return JSONResponse({"httpStatus": 404}, 404)
        (case,) = found
        body: dict[str, Any] = {
            "workflow": {
                "id": case.execution,
                "status": case.status,
                "definitionKey": str(case.body["workflowDefinition"]["key"]),
                "userReference": case.body.get("userReference"),
                "customerInternalReference": case.reference or case.body["customerInternalReference"],
            },
            "account": {"id": case.account},
            "capabilities": {},
        }
        if case.status == "PROCESSED":
            body["decision"] = {
                "type": case.decision,
                "details": {"label": case.decision},
                "risk": {"score": 0},
            }
            if case.extraction is not None:
                body["capabilities"]["extraction"] = [{"id": "x", "data": case.extraction}]
        return JSONResponse(body)
