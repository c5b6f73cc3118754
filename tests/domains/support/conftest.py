"""A customer, agents who are not there yet, and a server."""

from collections.abc import AsyncIterator

import pytest

from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from servers import serving


@pytest.fixture
async def address(app: Application) -> AsyncIterator[str]:
    """The address of the application on a real server."""
    async with serving(app.asgi) as found:
        yield found


@pytest.fixture
async def customer(app: Application) -> SignedInPerson:
    return await signed_in(app, full_name="Maya Okafor")


@pytest.fixture
async def agent(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.AGENT, full_name="Agnes Lindqvist")


@pytest.fixture
async def colleague(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.AGENT, full_name="Bruno Vidal")
