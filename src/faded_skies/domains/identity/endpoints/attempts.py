"""The limits of failed attempts to get in, which count and refuse but lock nobody out of their account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from faded_skies.domains.identity import service
from faded_skies.domains.identity.service import Caller
from faded_skies.platform.http.limits import client_neighbourhood
from faded_skies.platform.http.provide import ports_of
from faded_skies.platform.ratelimit import Gate

PURPOSE = "sign_in"
"""Accounts are counted under a digest keyed for this purpose: Valkey holds no e-mail addresses."""

_WAIT = "Too many attempts did not work. Wait a few minutes, then try again."
_RESET = (
    "Too many attempts to sign in did not work. Reset your password by mail to sign in at once, "
    "or wait a few minutes."
)


def _gate(request: Request, name: str, refusal: str) -> Gate:
    ports = ports_of(request)
    return Gate(
        ports.valkey,
        name,
        limit=ports.settings.rate_limit_auth_max,
        window=ports.settings.rate_limit_window * 60,
        refusal=refusal,
    )


async def _auth_gate(request: Request) -> Gate:
    return _gate(request, "auth", _WAIT)


async def _token_gate(request: Request) -> Gate:
    return _gate(request, "tokens", _WAIT)


async def _link_request_gate(request: Request) -> Gate:
    return _gate(request, "link_requests", _WAIT)


async def _reset_gate(request: Request) -> Gate:
    return _gate(request, "resets", _WAIT)


AuthGate = Annotated[Gate, Depends(_auth_gate)]

# Of what is too long to guess, and apart from passwords: neighbours who mistype theirs must not bar it.
TokenGate = Annotated[Gate, Depends(_token_gate)]

# Apart from the others: failed sign-ins must not bar the way that stays open to who is barred from signing in.
LinkRequestGate = Annotated[Gate, Depends(_link_request_gate)]
ResetGate = Annotated[Gate, Depends(_reset_gate)]


@asynccontextmanager
async def attempt(gate: Gate, request: Request) -> AsyncIterator[None]:
    """Count an attempt from this network, and take it back when it succeeds. Raises Limited."""
    ticket = await gate.enter(client_neighbourhood(request.scope))
    yield
    await gate.forgive(ticket)


@asynccontextmanager
async def password_attempt(request: Request, email: str) -> AsyncIterator[None]:
    """Count an attempt to sign in to this account, known or not, and take it back when it succeeds.

    Raises Limited.
    """
    caller = await service.judge_caller_of_email(
        ports_of(request).db, email, network=client_neighbourhood(request.scope)
    )
    async with _counted(_gate(request, "auth", _RESET), request, caller):
        yield


@asynccontextmanager
async def code_attempt(request: Request, user_id: UUID) -> AsyncIterator[None]:
    """Count an attempt of who is known already to prove that it is them, by a code or by the password once more.

    As `password_attempt`, in counts of its own. Raises Limited.
    """
    caller = await service.judge_caller_of_user(
        ports_of(request).db, user_id, network=client_neighbourhood(request.scope)
    )
    async with _counted(_gate(request, "codes", _WAIT), request, caller):
        yield


@asynccontextmanager
async def _counted(gate: Gate, request: Request, caller: Caller) -> AsyncIterator[None]:
    digest = ports_of(request).purpose_keys.digest(PURPOSE, caller.account.encode()).hex()
    ticket = await gate.enter(*caller.subjects(digest))
    yield
    await gate.forgive(ticket)
