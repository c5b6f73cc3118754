"""What tests of reports share."""

from collections.abc import AsyncIterator

import httpx
import pytest

from factories.tracing import Tracing, make_tracing, metrc_of
from faded_skies.bootstrap import Application
from peers.metrc import MetrcPeer


@pytest.fixture
async def tracing(app: Application, client: httpx.AsyncClient) -> AsyncIterator[Tracing]:
    peer = MetrcPeer()
    async with metrc_of(peer) as system:
        yield await make_tracing(app, client, system, peer)
