"""What the tests of accounts share."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from factories.federated import Shop, TalkativeProvider, shop_with
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings


@pytest.fixture
def actions(db: Database) -> Callable[[], Awaitable[list[str]]]:
    """The actions of the audit log, in order."""

    async def read() -> list[str]:
        return [row["action"] for row in await db.fetch("SELECT action FROM audit_log ORDER BY seq")]

    return read


@pytest.fixture
def google() -> TalkativeProvider:
    """A provider that names whoever the test says."""
    return TalkativeProvider("google")


@pytest.fixture
async def shop(settings: Settings, google: TalkativeProvider) -> AsyncIterator[Shop]:
    """The shop with its registrations at providers, beside `app` on the same database."""
    async with shop_with(settings, google, TalkativeProvider("apple")) as opened:
        yield opened
