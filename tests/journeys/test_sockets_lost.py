"""Clients whose server has lost an engine while they connect or listen come back: the real socket.io-client."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
import redis
from redis.exceptions import RedisError

from factories.delivery import make_order
from factories.identity import signed_in
from factories.javascript import JavaScript, javascript
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.platform import rooms, valkey
from faded_skies.platform.actor import Role
from faded_skies.platform.presence import Presence
from faded_skies.platform.rooms import Manager, Message, Realtime
from faded_skies.platform.settings import Settings
from faded_skies.platform.valkey import Valkey
from servers import serving, until

LOST = (
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.InterfaceError("pool is closing"),
    FileNotFoundError("no socket"),
    ConnectionRefusedError("nobody listens"),
    RuntimeError("a defect of ours"),
)


@pytest.fixture
async def js() -> AsyncIterator[JavaScript]:
    async with javascript() as clients:
        yield clients


class Away:
    """Something that fails until it is back; `asked` says how often it did."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.asked = 0

    def __call__(self, *_: object) -> Any:
        self.asked += 1
        raise self._error

    async def asked_twice(self) -> bool:
        return self.asked >= 2


async def test_who_connects_while_the_database_is_away_comes_back_by_itself(
    app: Application, address: str, js: JavaScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await signed_in(app)
    for number, error in enumerate(LOST):
        name, away = f"client {number}", Away(error)
        with monkeypatch.context() as broken:
            broken.setattr(app.ports.authenticator, "authenticate", away)
            js.begin(name, address, person, transports=(("polling", "websocket")[number % 2],))
            await until(away.asked_twice, f"after {error!r} the client tries again", 20)
        await js.next(name, "connect")
        state = await js.emit(name, "track-order", {"orderId": str(await make_order(app, person.id))})
        assert state["ok"] is True


async def test_an_agent_who_cannot_be_noted_comes_back_and_is_there_once(
    app: Application, address: str, js: JavaScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await signed_in(app, Role.AGENT)
    arrivals = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'support.serve_arrived'"
    away = Away(asyncpg.InterfaceError("pool is closing"))
    with monkeypatch.context() as broken:
        broken.setattr(app.ports.db, "transaction", away)
        js.begin("agent", address, agent, transports=("websocket",))
        await until(away.asked_twice, "the agent tries again", 20)
        assert await app.ports.db.fetchval(arrivals) == 0
    await js.next("agent", "connect")
    assert await app.ports.db.fetchval(arrivals) == 1
    assert await app.ports.get(Presence).present() == {agent.id}
    assert await app.ports.valkey.zcard("presence:agents") == 1


async def test_what_cannot_be_told_is_not_taken_for_told() -> None:
    async with valkey.connect("unix:///nowhere/valkey.sock") as nowhere:
        realtime = Realtime(Manager(nowhere, write_only=True))
        with pytest.raises(RedisError):
            await realtime.tell("order-status", {}, rooms=["order:1"])
        # Of many together nobody is the one who could repeat it: it ends without an error.
        await realtime.tell_all([Message("driver-location", {}, ["order:1"])])


async def test_whose_server_lost_the_bus_comes_back_for_the_state(
    app: Application, address: str, js: JavaScript, redis_url: str
) -> None:
    person, agent = await signed_in(app), await signed_in(app, Role.AGENT)
    order_id = await make_order(app, person.id)
    await js.connect("socket", address, person, transports=("websocket",))
    await js.connect("poller", address, agent, transports=("polling",))
    elsewhere = Realtime(Manager(app.ports.valkey, write_only=True))
    for _ in range(2):
        cut(redis_url)
        for name in ("socket", "poller"):
            assert (await js.next(name, "disconnect"))["reason"] in {"transport close", "transport error"}
            await js.next(name, "connect")
            assert (await js.emit(name, "track-order", {"orderId": str(order_id)}))["ok"] is True
        await elsewhere.tell("driver-changed", {"orderId": order_id}, rooms=[f"order:{order_id}"])
        assert (await js.heard("socket", "driver-changed"))["orderId"] == str(order_id)
    assert await app.ports.get(Presence).present() == {agent.id}


def cut(url: str) -> None:
    """Cut the connections of those who listen to this Valkey."""
    with redis.Redis.from_url(url) as valkey:
        assert valkey.execute_command("CLIENT", "KILL", "TYPE", "pubsub") >= 1


async def test_nobody_is_let_in_who_would_hear_nothing(
    app: Application,
    settings: Settings,
    js: JavaScript,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, tries = await signed_in(app), 0
    wait = Manager.wait_until_listening

    async def wait_and_count(manager: Manager) -> None:
        nonlocal tries
        tries += 1
        await wait(manager)

    async def tried_twice() -> bool:
        return tries >= 2

    monkeypatch.setattr(rooms, "_PATIENCE_TO_LISTEN", 0.1)
    monkeypatch.setattr(Manager, "wait_until_listening", wait_and_count)
    async with AsyncExitStack() as stack:
        with monkeypatch.context() as broken:
            broken.setattr(Valkey, "pubsub", Away(RedisError("no bus")))
            deaf = await stack.enter_async_context(bootstrap.application(settings))
            address = await stack.enter_async_context(serving(deaf.asgi))
            js.begin("client", address, person, transports=("websocket",))
            await until(tried_twice, "the client tries again", 20)
            assert js.silent("client", "connect")
            assert js.silent("client", "connect_error")
        await js.next("client", "connect")
