"""Who is calling an endpoint, in its signature. Whether they may stands in the table of permissions."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from faded_skies.platform.actor import Actor, TokenRequired
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.provide import ports_of

# Documents the scheme; reading the header is done below, so that refusals are ours.
_bearer = HTTPBearer(auto_error=False, description="The accessToken of a sign-in.")


def bearer_token(request: Request) -> str:
    """Return the token of the Authorization header. Raises TokenRequired."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRequired
    return token.strip()


async def signed_in(request: Request) -> Actor:
    """Return who is asking, if the table of permissions lets them.

    Raises TokenRequired, InvalidToken or TokenExpired; InsufficientPermissions, or what the person owes first.
    """
    ports = ports_of(request)
    actor = await ports.authenticator.authenticate(bearer_token(request))
    ports.access.check(f"{request.method} {request.scope['route'].path_format}", actor)
    return actor


SignedIn = Annotated[Actor, Depends(signed_in)]

needs_token = [Depends(_bearer)]
"""For `dependencies=` of a router whose endpoints need a token: shows the padlock in the document."""

needs_role: dict[int | str, dict[str, Any]] = {
    403: {"model": ErrorShape, "description": "INSUFFICIENT_PERMISSIONS: for another role."}
}
"""For `responses=` of a router whose endpoints are for one role."""
