"""Goods that the tests of several domains sell."""

from uuid import UUID

import pytest

from factories.catalog import make_product
from factories.trade import Trade


@pytest.fixture
async def haze(trade: Trade) -> UUID:
    """Return a flower of which there are nine, at 40.00 each."""
    return await make_product(trade.db, "Haze", price_cents=4000, stock=9)
