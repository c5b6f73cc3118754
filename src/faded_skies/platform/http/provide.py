"""How endpoints reach what bootstrap built: by type, in their signatures, never from a global."""

from typing import Annotated, Any

from fastapi import Depends, Request

from faded_skies.platform.db import Database
from faded_skies.platform.ports import Ports
from faded_skies.platform.settings import Settings
from faded_skies.platform.valkey import Valkey


def ports_of(request: Request) -> Ports:
    """Return the application's ports."""
    ports: Ports = request.app.state.ports
    return ports


def provided(kind: object) -> Any:
    """Return the FastAPI dependency that gives what bootstrap provided for the type."""

    async def give(request: Request) -> Any:
        return ports_of(request).get(kind)

    return Depends(give)


async def _db(request: Request) -> Database:
    return ports_of(request).db


async def _valkey(request: Request) -> Valkey:
    return ports_of(request).valkey


async def _settings(request: Request) -> Settings:
    return ports_of(request).settings


Db = Annotated[Database, Depends(_db)]
Store = Annotated[Valkey, Depends(_valkey)]
Configured = Annotated[Settings, Depends(_settings)]
