"""Who takes cash at doors, and who counts it."""

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role


@pytest.fixture
async def customer(app: Application, client: httpx.AsyncClient) -> SignedInPerson:
    return await signed_in(app, client)


@pytest.fixture
async def driver(app: Application, client: httpx.AsyncClient) -> SignedInPerson:
    return await signed_in(app, client, Role.DRIVER, full_name="Dana Reyes")


@pytest.fixture
async def admin(app: Application, client: httpx.AsyncClient) -> SignedInPerson:
    return await signed_in(app, client, Role.ADMIN, full_name="Noor Haddad")
