"""A database as a new machine has one."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import pytest

from conftest import with_database


@pytest.fixture
def empty_database_url(engines: tuple[str, str]) -> Iterator[str]:
    """A database without anything in it."""
    name = f"restored_{uuid4().hex[:12]}"

    async def admin(statement: str) -> None:
        connection = await asyncpg.connect(engines[0])
        await connection.execute(statement)
        await connection.close()

    asyncio.run(admin(f"CREATE DATABASE {name}"))
    yield with_database(engines[0], name)
    asyncio.run(admin(f"DROP DATABASE {name} WITH (FORCE)"))
