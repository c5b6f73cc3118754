"""What the endpoints of accounts need."""

from typing import Annotated

from fastapi import Depends, Request

from faded_skies.domains.identity.ports import Adulthood, IdentityProviders, PasswordHasher
from faded_skies.platform.http.provide import ports_of, provided
from faded_skies.platform.tokens import AccessTokens

Hasher = Annotated[PasswordHasher, provided(PasswordHasher)]
OfAge = Annotated[Adulthood, provided(Adulthood)]
Providers = Annotated[IdentityProviders, provided(IdentityProviders)]


async def _tokens(request: Request) -> AccessTokens:
    return ports_of(request).tokens


Tokens = Annotated[AccessTokens, Depends(_tokens)]
