"""What the tests of accounts share."""

from collections.abc import Awaitable, Callable

import pytest

from faded_skies.platform.db import Database


@pytest.fixture
def actions(db: Database) -> Callable[[], Awaitable[list[str]]]:
    """The actions of the audit log, in order."""

    async def read() -> list[str]:
        return [row["action"] for row in await db.fetch("SELECT action FROM audit_log ORDER BY seq")]

    return read
