"""Who may call an endpoint: aliases for endpoint signatures. An endpoint without one of them is public."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from faded_skies.platform.actor import Actor, Role, TokenRequired
from faded_skies.platform.errors import InsufficientPermissions
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
    """Return who is asking. Raises TokenRequired, InvalidToken or TokenExpired."""
    return await ports_of(request).authenticator.authenticate(bearer_token(request))


def _only(*roles: Role) -> Callable[[Request], Awaitable[Actor]]:
    async def allowed(request: Request) -> Actor:
        actor = await signed_in(request)
        if actor.role not in roles:
            raise InsufficientPermissions
        return actor

    return allowed


SignedIn = Annotated[Actor, Depends(signed_in)]
Driver = Annotated[Actor, Depends(_only(Role.DRIVER))]
Admin = Annotated[Actor, Depends(_only(Role.ADMIN))]
Staff = Annotated[Actor, Depends(_only(Role.ADMIN, Role.AGENT))]

needs_token = [Depends(_bearer)]
"""For `dependencies=` of a router whose endpoints need a token: shows the padlock in the document."""

needs_role: dict[int | str, dict[str, Any]] = {
    403: {"model": ErrorShape, "description": "INSUFFICIENT_PERMISSIONS: for another role."}
}
"""For `responses=` of a router whose endpoints are for one role."""
