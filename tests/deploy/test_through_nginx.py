"""The shop itself behind nginx: two servers, and the real JavaScript clients by every transport."""

import asyncio
from contextlib import AsyncExitStack
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
from faded_skies.platform.connections import Connections
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.networks import parse_networks
from faded_skies.platform.settings import Settings
from nginx_peer import nginx
from servers import free_port, serving, until


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"trusted_proxies": parse_networks("127.0.0.1")})


async def test_sockets_polling_and_streams(
    app: Application, settings: Settings, tmp_path: Path, tool: Tool
) -> None:
    tool("nginx")
    customer, driver = await signed_in(app), await signed_in(app, Role.DRIVER)
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

        # Of who is nobody no upload is read.
        for path in ("/api/users/id-verification", "/api/support/uploads"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 9000000\r\n"
            writer.write(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b".encode())
            assert (await reader.readline()).split()[1] == b"401"
            writer.close()
        # Nor of who sends all of it before listening: the answer is not lost with the connection.
        for _ in range(5):
            unread = await http.post(
                "/api/support/uploads", content=bytes(9_000_000), headers={"Authorization": ""}
            )
            assert unread.status_code == 401, unread.text

        refused = await http.post("/api/orders", content=b"[" + b" " * (1024 * 1024 + 10))
        assert (refused.status_code, refused.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_server_leaves_under_load(
    app: Application, settings: Settings, tmp_path: Path, tool: Tool
) -> None:
    tool("nginx")
    customer = await signed_in(app)
    ticket = {"subject": "Where is it?", "message": "It is late."}
    port = free_port()
    door = f"http://127.0.0.1:{port}"
    answers: list[httpx.Response] = []
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(bootstrap.application(settings))
        second = await stack.enter_async_context(serving(other.asgi))
        leaving = await stack.enter_async_context(AsyncExitStack())
        first = await leaving.enter_async_context(serving(app.asgi))
        proxy = nginx(tmp_path / "nginx", listen=listen_on(port), servers=[first, second])
        await stack.enter_async_context(proxy)
        js = await stack.enter_async_context(javascript())
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=door, headers=customer.headers))
        sockets = [f"socket-{number}" for number in range(4)]
        for name in sockets:
            await js.connect(name, door, customer, transports=("websocket",))

        async def ask(times: int) -> None:
            for _ in range(times):
                answers.extend([await http.get("/api/products") for _ in range(4)])
                answers.append(await http.post("/api/support/tickets", json=ticket))

        async def trade(times: int) -> None:
            await asyncio.gather(*[ask(times) for _ in range(2)])

        await trade(1)
        lifecycle: Lifecycle = app.ports.get(Lifecycle)
        lifecycle.is_leaving = True  # as SIGTERM does (tests/platform/test_health.py)
        await trade(1)
        # Nginx leaves it alone by now, so its sockets are the last that it closes.
        await asyncio.gather(trade(2), leaving.aclose())
        await trade(1)

        # Those of its sockets were told to go, and all four are on the other server.
        async def all_are_there() -> bool:
            return connected(other) == len(sockets)

        await until(all_are_there, "the sockets are back")
    assert {answer.status_code for answer in answers} == {200, 201}


def connected(app: Application) -> int:
    """Return how many sockets a server has."""
    connections: Connections = app.ports.get(Connections)
    return len(connections)
