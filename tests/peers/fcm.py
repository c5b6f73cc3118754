"""A double of Firebase Cloud Messaging's HTTP v1 API, written from its reference; no independent one exists.

Google's own SDK judges it: what it does not take for an answer, no test gets past. It gives access tokens for signed
requests, and answers for each device token as told: documented errors, with their details.
"""

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PROJECT = "faded-skies-tests"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

# Status, google.rpc code, and FCM's own code (firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode).
ERRORS: dict[str, tuple[int, str]] = {
    "UNREGISTERED": (404, "NOT_FOUND"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
}


@dataclass
class FcmDouble:
    """The service. `errors` says which error a device gets, `fields` what an INVALID_ARGUMENT names.

    `retry_after` is the header of every refusal; `asked` are the devices that were asked for, each time.
    """

    errors: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    pushed: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    retry_after: str | None = None
    token_requests: int = 0
    down: bool = False
    no_tokens: bool = False

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route(f"/v1/projects/{PROJECT}/messages:send", self._send, methods=["POST"]),
            ]
        )

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        self.token_requests += 1
        if self.no_tokens:
            return Response("<html>Bad Gateway</html>", status_code=502, media_type="text/html")
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" or not form.get(
            "assertion"
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse({"access_token": "granted", "expires_in": 3600, "token_type": "Bearer"})

    async def _send(self, request: Request) -> Response:
        if self.down:
            return Response("<html>Bad Gateway</html>", status_code=502, media_type="text/html")
        if request.headers.get("authorization") != "Bearer granted":
            return self._refusal("THIRD_PARTY_AUTH_ERROR", "")
        message = (await request.json())["message"]
        token = message["token"]
        self.asked.append(token)
        if token in self.errors:
            return self._refusal(self.errors[token], token)
        self.pushed.append(message)
        return JSONResponse({"name": f"projects/{PROJECT}/messages/{len(self.pushed)}"})

    def _refusal(self, code: str, token: str) -> Response:
        status, name = ERRORS[code]
        details: list[dict[str, Any]] = [{"@type": _FCM_ERROR, "errorCode": code}]
        if token in self.fields:
            violation = {"field": self.fields[token], "description": "Invalid value."}
            details.append({"@type": _BAD_REQUEST, "fieldViolations": [violation]})
        error = {"code": status, "message": f"{code}.", "status": name, "details": details}
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        return JSONResponse({"error": error}, status_code=status, headers=headers)


def service_account(address: str) -> dict[str, str]:
    """Return the key of a service account that gets its tokens from the double."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "a-key-of-tests",
        "private_key": pem.decode(),
        "client_email": f"push@{PROJECT}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{address}/token",
    }
