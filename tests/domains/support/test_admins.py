"""Admins: they find and read all tickets, and give them to agents, but those that they opened themselves."""

from typing import Any

import httpx
import pytest

from factories.delivery import make_order
from factories.identity import SignedInPerson, signed_in
from factories.support import come_in, done, messages_of, open_ticket, see_whole
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN, full_name="Noor Haddad")


async def subjects(client: httpx.AsyncClient, admin: SignedInPerson, **query: Any) -> list[str]:
    answer = await client.get("/api/admin/tickets", params=query, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["tickets"])
    return [one["subject"] for one in answer.json()["tickets"]]


async def act(
    client: httpx.AsyncClient,
    admin: SignedInPerson,
    ticket: dict[str, Any],
    what: str,
    *,
    key: str | None = None,
    **body: Any,
) -> httpx.Response:
    url = f"/api/admin/tickets/{ticket['id']}/{what}"
    return await client.post(
        url, json=body, headers=admin.headers | ({} if key is None else {"Idempotency-Key": key})
    )


async def test_they_find_tickets_by_what_they_know_of_them(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    other = await signed_in(app, full_name="Łucja Ñuñez")
    await open_ticket(client, customer, subject="A jar is missing", category="orders")
    taken = await open_ticket(client, other, subject="100% of the_coins")
    await done(client, agent, taken, "take")
    closed = await open_ticket(client, other, subject="An old jar")
    await done(client, agent, closed, "close")

    assert await subjects(client, admin) == ["100% of the_coins", "A jar is missing", "An old jar"]
    assert await subjects(client, admin, chatStatus="waiting") == ["A jar is missing"]
    assert await subjects(client, admin, agentId=str(agent.id)) == ["100% of the_coins", "An old jar"]
    assert await subjects(client, admin, agentId=str(new_id())) == []
    assert await subjects(client, admin, userId=str(customer.id)) == ["A jar is missing"]
    assert await subjects(client, admin, category="orders") == ["A jar is missing"]
    assert await subjects(client, admin, priority="urgent") == []
    assert await subjects(client, admin, search=" JAR ") == ["A jar is missing", "An old jar"]
    assert await subjects(client, admin, search="jar", chatStatus="ended") == ["An old jar"]
    for words in ("ucja Ñ", other.email.upper(), "% of", "the_c"):
        assert "100% of the_coins" in await subjects(client, admin, search=words), words
    assert await subjects(client, admin, search="the%c") == []
    agents = await client.get("/api/agent/tickets?view=all&search=jar", headers=agent.headers)
    assert [one["subject"] for one in agents.json()["tickets"]] == ["A jar is missing", "An old jar"]
    page = await client.get("/api/admin/tickets?limit=1&offset=1", headers=admin.headers)
    assert (page.json()["total"], page.json()["hasMore"]) == (3, True)
    assert page.json()["tickets"][0]["unread"] == 1
    for query in ("search=ja", "search=%00abc", "chatStatus=open", "priority=1", "agentId=x", "limit=101"):
        answer = await client.get(f"/api/admin/tickets?{query}", headers=admin.headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), query


async def test_they_read_what_agents_read_and_nobody_is_there_for_it(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    order_id = str(await make_order(app, customer.id))
    ticket = await open_ticket(client, customer, orderId=order_id)
    note = (await done(client, agent, ticket, "notes", note="SECRET of the staff"))["note"]
    answer = await client.get(f"/api/admin/tickets/{ticket['id']}", headers=admin.headers)
    assert answer.json() == await see_whole(client, agent, ticket)
    assert answer.json()["notes"] == [note]
    assert answer.json()["order"]["id"] == order_id
    first, again = [
        await act(client, admin, ticket, "notes", key="note-1", note="Pay it back.") for _ in range(2)
    ]
    assert (first.status_code, first.json()) == (201, again.json())
    notes = (await see_whole(client, agent, ticket))["notes"]
    assert [(one["authorName"], one["note"]) for one in notes] == [
        ("Agnes Lindqvist", "SECRET of the staff"),
        ("Noor Haddad", "Pay it back."),
    ]
    assert len(await messages_of(client, customer, ticket)) == 1
    there = await client.get("/api/admin/agents", headers=admin.headers)
    assert [one["name"] for one in there.json()["agents"]] == ["Agnes"]
    # They have the desk in view, but do not speak.
    url = f"/api/support/tickets/{ticket['id']}/messages"
    for spoken in (
        await client.post(url, json={"message": "It is me."}, headers=admin.headers),
        await client.get(url, headers=admin.headers),
    ):
        assert (spoken.status_code, spoken.json()["code"]) == (404, "NOT_FOUND")


async def test_they_give_tickets_to_agents_who_are_there(
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    ticket = await open_ticket(client, customer)
    missed = await act(client, admin, ticket, "assign", agentId=str(agent.id))
    assert (missed.status_code, missed.json()["code"]) == (409, "INVALID_STATE")
    for one in (agent, colleague):
        await come_in(client, one)
    given = await act(client, admin, ticket, "assign", agentId=str(agent.id), reason="She knows him.")
    assert given.status_code == 200, given.text
    assert (given.json()["ticket"]["agentName"], given.json()["ticket"]["chatStatus"]) == ("Agnes", "active")
    moved = await act(client, admin, ticket, "assign", key="to-bruno", agentId=str(colleague.id))
    assert moved.json()["ticket"]["agentName"] == "Bruno"
    back = await act(client, admin, ticket, "assign")
    assert back.json()["ticket"]["agentName"] == "Agnes"
    again = await act(client, admin, ticket, "assign", key="to-bruno", agentId=str(colleague.id))
    assert again.json() == moved.json()
    assert await db.fetchval("SELECT agent_id FROM support_tickets") == agent.id
    for nobody in (customer.id, admin.id, new_id()):
        answer = await act(client, admin, ticket, "assign", agentId=str(nobody))
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    rows = await db.fetch(
        "SELECT actor_id, reason FROM audit_log WHERE action = 'support_ticket.transferred' ORDER BY seq"
    )
    assert [tuple(row) for row in rows] == [(admin.id, "She knows him."), (admin.id, None)]
    await done(client, agent, ticket, "close")
    over = await act(client, admin, ticket, "assign", agentId=str(agent.id))
    assert (over.status_code, over.json()["code"]) == (409, "INVALID_STATE")


async def test_of_their_own_ticket_an_admin_is_a_customer(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    agent: SignedInPerson,
    admin: SignedInPerson,
) -> None:
    ticket = await open_ticket(client, admin)
    await done(client, agent, ticket, "take")
    await done(client, agent, ticket, "notes", note="SECRET of the staff")
    url = f"/api/admin/tickets/{ticket['id']}"
    for answer in (
        await client.get(url, headers=admin.headers),
        await client.patch(url, json={"priority": "urgent"}, headers=admin.headers),
        await act(client, admin, ticket, "assign"),
        await act(client, admin, ticket, "assign", agentId=str(agent.id)),
        await act(client, admin, ticket, "notes", note="I am right."),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await subjects(client, admin) == []
    assert await subjects(client, admin, search="jar", userId=str(admin.id)) == []
    row = await db.fetchrow("SELECT agent_id, priority, chat_status FROM support_tickets")
    assert row is not None
    assert tuple(row) == (agent.id, "medium", "active")
    assert await db.fetchval("SELECT count(*) FROM support_notes") == 1
    other = await signed_in(app, Role.ADMIN)
    assert len((await client.get(url, headers=other.headers)).json()["notes"]) == 1


async def test_nobody_else_may(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    for person in (customer, agent, await signed_in(app, Role.DRIVER)):
        answers = [
            await client.get(f"/api/admin/{path}", headers=person.headers)
            for path in ("tickets", f"tickets/{ticket['id']}", "agents")
        ]
        answers += [
            await act(client, person, ticket, "assign"),
            await act(client, person, ticket, "notes", note="x"),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")


async def test_what_they_send_is_closed(
    client: httpx.AsyncClient, customer: SignedInPerson, admin: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("assign", {"agentId": "Bruno"}),
        ("assign", {"reason": "a" * 501}),
        ("assign", {"driverId": str(new_id())}),
        ("notes", {"note": ""}),
        ("notes", {}),
    ]
    for what, body in wrong:
        answer = await act(client, admin, ticket, what, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), (what, body)
