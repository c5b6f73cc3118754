"""HTTP of accounts, one file for each matter."""

from fastapi import APIRouter

from faded_skies.domains.identity.endpoints import (
    federated,
    identities,
    invitations,
    mailed,
    mfa,
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
    sessions.router,
    invitations.router,
    invitations.public,
]
