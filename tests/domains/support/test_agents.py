"""Agents: the queue, whose a ticket is, notes, and what the audit log says of it."""

from collections.abc import Awaitable, Callable

import httpx

from factories.identity import SignedInPerson, mails_to, signed_in
from factories.support import (
    act,
    come_in,
    desk_of,
    done,
    go_away,
    messages_of,
    open_ticket,
    see_whole,
    write,
)
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]


async def listed(client: httpx.AsyncClient, agent: SignedInPerson, query: str = "") -> list[str]:
    answer = await client.get(f"/api/agent/tickets{query}", headers=agent.headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["total"] == len(body["tickets"])
    return [one["subject"] for one in body["tickets"]]


async def test_the_queue_shows_who_waits_the_most_urgent_first(
    client: httpx.AsyncClient, db: Database, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    for subject, priority in (("first", "medium"), ("second", "urgent"), ("third", "medium"), ("low", "low")):
        ticket = await open_ticket(client, customer, subject=subject, category=priority)
        await db.fetch("UPDATE support_tickets SET priority = $2 WHERE id = $1", ticket["id"], priority)
    assert await listed(client, agent) == ["second", "first", "third", "low"]
    assert await listed(client, agent, "?priority=medium") == ["first", "third"]
    assert await listed(client, agent, "?category=low") == ["low"]
    assert await listed(client, agent, "?view=own") == []
    assert await listed(client, agent, f"?userId={new_id()}") == []
    assert sorted(await listed(client, agent, f"?view=all&userId={customer.id}")) == [
        "first",
        "low",
        "second",
        "third",
    ]
    page = (await client.get("/api/agent/tickets?limit=3", headers=agent.headers)).json()
    assert (page["total"], page["hasMore"], len(page["tickets"])) == (4, True, 3)
    shown = page["tickets"][0]
    assert (shown["customerName"], shown["userId"]) == ("Maya Okafor", str(customer.id))
    assert (shown["unread"], shown["agentId"], shown["closedAt"]) == (1, None, None)


async def test_a_ticket_is_taken_worked_on_and_closed_and_the_customer_gets_what_was_said(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    ticket = await open_ticket(client, customer, subject="A <b>jar</b> is missing")
    taken = (await done(client, agent, ticket, "take"))["ticket"]
    assert (taken["chatStatus"], taken["agentName"], taken["agentId"]) == (
        "active",
        "Agnes",
        str(agent.id),
    )
    assert (await done(client, agent, ticket, "take"))["ticket"] == taken
    assert await listed(client, agent, "?view=own") == ["A <b>jar</b> is missing"]
    await write(client, agent, ticket, "Another jar is on its way.")
    await done(client, agent, ticket, "notes", note="He always says that.")
    closed = (await done(client, agent, ticket, "close", reason="Solved."))["ticket"]
    assert (closed["status"], closed["chatStatus"], closed["agentName"]) == ("closed", "ended", "Agnes")
    await drain()
    [mail] = [mail for mail in mails_to(app, customer.email) if "conversation" in mail.subject]
    assert mail.subject == "Our conversation: A <b>jar</b> is missing"
    assert "UTC, Maya Okafor: Only one of two came." in mail.text
    assert "UTC, Agnes: Another jar is on its way." in mail.text
    assert "He always says that" not in mail.text + mail.html
    assert "<b>jar" not in mail.html
    assert f"/support/{ticket['id']}" in mail.text

    rows = await db.fetch(
        "SELECT action, actor_id, reason FROM audit_log WHERE object_type = 'support_ticket' ORDER BY seq"
    )
    assert [(row["action"], row["actor_id"], row["reason"]) for row in rows] == [
        ("support_ticket.opened", customer.id, None),
        ("support_ticket.taken", agent.id, None),
        ("support_ticket.noted", agent.id, None),
        ("support_ticket.closed", agent.id, "Solved."),
    ]


async def test_each_closing_is_told_once(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    ticket = await open_ticket(client, customer)
    await done(client, agent, ticket, "close")
    assert (await act(client, agent, ticket, "close")).json()["code"] == "INVALID_STATE"
    await done(client, agent, ticket, "reopen")
    assert (await act(client, agent, ticket, "reopen")).json()["code"] == "INVALID_STATE"
    await done(client, agent, ticket, "close")
    await drain()
    assert len([one for one in mails_to(app, customer.email) if "conversation" in one.subject]) == 2


async def test_the_least_busy_gets_the_next_ticket_and_nobody_gets_too_many(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
) -> None:
    await come_in(client, agent)
    names = [(await open_ticket(client, customer))["agentName"] for _ in range(2)]
    await come_in(client, colleague)
    others = [await signed_in(app) for _ in range(2)]
    names += [(await open_ticket(client, other))["agentName"] for other in others for _ in range(4)]
    assert names == ["Agnes"] * 2 + ["Bruno"] * 2 + ["Agnes", "Bruno"] * 3
    full = await open_ticket(client, customer)
    assert (full["chatStatus"], full["agentName"]) == ("waiting", None)
    for busy in (agent, colleague):
        refused = await act(client, busy, full, "take")
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    told = (await client.get("/api/agent/colleagues", headers=agent.headers)).json()["agents"]
    assert [(one["name"], one["activeChats"], one["capacity"]) for one in told] == [
        ("Agnes", 5, 5),
        ("Bruno", 5, 5),
    ]


async def test_who_comes_in_is_given_what_waits_and_room_that_gets_free_is_used(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    tickets = [await open_ticket(client, customer, subject=f"{number}") for number in range(6)]
    await come_in(client, agent)
    await drain()
    assert sorted(await listed(client, agent, "?view=own")) == ["0", "1", "2", "3", "4"]
    assert await listed(client, agent) == ["5"]
    await done(client, agent, tickets[0], "close")
    await drain()
    assert sorted(await listed(client, agent, "?view=own")) == ["1", "2", "3", "4", "5"]


async def test_a_ticket_is_transferred_to_who_is_there(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    away = await act(client, agent, ticket, "transfer", agentId=str(colleague.id))
    assert (away.status_code, away.json()["code"]) == (409, "INVALID_STATE")
    assert "not there" in away.json()["error"]
    await come_in(client, colleague)
    moved = (await done(client, agent, ticket, "transfer", agentId=str(colleague.id), reason="Yours"))[
        "ticket"
    ]
    assert (moved["agentName"], moved["chatStatus"]) == ("Bruno", "active")
    assert (await done(client, agent, ticket, "transfer", agentId=str(colleague.id)))["ticket"] == moved
    for nobody in (customer.id, new_id()):
        answer = await act(client, agent, ticket, "transfer", agentId=str(nobody))
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    taken = await act(client, agent, ticket, "take")
    assert (taken.status_code, taken.json()["code"]) == (409, "INVALID_STATE")

    back = (await done(client, colleague, ticket, "transfer"))["ticket"]
    assert (back["agentName"], back["chatStatus"]) == ("Agnes", "active")
    await go_away(app)
    alone = (await done(client, agent, ticket, "transfer"))["ticket"]
    assert (alone["agentName"], alone["agentId"], alone["chatStatus"]) == (None, None, "waiting")
    await done(client, agent, ticket, "close")
    over = await act(client, agent, ticket, "transfer", agentId=str(agent.id))
    assert (over.status_code, over.json()["code"]) == (409, "INVALID_STATE")


async def test_what_was_put_back_for_somebody_else_comes_to_its_agent_only_when_they_take_it(
    app: Application,
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
    drain: Drain,
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, customer, subject="put back")
    assert (await done(client, agent, ticket, "transfer"))["ticket"]["chatStatus"] == "waiting"
    await go_away(app)
    await open_ticket(client, customer, subject="behind it")
    await come_in(client, agent)
    await drain()
    assert (await listed(client, agent), await listed(client, agent, "?view=own")) == (
        ["put back"],
        ["behind it"],
    )
    assert (await done(client, agent, ticket, "take"))["ticket"]["agentName"] == "Agnes"
    await done(client, agent, ticket, "transfer")
    await come_in(client, colleague)
    await drain()
    assert await listed(client, colleague, "?view=own") == ["put back"]


async def test_who_writes_again_gets_the_agent_they_had(
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
) -> None:
    await come_in(client, colleague)
    ticket = await open_ticket(client, customer)
    await open_ticket(client, customer)
    await done(client, colleague, ticket, "close")
    await come_in(client, agent)
    await write(client, customer, ticket, "It happened again.")
    assert (await see_whole(client, agent, ticket))["ticket"]["agentName"] == "Bruno"


async def test_an_agent_is_no_agent_of_their_own_ticket(
    client: httpx.AsyncClient, agent: SignedInPerson, colleague: SignedInPerson
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, agent)
    assert ticket["chatStatus"] == "waiting"
    own = await act(client, colleague, ticket, "transfer", agentId=str(agent.id))
    assert (own.status_code, own.json()["code"]) == (409, "INVALID_STATE")
    await done(client, colleague, ticket, "take")
    await done(client, colleague, ticket, "notes", note="SECRET of the staff")
    moves: list[tuple[str, dict[str, object]]] = [
        ("take", {}),
        ("transfer", {}),
        ("transfer", {"agentId": str(colleague.id)}),
        ("notes", {"note": "I am right."}),
        ("close", {}),
    ]
    for what, body in moves:
        answer = await act(client, agent, ticket, what, **body)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), what
    url = f"/api/agent/tickets/{ticket['id']}"
    assert (await client.get(url, headers=agent.headers)).status_code == 404
    for view in ("queue", "own", "all"):
        assert await listed(client, agent, f"?view={view}&userId={agent.id}") == []
    assert (await write(client, agent, ticket, "My own jar."))["senderType"] == "user"
    assert len(await messages_of(client, agent, ticket)) == 2
    whole = await see_whole(client, colleague, ticket)
    assert (whole["ticket"]["agentName"], len(whole["notes"])) == ("Bruno", 1)
    await done(client, colleague, ticket, "close")
    assert (await act(client, agent, ticket, "reopen")).status_code == 404


async def test_nobody_but_agents_may_do_what_agents_do(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    bodies = {"take": {}, "transfer": {}, "notes": {"note": "x"}, "close": {}, "reopen": {}}
    for person in (customer, *[await signed_in(app, role) for role in (Role.DRIVER, Role.ADMIN)]):
        answers = [await act(client, person, ticket, what, **body) for what, body in bodies.items()]
        answers += [
            await client.get(f"/api/agent/{path}", headers=person.headers)
            for path in ("tickets", f"tickets/{ticket['id']}", "colleagues")
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    assert await app.ports.db.fetchval("SELECT chat_status FROM support_tickets") == "waiting"
    assert await app.ports.db.fetchval("SELECT count(*) FROM support_notes") == 0
    assert await desk_of(app).presence.present() == frozenset()


async def test_what_staff_notes_its_customer_never_sees(
    client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    note = (await done(client, agent, ticket, "notes", note="SECRET of the staff"))["note"]
    assert (note["authorName"], note["note"]) == ("Agnes Lindqvist", "SECRET of the staff")
    assert (await see_whole(client, agent, ticket))["notes"] == [note]
    for path in (
        "/api/support/tickets",
        f"/api/support/tickets/{ticket['id']}/messages",
        "/api/users/me/export",
    ):
        answer = await client.get(path, headers=customer.headers)
        assert answer.status_code == 200
        assert "SECRET" not in answer.text
    assert len(await messages_of(client, customer, ticket)) == 1


async def test_what_agents_send_is_closed_too(
    client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    wrong: list[tuple[str, dict[str, object]]] = [
        ("notes", {"note": ""}),
        ("notes", {"note": "a" * 4001}),
        ("notes", {}),
        ("transfer", {"agentId": "Bruno"}),
        ("close", {"reason": "a" * 501}),
        ("reopen", {"agentId": "x"}),
    ]
    for what, body in wrong:
        answer = await act(client, agent, ticket, what, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), (what, body)


async def test_the_same_key_notes_and_closes_once(
    client: httpx.AsyncClient, db: Database, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    for what, body in (("notes", {"note": "Once."}), ("close", {"reason": "Done."})):
        headers = agent.headers | {"Idempotency-Key": f"{what}-once"}
        url = f"/api/agent/tickets/{ticket['id']}/{what}"
        answers = [await client.post(url, json=body, headers=headers) for _ in range(2)]
        assert answers[0].is_success
        assert answers[0].json() == answers[1].json()
    assert await db.fetchval("SELECT count(*) FROM support_notes") == 1
