"""Who takes cash at doors, and who counts it."""

import pytest

from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role


@pytest.fixture
async def customer(app: Application) -> SignedInPerson:
    return await signed_in(app)


@pytest.fixture
async def driver(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.DRIVER, full_name="Dana Reyes")


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN, full_name="Noor Haddad")
