"""The limit of failed attempts to get in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from faded_skies.platform.http.limits import client_address
from faded_skies.platform.http.provide import ports_of
from faded_skies.platform.ratelimit import Gate


async def _auth_gate(request: Request) -> Gate:
    ports = ports_of(request)
    return Gate(
        ports.valkey,
        "auth",
        limit=ports.settings.rate_limit_auth_max,
        window=ports.settings.rate_limit_window * 60,
        refusal="Too many attempts did not work. Wait a few minutes, then try again.",
    )


AuthGate = Annotated[Gate, Depends(_auth_gate)]


@asynccontextmanager
async def attempt(gate: Gate, request: Request) -> AsyncIterator[None]:
    """Count an attempt from this address, and take it back when it succeeds. Raises Limited."""
    subject = client_address(request.scope)
    await gate.enter(subject)
    yield
    await gate.forgive(subject)
