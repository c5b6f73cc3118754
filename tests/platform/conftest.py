"""Fixtures of the platform's tests."""

from collections.abc import AsyncIterator

import pytest

from factories.audit import one_connection
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[Database]:
    """A database whose audit log has one chain only."""
    async with one_connection(settings) as db:
        yield db
