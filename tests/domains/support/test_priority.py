"""How urgent a ticket is: staff says it, its customer hears of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from factories.identity import SignedInPerson, signed_in
from factories.support import come_in, desk_of, done, open_ticket, see_whole
from faded_skies.bootstrap import Application
from faded_skies.domains.support import service
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

Drain = Callable[[], Awaitable[None]]


async def prioritize(
    client: httpx.AsyncClient,
    person: SignedInPerson,
    ticket: dict[str, Any],
    body: object,
    *,
    by: str = "agent",
) -> httpx.Response:
    return await client.patch(f"/api/{by}/tickets/{ticket['id']}", json=body, headers=person.headers)


async def test_the_more_urgent_is_given_out_first_and_its_customer_sees_it(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    first, second = [await open_ticket(client, customer, subject=name) for name in ("first", "second")]
    assert first["priority"] == "medium"
    told = await prioritize(client, agent, second, {"priority": "urgent"})
    assert told.status_code == 200, told.text
    ticket = told.json()["ticket"]
    assert (ticket["priority"], ticket["chatStatus"]) == ("urgent", "waiting")
    assert ticket["updatedAt"] > second["updatedAt"]
    own = (await client.get("/api/support/tickets", headers=customer.headers)).json()["tickets"]
    assert {one["subject"]: one["priority"] for one in own} == {"first": "medium", "second": "urgent"}
    queue = (await client.get("/api/agent/tickets", headers=agent.headers)).json()["tickets"]
    assert [one["subject"] for one in queue] == ["second", "first"]

    again = await prioritize(client, agent, second, {"priority": "urgent"})
    assert again.json()["ticket"] == ticket
    rows = await db.fetch(
        "SELECT actor_id, details FROM audit_log WHERE action = 'support_ticket.prioritized'"
    )
    assert [tuple(row) for row in rows] == [(agent.id, {"was": "medium", "priority": "urgent"})]
    assert await db.fetchval("SELECT count(*) FROM support_tickets WHERE priority = 'urgent'") == 1


async def test_a_closed_ticket_keeps_its_priority(
    client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    await done(client, agent, ticket, "close")
    answer = await prioritize(client, agent, ticket, {"priority": "low"})
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert (await see_whole(client, agent, ticket))["ticket"]["priority"] == "medium"


async def test_who_may_not_and_what_is_no_priority(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    wrong: list[object] = [
        {},
        {"priority": "at once"},
        {"priority": None},
        {"priority": "low", "agentId": None},
        [],
    ]
    for body in wrong:
        answer = await prioritize(client, agent, ticket, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), body
    for person in (customer, await signed_in(app, Role.DRIVER)):
        for by in ("agent", "admin"):
            answer = await prioritize(client, person, ticket, {"priority": "urgent"}, by=by)
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    told = {"subject": "Mine first", "message": "At once!", "priority": "urgent"}
    opened = await client.post("/api/support/tickets", json=told, headers=customer.headers)
    assert (opened.status_code, opened.json()["code"]) == (422, "VALIDATION_ERROR")
    own = await open_ticket(client, agent)
    answer = await prioritize(client, agent, own, {"priority": "urgent"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    priorities = "SELECT DISTINCT priority FROM support_tickets"
    assert [row["priority"] for row in await app.ports.db.fetch(priorities)] == ["medium"]


async def test_an_agent_with_room_for_one_gets_the_urgent_one(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    tickets = [await open_ticket(client, customer, subject=f"{number}") for number in range(6)]
    admin = await signed_in(app, Role.ADMIN)
    assert (await prioritize(client, admin, tickets[5], {"priority": "high"}, by="admin")).is_success
    await come_in(client, agent)
    assert await service.serve_queue(desk_of(app)) == 5
    left = (await client.get("/api/agent/tickets", headers=agent.headers)).json()["tickets"]
    assert [one["subject"] for one in left] == ["4"]
