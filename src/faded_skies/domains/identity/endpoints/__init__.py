"""HTTP of accounts, one file for each matter."""

from fastapi import APIRouter

from faded_skies.domains.identity.endpoints import (
    federated,
    identities,
    invitations,
    mailed,
    mfa,
    passkeys,
    profile,
    sessions,
    sign_in,
)

ROUTERS: list[APIRouter] = [
    profile.router,
    sign_in.router,
    mailed.router,
    federated.router,
    identities.router,
    mfa.sign_in_router,
    mfa.router,
    passkeys.sign_in_router,
    passkeys.router,
    sessions.router,
    invitations.router,
    invitations.public,
]
