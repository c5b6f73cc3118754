"""What the endpoints of accounts need, and how they document refusals."""

from typing import Annotated, Any

from fastapi import Depends, Request

from faded_skies.domains.identity.ports import Adulthood, IdentityProviders, PasswordHasher
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.provide import ports_of, provided
from faded_skies.platform.tokens import AccessTokens

Hasher = Annotated[PasswordHasher, provided(PasswordHasher)]
OfAge = Annotated[Adulthood, provided(Adulthood)]
Providers = Annotated[IdentityProviders, provided(IdentityProviders)]


async def _tokens(request: Request) -> AccessTokens:
    return ports_of(request).tokens


Tokens = Annotated[AccessTokens, Depends(_tokens)]


def refusals(**codes: str) -> dict[int | str, dict[str, Any]]:
    """Document refusals: `_401="INVALID_CREDENTIALS"`."""
    return {
        int(status.removeprefix("_")): {"model": ErrorShape, "description": code}
        for status, code in codes.items()
    }
