"""The real JavaScript clients against two server processes and a worker: every event, every refusal, and kill -9."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import jwt
import pytest

from factories.delivery import make_order, position
from factories.identity import SignedInPerson, signed_in
from factories.javascript import JavaScript, Line, javascript
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.platform import realtime
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import Server, environment_of, free_port, serve_process, until, worker_process

EVENTS = ("track-order", "driver-location-update", "join-chat", "send-message", "typing", "mark-read")


@dataclass(frozen=True)
class Town:
    """Two servers, their clients, and the people of one order and one conversation."""

    js: JavaScript
    one: Server
    two: Server
    customer: SignedInPerson
    driver: SignedInPerson
    relief: SignedInPerson
    agent: SignedInPerson
    admin: SignedInPerson
    stranger: SignedInPerson
    order_id: UUID
    ticket_id: str


@pytest.fixture
async def town(
    app: Application, client: httpx.AsyncClient, settings: Settings, tmp_path: Path
) -> AsyncIterator[Town]:
    environment = environment_of(settings)
    customer, stranger = await signed_in(app), await signed_in(app)
    driver, relief, agent, admin = [
        await signed_in(app, role) for role in (Role.DRIVER, Role.DRIVER, Role.AGENT, Role.ADMIN)
    ]
    order_id = await make_order(app, customer.id, status=Status.PREPARING, driver_id=driver.id)
    body = {"subject": "Where is it?", "message": "It is late.", "orderId": str(order_id)}
    opened = await client.post("/api/support/tickets", json=body, headers=customer.headers)
    assert opened.status_code == 201, opened.text
    async with AsyncExitStack() as stack:
        servers = [
            stack.enter_context(serve_process(environment, tmp_path / f"server-{name}.log", port=free_port()))
            for name in ("one", "two")
        ]
        stack.enter_context(worker_process(environment, tmp_path / "worker.log"))
        js = await stack.enter_async_context(javascript())
        for server in servers:
            await server.ready()
        yield Town(
            js,
            servers[0],
            servers[1],
            customer,
            driver,
            relief,
            agent,
            admin,
            stranger,
            order_id,
            opened.json()["ticket"]["id"],
        )


def bodies(town: Town) -> dict[str, Line]:
    ticket, order = {"ticketId": town.ticket_id}, {"orderId": str(town.order_id)}
    return {
        "track-order": order,
        "driver-location-update": position(town.order_id),
        "join-chat": ticket,
        "send-message": ticket | {"message": "Hello"},
        "typing": ticket,
        "mark-read": ticket | {"messageId": str(new_id())},
    }


@pytest.mark.timeout(200)
async def test_every_event_reaches_whom_it_should_on_either_server(
    town: Town, client: httpx.AsyncClient, settings: Settings
) -> None:
    js, one, two = town.js, town.one.address, town.two.address
    late = expired(town.customer, settings)
    for who, token, code in (("nobody", "not a token", "INVALID_TOKEN"), ("late", late, "TOKEN_EXPIRED")):
        await js.connect(who, one, token)
        refused = await js.next(who, "connect_error")
        assert (refused["message"], refused["data"]) == ("Authentication error", {"code": code})

    await js.connect("customer", one, town.customer)
    assert (await js.next("customer", "upgrade"))["transport"] == "websocket"
    await js.connect("driver", two, town.driver, transports=("websocket",))
    await js.connect("agent", two, town.agent, transports=("polling",))
    await js.connect("relief", one, town.relief)
    await js.connect("stranger", two, town.stranger)
    await js.connect("admin", two, town.admin)
    await every_refusal(town)
    await a_flood_is_refused(town)

    order = {"orderId": str(town.order_id)}
    state = await js.emit("customer", "track-order", order)
    assert (state["ok"], state["order"]["status"], state["driver"]) == (True, "preparing", None)
    assert (await js.emit("driver", "track-order", order))["ok"] is True
    await a_change_is_proposed_and_declined(town, client)
    picked = await client.post(f"/api/driver/orders/{town.order_id}/pickup", headers=town.driver.headers)
    assert picked.status_code == 200, picked.text
    for who in ("customer", "driver"):
        while (await js.heard(who, "order-status"))["status"] != "out_for_delivery":
            pass  # how it came there is told first, by the worker that has just started
    told = await js.emit("driver", "driver-location-update", position(town.order_id))
    assert told == {"ok": True, "received": 1}
    assert (await js.heard("customer", "driver-location"))["lat"] == 30.28
    for who in ("customer", "driver"):
        update = await js.heard(who, "eta-update")
        assert (update["orderId"], update["source"], update["eta"] > 0) == (
            str(town.order_id),
            "distance",
            True,
        )

    ticket = {"ticketId": town.ticket_id}
    joined = await js.emit("customer", "join-chat", ticket)
    assert (joined["ok"], joined["ticket"]["id"]) == (True, town.ticket_id)
    assert (await js.heard("agent", "customer-joined-chat"))["userId"] == str(town.customer.id)
    assert (await js.emit("agent", "join-chat", ticket))["ok"] is True
    assert (await js.emit("customer", "typing", ticket))["ok"] is True
    assert (await js.heard("agent", "user-typing"))["userId"] == str(town.customer.id)
    sent = await js.emit("customer", "send-message", ticket | {"message": "Where are you? 🌿"})
    heard = await js.heard("agent", "new-message")
    assert (sent["ok"], heard["message"], heard["id"]) == (True, "Where are you? 🌿", sent["message"]["id"])
    assert (await js.emit("agent", "mark-read", ticket | {"messageId": heard["id"]}))["read"] >= 1
    assert (await js.heard("customer", "messages-read"))["messageId"] == heard["id"]
    closed = await client.post(
        f"/api/agent/tickets/{town.ticket_id}/close", json={}, headers=town.agent.headers
    )
    assert closed.status_code == 200, closed.text
    for who in ("customer", "agent"):
        while (await js.heard(who, "chat-status"))["ticket"]["status"] != "closed":
            pass  # that the agent had taken it is told first

    given = await client.post(
        f"/api/admin/orders/{town.order_id}/assign",
        json={"driverId": str(town.relief.id)},
        headers=town.admin.headers,
    )
    assert given.status_code == 200, given.text
    assert (await js.heard("relief", "order-offered"))["orderId"] == str(town.order_id)
    assert (await js.heard("driver", "offer-withdrawn"))["orderId"] == str(town.order_id)
    assert (await js.heard("customer", "driver-changed"))["orderId"] == str(town.order_id)
    assert js.silent("stranger")


def expired(person: SignedInPerson, settings: Settings) -> str:
    """Return the person's token, with a time that is over."""
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    secret = settings.jwt_secret.get_secret_value()
    return jwt.encode(claims | {"exp": int(time.time()) - 1}, secret, algorithm="HS256")


async def a_flood_is_refused(town: Town) -> None:
    """Send more at once than one socket may; what is too much is said, and the next moment it may again."""
    js = town.js
    answers = await js.emit_all("stranger", "track-order", [{"mood": "loud"}] * 400)
    codes = [answer["code"] for answer in answers]
    assert codes[: realtime.MOST_AT_ONCE // 2] == ["VALIDATION_ERROR"] * (realtime.MOST_AT_ONCE // 2)
    assert set(codes) == {"VALIDATION_ERROR", "RATE_LIMITED"}

    async def may_again() -> bool:
        return bool((await js.emit("stranger", "track-order", {}))["code"] == "VALIDATION_ERROR")

    await until(may_again, "a calm socket is heard again")


async def a_change_is_proposed_and_declined(town: Town, client: httpx.AsyncClient) -> None:
    """Let staff propose another quantity and the customer say no; both hear of both."""
    url = f"/api/orders/{town.order_id}"
    order = (await client.get(url, headers=town.customer.headers)).json()["order"]
    line = {"productId": order["items"][0]["productId"], "quantity": 1}
    proposal = {"reason": "A jar was broken.", "lines": [line]}
    proposed = await client.post(
        f"/api/admin/orders/{town.order_id}/amendments", json=proposal, headers=town.admin.headers
    )
    assert proposed.status_code == 201, proposed.text
    amendment_id = proposed.json()["amendment"]["id"]
    declined = await client.post(f"{url}/amendments/{amendment_id}/decline", headers=town.customer.headers)
    assert declined.status_code == 200, declined.text
    for who in ("customer", "driver"):
        told = [await town.js.heard(who, "order-amendment") for _ in range(2)]
        assert {one["status"] for one in told} == {"open", "declined"}
        assert {(one["orderId"], one["amendmentId"]) for one in told} == {(str(town.order_id), amendment_id)}


async def every_refusal(town: Town) -> None:
    """Send every event by everybody who may not, and what no event may carry."""
    js, sent = town.js, bodies(town)
    # A driver is a person like others to support and to orders that are not theirs.
    chat = ("join-chat", "send-message", "typing", "mark-read")
    not_found = {"stranger": ("track-order", *chat), "relief": EVENTS, "driver": chat}
    for who, events in not_found.items():
        codes = {event: (await js.emit(who, event, sent[event]))["code"] for event in events}
        assert codes == dict.fromkeys(events, "NOT_FOUND"), who
    for who in ("stranger", "customer", "agent", "admin"):
        answer = await js.emit(who, "driver-location-update", sent["driver-location-update"])
        assert (answer["ok"], answer["code"]) == (False, "INSUFFICIENT_PERMISSIONS"), who
    for event in EVENTS:
        answer = await js.emit("driver", event, {"mood": "good"})
        assert (answer["ok"], answer["code"]) == (False, "VALIDATION_ERROR"), event
        assert answer["error"]


@pytest.mark.timeout(200)
async def test_a_killed_server_costs_a_client_nothing_but_a_moment(
    town: Town, client: httpx.AsyncClient
) -> None:
    js = town.js
    await js.connect("customer", town.one.address, town.customer)
    await js.connect("driver", town.two.address, town.driver)
    order = {"orderId": str(town.order_id)}
    assert (await js.emit("customer", "track-order", order))["ok"] is True
    town.one.kill()
    await js.next("customer", "disconnect")
    picked = await client.post(f"/api/driver/orders/{town.order_id}/pickup", headers=town.driver.headers)
    assert picked.status_code == 200
    assert (await js.emit("driver", "driver-location-update", position(town.order_id)))["ok"] is True
    town.one.start()
    await town.one.ready()
    await js.next("customer", "connect")
    state = await js.emit("customer", "track-order", order)
    assert (state["order"]["status"], state["driver"]["lat"]) == ("out_for_delivery", 30.28)
    assert (await js.emit("driver", "driver-location-update", position(town.order_id, lat=30.283)))[
        "ok"
    ] is True
    while (await js.heard("customer", "driver-location"))["lat"] != 30.283:
        pass
    out = await client.post("/api/auth/logout", headers=town.customer.headers)
    assert out.status_code == 204
    assert (await js.next("customer", "disconnect"))["reason"] == "io server disconnect"
