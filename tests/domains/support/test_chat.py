"""Chat over Socket.IO: every event, every wrong person, and what a client misses while it is away."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.sockets import connected
from factories.support import (
    act,
    come_in,
    desk_of,
    done,
    messages_of,
    open_ticket,
    see_whole,
    write,
)
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.support import sockets
from faded_skies.domains.support.service import reading
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import serving

Drain = Callable[[], Awaitable[None]]


async def test_what_is_written_in_one_breath_stays_in_order(
    app: Application, client: httpx.AsyncClient, address: str, customer: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    words = [f"word {number}" for number in range(20)]
    acks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with connected(app, address, customer) as asking, asyncio.timeout(20):
        for word in words:
            body = {"ticketId": ticket["id"], "message": word}
            await asking.io.emit("send-message", body, callback=acks.put_nowait)
        acknowledged = [await acks.get() for _ in words]
    assert [ack["message"]["message"] for ack in acknowledged] == words
    assert [one["message"] for one in await messages_of(client, customer, ticket)][1:] == words


async def test_a_customer_and_an_agent_talk(
    app: Application,
    client: httpx.AsyncClient,
    address: str,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    ticket = await open_ticket(client, customer)
    named = {"ticketId": ticket["id"]}
    bystander = await signed_in(app)
    async with (
        connected(app, address, customer) as asking,
        connected(app, address, agent) as helping,
        connected(app, address, bystander) as outside,
    ):
        await drain()
        [(event, told)] = [one for one in await helping.heard() if one[1]["ticket"]["chatStatus"] == "active"]
        assert (event, told["ticket"]["agentName"]) == ("chat-status", "Agnes")
        await asking.heard()

        joined = await asking.send("join-chat", named)
        assert joined["ok"] is True
        assert joined["messages"] == await messages_of(client, customer, ticket)
        assert (joined["ticket"], joined["hasMore"]) == (told["ticket"], False)
        assert await helping.heard() == [("customer-joined-chat", named | {"userId": str(customer.id)})]
        assert (await helping.send("join-chat", named))["ok"] is True
        assert await asking.heard() == []
        assert await helping.heard() == []  # staff's joining is told to nobody

        sent = await asking.send("send-message", named | {"message": "Hello?"})
        assert sent["ok"] is True
        await drain()
        for one in (asking, helping):
            assert await one.heard() == [("new-message", sent["message"])]
        assert set(sent["message"]) == {
            "id",
            "ticketId",
            "senderType",
            "senderId",
            "senderName",
            "message",
            "attachments",
            "createdAt",
            "readAt",
        }
        answer = await helping.send("send-message", named | {"message": "Hello Maya."})
        assert (answer["message"]["senderType"], answer["message"]["senderName"]) == ("agent", "Agnes")
        await drain()
        assert [event for event, _ in await asking.heard()] == ["new-message"]
        await helping.heard()

        assert await helping.send("typing", named) == {"ok": True}
        assert await asking.heard() == [
            ("user-typing", named | {"userId": str(agent.id), "userName": "Agnes"})
        ]
        assert await helping.heard() == []
        assert await asking.send("typing", named) == {"ok": True}
        assert await helping.heard() == [
            ("user-typing", named | {"userId": str(customer.id), "userName": "Maya Okafor"})
        ]

        last = answer["message"]["id"]
        assert await asking.send("mark-read", named | {"messageId": last}) == {"ok": True, "read": 1}
        assert await asking.send("mark-read", named | {"messageId": last}) == {"ok": True, "read": 0}
        await drain()
        [(event, read)] = await helping.heard()
        assert (event, read["messageId"], read["senderType"]) == ("messages-read", last, "agent")
        [*_, told] = await messages_of(client, customer, ticket)
        assert (told["id"], told["readAt"]) == (last, read["readAt"])
        assert [event for event, _ in await asking.heard()] == ["messages-read"]
        assert await outside.heard() == []


async def test_nobody_else_joins_writes_types_or_reads(
    app: Application, client: httpx.AsyncClient, address: str, customer: SignedInPerson, drain: Drain
) -> None:
    ticket = await open_ticket(client, customer)
    [message] = await messages_of(client, customer, ticket)
    async with connected(app, address, customer) as asking:
        assert (await asking.send("join-chat", {"ticketId": ticket["id"]}))["ok"] is True
        for role in (Role.CUSTOMER, Role.DRIVER, Role.ADMIN):
            stranger = await signed_in(app, role)
            await drain()
            await asking.heard()
            async with connected(app, address, stranger) as intruding:
                for ticket_id in (ticket["id"], str(new_id())):
                    named = {"ticketId": ticket_id}
                    for event, more in (
                        ("join-chat", {}),
                        ("send-message", {"message": "Let me in."}),
                        ("typing", {}),
                        ("mark-read", {"messageId": message["id"]}),
                    ):
                        answer = await intruding.send(event, named | more)
                        assert answer == {
                            "ok": False,
                            "error": "There is no such ticket.",
                            "code": "NOT_FOUND",
                        }, (role, event)
                mine = {"ticketId": ticket["id"], "message": "Mine"}
                assert (await asking.send("send-message", mine))["ok"] is True
                await drain()
                assert [event for event, _ in await asking.heard()] == ["new-message"]
                assert await intruding.heard() == []
    assert len(await messages_of(client, customer, ticket)) == 4


NO_PAYLOADS: list[tuple[str, dict[str, object], str]] = [
    ("join-chat", {}, "ticketId"),
    ("join-chat", {"ticketId": "x"}, "ticketId"),
    ("join-chat", {"ticketId": str(new_id()), "room": "agents"}, "room"),
    ("join-chat", {"ticketId": str(new_id()), "sinceMessageId": 7}, "sinceMessageId"),
    ("send-message", {"ticketId": str(new_id())}, "message"),
    ("send-message", {"ticketId": str(new_id()), "message": " "}, "message"),
    ("send-message", {"ticketId": str(new_id()), "message": "a", "senderType": "agent"}, "senderType"),
    ("send-message", {"ticketId": str(new_id()), "message": "a", "idempotencyKey": ""}, "idempotencyKey"),
    ("typing", {"ticketId": str(new_id()), "userName": "The shop"}, "userName"),
    ("mark-read", {"ticketId": str(new_id())}, "messageId"),
]


async def test_payloads_are_closed(app: Application, address: str, customer: SignedInPerson) -> None:
    async with connected(app, address, customer) as asking:
        for event, payload, field in NO_PAYLOADS:
            answer = await asking.send(event, payload)
            assert (answer["ok"], answer["code"]) == (False, "VALIDATION_ERROR"), (event, payload)
            assert [problem["field"] for problem in answer["details"]] == [field], (event, payload)


async def test_who_comes_back_gets_what_they_missed(
    app: Application,
    client: httpx.AsyncClient,
    address: str,
    customer: SignedInPerson,
    agent: SignedInPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_CAUGHT_UP", 3)
    monkeypatch.setattr(reading, "_NEWEST", 2)
    ticket = await open_ticket(client, customer)
    named = {"ticketId": ticket["id"]}
    async with connected(app, address, customer) as asking:
        [first] = (await asking.send("join-chat", named))["messages"]
    missed = [await write(client, agent, ticket, f"Answer {number}") for number in range(4)]
    async with connected(app, address, customer) as asking:
        again = await asking.send("join-chat", named | {"sinceMessageId": first["id"]})
        assert (again["messages"], again["hasMore"]) == (missed[:3], True)
        rest = await asking.send("join-chat", named | {"sinceMessageId": missed[2]["id"]})
        assert (rest["messages"], rest["hasMore"]) == (missed[3:], False)
        fresh = await asking.send("join-chat", named)
        assert fresh["messages"] == missed[2:]
        foreign = await asking.send("join-chat", named | {"sinceMessageId": str(new_id())})
        assert (foreign["ok"], foreign["code"]) == (False, "NOT_FOUND")


async def test_one_key_is_one_message_over_sockets_and_http(
    app: Application, client: httpx.AsyncClient, address: str, customer: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    payload = {"ticketId": ticket["id"], "message": "Hello?", "idempotencyKey": "once"}
    async with connected(app, address, customer) as asking:
        first, again = [await asking.send("send-message", payload) for _ in range(2)]
        assert first == again
        other = await asking.send("send-message", payload | {"message": "Hi?"})
        assert (other["ok"], other["code"]) == (False, "IDEMPOTENCY_KEY_REUSED")
        by_http = await client.post(
            f"/api/support/tickets/{ticket['id']}/messages",
            json={"message": "Hello?"},
            headers=customer.headers | {"Idempotency-Key": "once"},
        )
        assert by_http.json()["message"] == first["message"]
        refused = {"ticketId": str(new_id()), "message": "Hello?", "idempotencyKey": "refused"}
        answers = [await asking.send("send-message", refused) for _ in range(2)]
        assert answers[0] == answers[1]
        assert (answers[0]["ok"], answers[0]["code"]) == (False, "NOT_FOUND")
    assert len(await messages_of(client, customer, ticket)) == 2


async def test_a_chat_spans_two_servers(
    app: Application,
    client: httpx.AsyncClient,
    settings: Settings,
    address: str,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    ticket = await open_ticket(client, customer)
    named = {"ticketId": ticket["id"]}
    async with (
        bootstrap.application(settings) as second,
        serving(second.asgi) as elsewhere,
        connected(second, address, customer) as asking,
        connected(app, elsewhere, agent) as helping,
    ):
        await drain()
        await helping.heard()
        assert (await helping.send("join-chat", named))["ok"] is True
        assert (await asking.send("join-chat", named))["ok"] is True
        assert [event for event, _ in await helping.heard()] == ["customer-joined-chat"]
        await asking.heard()
        assert (await asking.send("send-message", named | {"message": "Hello?"}))["ok"] is True
        await drain()
        for one in (asking, helping):
            assert [event for event, _ in await one.heard()] == ["new-message"]
        assert (await helping.send("typing", named))["ok"] is True
        assert [event for event, _ in await asking.heard()] == ["user-typing"]
        assert await helping.heard() == []
        assert await desk_of(app).presence.present() == {agent.id}
        assert await desk_of(second).presence.present() == {agent.id}


async def test_notes_are_told_to_nobody(
    app: Application,
    client: httpx.AsyncClient,
    address: str,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    async with connected(app, address, customer) as asking:
        await asking.send("join-chat", {"ticketId": ticket["id"]})
        await drain()
        await asking.heard()
        await done(client, agent, ticket, "notes", note="SECRET")
        await drain()
        assert await asking.heard() == []
        assert "SECRET" not in str(await asking.send("join-chat", {"ticketId": ticket["id"]}))
        await done(client, agent, ticket, "close", reason="SECRET too")
        await drain()
        heard = await asking.heard()
        assert [event for event, _ in heard] == ["chat-status"]
        assert "SECRET" not in str(heard)


class Screen:
    """What a client shows: the state it was given when it joined, and what it heard since, in whichever order."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.ticket: dict[str, Any] = state["ticket"]
        self.messages = {one["id"]: one for one in state["messages"]}
        self.marks: list[dict[str, Any]] = []

    def hear(self, event: str, told: Any) -> None:
        if event == "new-message":
            self.messages.setdefault(told["id"], told)
        elif event == "chat-status" and told["ticket"]["updatedAt"] >= self.ticket["updatedAt"]:
            self.ticket = told["ticket"]
        elif event == "messages-read":
            self.marks.append(told)
        for mark in self.marks:
            for one in self.messages.values():
                if one["senderType"] == mark["senderType"] and one["createdAt"] <= mark["until"]:
                    one["readAt"] = min(one["readAt"] or mark["readAt"], mark["readAt"])

    def shown(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        ticket = {key: value for key, value in self.ticket.items() if key != "updatedAt"}
        return ticket, sorted(self.messages.values(), key=lambda one: one["createdAt"])


async def test_state_and_events_are_the_fresh_state(
    app: Application,
    client: httpx.AsyncClient,
    address: str,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
    drain: Drain,
) -> None:
    """Whatever is done in a chat, by whom, and however long the worker takes to tell of it."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    ticket = await open_ticket(client, customer)
    named = {"ticketId": ticket["id"]}
    everybody = (customer, agent, colleague)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(app, address, person)) for person in everybody]
        screens = [Screen(await one.send("join-chat", named)) for one in clients]

        async def write_one() -> None:
            await chance.choice(clients).send("send-message", named | {"message": str(new_id())})

        async def read_some() -> None:
            known = await messages_of(client, customer, ticket)
            until = {"messageId": chance.choice(known)["id"]}
            await chance.choice(clients).send("mark-read", named | until)

        async def move() -> None:
            what = chance.choice(["take", "close", "reopen", "transfer"])
            body = {"agentId": str(chance.choice(everybody).id)} if what == "transfer" else {}
            await act(client, chance.choice([agent, colleague]), ticket, what, **body)

        done_so_far = []
        for _ in range(50):
            step = chance.choice([write_one, write_one, read_some, move, drain])
            await step()
            done_so_far.append(step.__name__)
        await drain()
        for one, screen in zip(clients, screens, strict=True):
            for event, told in await one.heard():
                screen.hear(event, told)
            fresh = Screen(await one.send("join-chat", named))
            assert screen.shown() == fresh.shown(), (seed, done_so_far)


async def test_who_is_there_is_who_is_connected_anywhere(
    app: Application,
    client: httpx.AsyncClient,
    address: str,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    presence, ticket = desk_of(app).presence, await open_ticket(client, customer)
    async with connected(app, address, customer), connected(app, address, agent):
        assert await presence.present() == {agent.id}
        async with connected(app, address, agent):
            await drain()
        assert await presence.present() == {agent.id}
        assert await db.fetchval("SELECT agent_id FROM support_tickets") == agent.id
    assert await presence.present() == frozenset()
    assert (await see_whole(client, agent, ticket))["ticket"]["agentName"] == "Agnes"


async def test_nobody_types_without_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_MOST_TOUCHES", 3)
    async with bootstrap.application(settings) as app, serving(app.asgi) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            person = await signed_in(app)
            ticket = await open_ticket(client, person)
        async with connected(app, address, person) as asking:
            answers = [await asking.send("typing", {"ticketId": ticket["id"]}) for _ in range(7)]
    assert [answer["ok"] for answer in answers[:3]] == [True] * 3
    # A new minute may have begun in between; of seven, one at least is too many.
    assert {answer["code"] for answer in answers if not answer["ok"]} == {"RATE_LIMITED"}
