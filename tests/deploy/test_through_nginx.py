"""The shop itself behind nginx: two servers, and the real JavaScript clients by every transport."""

from pathlib import Path

import httpx
import pytest
from cluster.nginx import listen_on

from checkers import Tool
from factories.delivery import make_order, position
from factories.identity import signed_in
from factories.javascript import javascript
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.networks import parse_networks
from faded_skies.platform.settings import Settings
from nginx_peer import nginx
from servers import free_port, serving


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"trusted_proxies": parse_networks("127.0.0.1")})


async def test_sockets_polling_and_streams(
    app: Application, client: httpx.AsyncClient, settings: Settings, tmp_path: Path, tool: Tool
) -> None:
    tool("nginx")
    customer, driver = await signed_in(app, client), await signed_in(app, client, Role.DRIVER)
    order_id = await make_order(app, customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    port = free_port()
    door = f"http://127.0.0.1:{port}"
    ways = {"socket": ("websocket",), "climber": ("polling", "websocket"), "poller": ("polling",)}
    async with (
        bootstrap.application(settings) as other,
        serving(app.asgi) as first,
        serving(other.asgi) as second,
        nginx(tmp_path / "nginx", listen=listen_on(port), servers=[first, second]),
        javascript() as js,
        httpx.AsyncClient(base_url=door, headers=customer.headers) as http,
    ):
        for name, transports in ways.items():
            await js.connect(name, door, customer, transports=transports)
            joined = await js.emit(name, "track-order", {"orderId": str(order_id)})
            assert joined["ok"], joined
        upgraded = await js.next("climber", "upgrade")
        assert upgraded["transport"] == "websocket"

        async with http.stream("GET", f"/api/orders/{order_id}/events") as stream:
            lines = stream.aiter_lines()
            assert stream.headers["content-type"].startswith("text/event-stream")
            while await anext(lines) != "event: state":
                pass
            told = await http.post("/api/driver/location", json=position(order_id), headers=driver.headers)
            assert told.status_code == 200, told.text
            # Not buffered: it comes while the stream goes on.
            while await anext(lines) != "event: driver-location":
                pass
        for name in ways:
            await js.heard(name, "driver-location")

        refused = await http.post("/api/orders", content=b"[" + b" " * (1024 * 1024 + 10))
        assert (refused.status_code, refused.json()["code"]) == (413, "BODY_TOO_LARGE")
