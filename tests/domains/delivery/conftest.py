"""What tests of the road share."""

from pathlib import Path

import httpx
import pytest

from factories.road import Road, make_road
from faded_skies.bootstrap import Application


@pytest.fixture
async def road(app: Application, client: httpx.AsyncClient) -> Road:
    return await make_road(app, client)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's own rule files lie."""
    path = tmp_path / "rules"
    path.mkdir()
    return path
