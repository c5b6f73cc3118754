"""A server for journeys that need a network."""

from collections.abc import AsyncIterator

import pytest

from faded_skies.bootstrap import Application
from servers import serving


@pytest.fixture
async def address(app: Application) -> AsyncIterator[str]:
    """The address of the application on a real server."""
    async with serving(app.asgi) as found:
        yield found
