"""A worker that looks at papers, and staff that decides."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings


@pytest.fixture
async def person(app: Application) -> SignedInPerson:
    """A customer who has not shown an ID yet."""
    return await signed_in(app, id_verified=False)


@pytest.fixture
async def agent(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.AGENT, full_name="Agnes Lindqvist")


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[Path]]:
    """Return the files of the document store."""
    return lambda: [path for path in (settings.data / "vault").rglob("*") if path.is_file()]


@pytest.fixture
def audited(db: Database) -> Callable[[], Awaitable[list[str]]]:
    """Return what the audit log says of papers, in order."""

    async def read() -> list[str]:
        rows = await db.fetch("SELECT action FROM audit_log WHERE action LIKE 'id\\_%' ORDER BY seq")
        return [row["action"] for row in rows]

    return read
