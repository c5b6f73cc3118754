"""Tickets and agents at once: takers, processes, closings and messages, keys and pictures."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextvars import copy_context

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.privacy import close
from factories.support import act, come_in, desk_of, done, messages_of, open_ticket
from factories.verification import FRONT
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.support import service
from faded_skies.domains.support.queries import agents as desks
from faded_skies.domains.support.service.queue import GRACE
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

_LOADS = """
SELECT agent_id, count(*) AS active FROM support_tickets WHERE chat_status = 'active' GROUP BY agent_id
"""


@pytest.fixture
async def second(settings: Settings) -> AsyncIterator[Application]:
    """Another process's application, with connections of its own."""
    async with bootstrap.application(settings) as application:
        yield application


@pytest.fixture
async def doors(client: httpx.AsyncClient, second: Application) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of each process."""
    transport = httpx.ASGITransport(app=second.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
        yield [client, elsewhere]


async def people(app: Application, client: httpx.AsyncClient, role: Role, count: int) -> list[SignedInPerson]:
    return [await signed_in(app, role) for _ in range(count)]


async def test_of_many_agents_who_take_at_once_one_has_it(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    [customer] = await people(app, client, Role.CUSTOMER, 1)
    agents = await people(app, client, Role.AGENT, 4)
    ticket = await open_ticket(client, customer)
    answers = await asyncio.gather(
        *(act(doors[turn % 2], agent, ticket, "take") for turn, agent in enumerate(agents))
    )
    assert Counter(answer.status_code for answer in answers) == Counter({200: 1, 409: 3})
    [winner] = [agent for agent, answer in zip(agents, answers, strict=True) if answer.is_success]
    assert await db.fetchval("SELECT agent_id FROM support_tickets") == winner.id
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'support_ticket.taken'") == 1


async def test_twenty_tickets_at_once_in_two_processes_are_spread_evenly_and_within_capacity(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    customers = await people(app, client, Role.CUSTOMER, 20)
    agents = await people(app, client, Role.AGENT, 3)
    for agent in agents:
        await come_in(client, agent)
    tickets = await asyncio.gather(
        *(open_ticket(doors[turn % 2], customer) for turn, customer in enumerate(customers))
    )
    assert Counter(ticket["chatStatus"] for ticket in tickets) == Counter(active=15, waiting=5)
    loads = {row["agent_id"]: row["active"] for row in await db.fetch(_LOADS)}
    assert loads == {agent.id: 5 for agent in agents}


async def test_fewer_tickets_than_room_are_spread_evenly(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    customers = await people(app, client, Role.CUSTOMER, 8)
    for agent in await people(app, client, Role.AGENT, 4):
        await come_in(client, agent)
    await asyncio.gather(*(open_ticket(doors[turn % 2], customer) for turn, customer in enumerate(customers)))
    assert [row["active"] for row in await db.fetch(_LOADS)] == [2, 2, 2, 2]


async def test_whichever_way_tickets_come_nobody_has_too_many(
    app: Application, second: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    customers = await people(app, client, Role.CUSTOMER, 4)
    agent, other = await people(app, client, Role.AGENT, 2)
    waiting = [await open_ticket(client, customer) for customer in customers for _ in range(2)]
    closed, moving = waiting[:2], waiting[2:4]
    for ticket in closed:
        await done(client, other, ticket, "close")
    for ticket in moving:
        await done(client, other, ticket, "take")
    await come_in(client, agent)
    await asyncio.gather(
        *(act(doors[0], agent, ticket, "reopen") for ticket in closed),
        *(act(doors[1], other, ticket, "transfer", agentId=str(agent.id)) for ticket in moving),
        *(act(doors[0], agent, ticket, "take") for ticket in waiting[4:]),
        *(open_ticket(doors[1], customer) for customer in customers),
        service.serve_queue(desk_of(app)),
        service.serve_queue(desk_of(second)),
    )
    loads = {row["agent_id"]: row["active"] for row in await db.fetch(_LOADS)}
    assert max(loads.values()) <= 5
    assert loads[agent.id] == 5


async def test_two_workers_hand_over_once(
    app: Application, second: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    [customer] = await people(app, client, Role.CUSTOMER, 1)
    gone, there = await people(app, client, Role.AGENT, 2)
    await come_in(client, gone)
    for _ in range(4):
        await open_ticket(client, customer)
    await app.ports.valkey.flushdb()
    await come_in(client, there)
    await service.hand_over(desk_of(app))
    await db.fetch("UPDATE support_absences SET since = since - $1::interval", GRACE)
    moved = await asyncio.gather(service.hand_over(desk_of(app)), service.hand_over(desk_of(second)))
    assert sum(moved) == 4
    assert {row["agent_id"]: row["active"] for row in await db.fetch(_LOADS)} == {there.id: 4}
    requeued = "SELECT count(*) FROM audit_log WHERE action = 'support_ticket.requeued'"
    assert await db.fetchval(requeued) == 4


async def test_a_message_and_a_closing_at_once_leave_a_whole_conversation(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    """Whoever is first: the message opens what was closed, or is in it."""
    client = doors[0]
    customers = await people(app, client, Role.CUSTOMER, 5)
    [agent] = await people(app, client, Role.AGENT, 1)
    tickets = [await open_ticket(client, customer) for customer in customers]

    async def write(customer: SignedInPerson, ticket: dict[str, object]) -> httpx.Response:
        url = f"/api/support/tickets/{ticket['id']}/messages"
        return await doors[1].post(url, json={"message": "Wait!"}, headers=customer.headers)

    both = [
        asyncio.gather(act(client, agent, ticket, "close"), write(customer, ticket))
        for customer, ticket in zip(customers, tickets, strict=True)
    ]
    for (closing, writing), ticket, customer in zip(
        await asyncio.gather(*both), tickets, customers, strict=True
    ):
        assert (closing.status_code, writing.status_code) == (200, 201)
        assert len(await messages_of(client, customer, ticket)) == 2
        row = await db.fetchrow(
            "SELECT chat_status, closed_at, last_message_at FROM support_tickets WHERE id = $1", ticket["id"]
        )
        assert row is not None
        if row["chat_status"] == "ended":
            assert row["last_message_at"] < row["closed_at"]


async def test_the_same_key_at_once_writes_once(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    [customer] = await people(app, doors[0], Role.CUSTOMER, 1)
    ticket = await open_ticket(doors[0], customer)
    answers = await asyncio.gather(
        *(
            doors[turn % 2].post(
                f"/api/support/tickets/{ticket['id']}/messages",
                json={"message": "Hello?"},
                headers=customer.headers | {"Idempotency-Key": "one"},
            )
            for turn in range(6)
        )
    )
    codes = {answer.status_code for answer in answers}
    assert codes <= {201, 409}
    assert len({answer.text for answer in answers if answer.is_success}) == 1
    assert await db.fetchval("SELECT count(*) FROM support_messages") == 2


async def test_messages_at_once_have_times_of_their_own(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    [customer] = await people(app, doors[0], Role.CUSTOMER, 1)
    [agent] = await people(app, doors[0], Role.AGENT, 1)
    ticket = await open_ticket(doors[0], customer)
    url = f"/api/support/tickets/{ticket['id']}/messages"
    answers = await asyncio.gather(
        *(
            doors[turn % 2].post(url, json={"message": f"{turn}"}, headers=person.headers)
            for turn, person in enumerate([customer, agent] * 5)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert await db.fetchval("SELECT count(DISTINCT created_at) FROM support_messages") == 11


async def test_one_picture_goes_with_one_message(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    [customer] = await people(app, doors[0], Role.CUSTOMER, 1)
    ticket = await open_ticket(doors[0], customer)
    files = {"file": ("jar.jpg", FRONT, "image/jpeg")}
    uploaded = await doors[0].post("/api/support/uploads", files=files, headers=customer.headers)
    body = {"message": "See.", "attachments": [uploaded.json()["upload"]["id"]]}
    url = f"/api/support/tickets/{ticket['id']}/messages"
    answers = await asyncio.gather(
        *(doors[turn % 2].post(url, json=body, headers=customer.headers) for turn in range(4))
    )
    assert Counter(answer.status_code for answer in answers) == Counter({201: 1, 422: 3})
    assert await db.fetchval("SELECT count(*) FROM support_messages") == 2


async def test_of_who_leaves_while_they_write_nothing_is_left(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    [agent] = await people(app, client, Role.AGENT, 1)
    await come_in(client, agent)
    for customer in await people(app, client, Role.CUSTOMER, 3):
        ticket = await open_ticket(client, customer)
        url = f"/api/support/tickets/{ticket['id']}/messages"
        answers = await asyncio.gather(
            *(doors[1].post(url, json={"message": "Wait"}, headers=customer.headers) for _ in range(3)),
            doors[1].post(url, json={"message": "Yes?"}, headers=agent.headers),
            doors[1].post(
                "/api/support/tickets",
                json={"subject": "Another", "message": "Wait"},
                headers=customer.headers,
            ),
            act(client, agent, ticket, "close"),
            close(client, customer.headers),
        )
        assert answers[-1].status_code == 204
        assert {answer.status_code for answer in answers[:-1]} <= {200, 201, 401, 404, 409}
    await app.worker.drain()
    assert await db.fetchval("SELECT count(*) FROM support_tickets") == 0
    assert await db.fetchval("SELECT count(*) FROM support_messages") == 0


async def test_an_agent_who_goes_away_is_given_nothing_after_it(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    agent, colleague = await people(app, client, Role.AGENT, 2)
    customers = await people(app, client, Role.CUSTOMER, 8)
    for one in (agent, colleague):
        await come_in(client, one)
    moved = await open_ticket(client, customers[0])
    away = client.put("/api/agent/presence", json={"status": "away"}, headers=agent.headers)
    answer, back, *tickets = await asyncio.gather(
        away,
        act(doors[1], colleague, moved, "transfer", agentId=str(agent.id)),
        *(open_ticket(doors[turn % 2], one) for turn, one in enumerate(customers)),
    )
    assert answer.status_code == 200, answer.text
    assert back.status_code in {200, 409}, back.text
    given_late = """
        SELECT count(*) FROM support_tickets t JOIN support_away w ON w.agent_id = t.agent_id
        JOIN audit_log a ON a.object_id = t.id AND a.details ->> 'agentId' = t.agent_id::text
        WHERE a.seq > (SELECT seq FROM audit_log WHERE action = 'support_agent.away')
    """
    assert await db.fetchval(given_late) == 0
    told = answer.json()["agent"]["activeChats"]
    assert await db.fetchval("SELECT count(*) FROM support_tickets WHERE agent_id = $1", agent.id) == told
    assert len(tickets) == 8


async def test_who_goes_away_waits_for_who_is_just_giving_them_a_ticket(
    app: Application, doors: list[httpx.AsyncClient], db: Database
) -> None:
    client = doors[0]
    [agent] = await people(app, client, Role.AGENT, 1)
    [customer] = await people(app, client, Role.CUSTOMER, 1)
    ticket = await open_ticket(client, customer)
    outside = copy_context()  # of the transaction, inside of which nobody may speak with Valkey
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
    """
    async with db.transaction() as tx:
        await desks.lock_desk(tx)
        leaving = asyncio.create_task(
            client.put("/api/agent/presence", json={"status": "away"}, headers=agent.headers), context=outside
        )
        async with asyncio.timeout(30):
            while not await db.fetchval(waiting):  # noqa: ASYNC110 - locks do not tell
                await asyncio.sleep(0.01)
        await tx.execute(
            "UPDATE support_tickets SET agent_id = $2, chat_status = 'active' WHERE id = $1",
            ticket["id"],
            agent.id,
        )
    assert (await leaving).json()["agent"]["activeChats"] == 1
