"""Fixtures of the platform's tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest

from conftest import with_database
from factories.audit import one_connection
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[Database]:
    """A database whose audit log has one chain only."""
    async with one_connection(settings) as db:
        yield db


@pytest.fixture
def empty_database_url(engines: tuple[str, str]) -> Iterator[str]:
    """A database without anything in it, as a new machine has one."""
    name = f"bare_{uuid4().hex[:12]}"

    async def admin(statement: str) -> None:
        connection = await asyncpg.connect(engines[0])
        await connection.execute(statement)
        await connection.close()

    asyncio.run(admin(f"CREATE DATABASE {name}"))
    yield with_database(engines[0], name)
    asyncio.run(admin(f"DROP DATABASE {name} WITH (FORCE)"))
