"""Tickets and messages of a customer, by the door."""

from datetime import datetime

import httpx
import pytest

from factories.delivery import make_order
from factories.identity import SignedInPerson, signed_in
from factories.support import act, come_in, done, messages_of, open_ticket, see_whole, write
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.support.endpoints import tickets as endpoints
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings


async def test_without_agents_a_ticket_waits_with_its_first_message(
    client: httpx.AsyncClient, customer: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer, category="orders")
    told = {key: value for key, value in ticket.items() if key not in {"id", "createdAt", "updatedAt"}}
    assert told == {
        "subject": "A jar is missing",
        "category": "orders",
        "priority": "medium",
        "status": "open",
        "chatStatus": "waiting",
        "agentName": None,
        "orderId": None,
    }
    [message] = await messages_of(client, customer, ticket)
    assert message["ticketId"] == ticket["id"]
    assert (message["senderType"], message["senderId"]) == ("user", str(customer.id))
    assert (message["senderName"], message["message"]) == ("Maya Okafor", "Only one of two came.")
    assert (message["attachments"], message["readAt"]) == ([], None)


async def test_an_agent_who_is_there_gets_it_at_once(
    client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    assert (ticket["chatStatus"], ticket["agentName"]) == ("active", "Agnes")
    answer = await write(client, agent, ticket, "I look into it.")
    assert (answer["senderType"], answer["senderName"]) == ("agent", "Agnes")
    assert [one["message"] for one in await messages_of(client, customer, ticket)] == [
        "Only one of two came.",
        "I look into it.",
    ]


async def test_a_list_has_ones_own_only_the_newest_first(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    stranger = await signed_in(app)
    tickets = [await open_ticket(client, customer, subject=f"Question {number}") for number in range(3)]
    await open_ticket(client, stranger)
    answer = await client.get("/api/support/tickets?limit=2", headers=customer.headers)
    body = answer.json()
    assert [one["id"] for one in body["tickets"]] == [tickets[2]["id"], tickets[1]["id"]]
    assert (body["total"], body["hasMore"]) == (3, True)
    rest = (await client.get("/api/support/tickets?limit=2&offset=2", headers=customer.headers)).json()
    assert ([one["id"] for one in rest["tickets"]], rest["hasMore"]) == ([tickets[0]["id"]], False)
    beyond = (await client.get("/api/support/tickets?offset=9", headers=customer.headers)).json()
    assert (beyond["tickets"], beyond["total"]) == ([], 3)
    assert (await client.get("/api/support/tickets", headers=agent.headers)).json()["total"] == 0


async def test_only_ones_own_order_can_stand_beside_a_ticket(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    order_id = str(await make_order(app, customer.id))
    body = {"subject": "Mine", "message": "Where is it?", "orderId": order_id}
    stranger = await signed_in(app)
    for person in (stranger, agent):  # staff sees the order, and still it is not theirs
        refused = await client.post("/api/support/tickets", json=body, headers=person.headers)
        assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")
    absent = await client.post(
        "/api/support/tickets", json=body | {"orderId": str(new_id())}, headers=customer.headers
    )
    assert absent.json() == refused.json()
    ticket = await open_ticket(client, customer, orderId=order_id)
    assert ticket["orderId"] == order_id
    whole = await see_whole(client, agent, ticket)
    assert (whole["order"]["id"], whole["order"]["status"]) == (order_id, "confirmed")


async def test_a_strangers_ticket_does_not_exist(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    [message] = await messages_of(client, customer, ticket)
    for role in (Role.CUSTOMER, Role.DRIVER, Role.ADMIN):
        stranger = await signed_in(app, role)
        for ticket_id in (ticket["id"], str(new_id())):
            path = f"/api/support/tickets/{ticket_id}"
            for answer in (
                await client.get(f"{path}/messages", headers=stranger.headers),
                await client.post(f"{path}/messages", json={"message": "Hello"}, headers=stranger.headers),
                await client.post(
                    f"{path}/read", json={"messageId": message["id"]}, headers=stranger.headers
                ),
            ):
                assert answer.status_code == 404, role
                assert answer.json() == {"error": "There is no such ticket.", "code": "NOT_FOUND"}
    [unread] = await messages_of(client, customer, ticket)
    assert unread["readAt"] is None


NO_TICKET: list[tuple[dict[str, object], str]] = [
    ({"subject": " "}, "subject"),
    ({"subject": "a" * 256}, "subject"),
    ({"message": ""}, "message"),
    ({"message": "a" * 4001}, "message"),
    ({"message": "a\x00"}, "message"),
    ({"category": "a" * 101}, "category"),
    ({"priority": "urgent"}, "priority"),
    ({"orderId": "mine"}, "orderId"),
    ({"attachments": ["x"]}, "attachments.0"),
    ({"attachments": [str(new_id())] * 2}, "attachments"),
    ({"attachments": [str(new_id()) for _ in range(6)]}, "attachments"),
    ({"attachments": [str(new_id())]}, "attachments"),
]


async def test_what_is_no_ticket_is_refused_by_field(
    client: httpx.AsyncClient, db: Database, customer: SignedInPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MOST_TICKETS", 100)
    body = {"subject": "A jar is missing", "message": "Only one of two came."}
    for change, field in NO_TICKET:
        answer = await client.post("/api/support/tickets", json=body | change, headers=customer.headers)
        assert answer.status_code == 422, change
        assert [problem["field"] for problem in answer.json()["details"]] == [field], change
    assert await db.fetchval("SELECT count(*) FROM support_tickets") == 0


async def test_reading_marks_the_other_sides_messages_up_to_one(
    client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket = await open_ticket(client, customer)
    answers = [await write(client, agent, ticket, f"Answer {number}") for number in range(3)]
    own = await write(client, customer, ticket, "Thank you.")

    async def read(person: SignedInPerson, message_id: str) -> int:
        answer = await client.post(
            f"/api/support/tickets/{ticket['id']}/read",
            json={"messageId": message_id},
            headers=person.headers,
        )
        assert answer.status_code == 200, answer.text
        count: int = answer.json()["read"]
        return count

    assert await read(customer, answers[1]["id"]) == 2
    assert await read(customer, answers[1]["id"]) == 0
    assert await read(agent, own["id"]) == 2
    told = await messages_of(client, customer, ticket)
    assert [one["readAt"] is not None for one in told] == [True, True, True, False, True]
    other = await open_ticket(client, customer)
    elsewhere = await client.post(
        f"/api/support/tickets/{other['id']}/read",
        json={"messageId": own["id"]},
        headers=customer.headers,
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "NOT_FOUND")


async def test_the_same_key_writes_once(client: httpx.AsyncClient, customer: SignedInPerson) -> None:
    key = {"Idempotency-Key": "one-and-the-same"}
    body = {"subject": "Once", "message": "Only once."}
    first, again = [
        await client.post("/api/support/tickets", json=body, headers=customer.headers | key) for _ in range(2)
    ]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    path = f"/api/support/tickets/{first.json()['ticket']['id']}/messages"
    key = {"Idempotency-Key": "another"}
    sent = [
        await client.post(path, json={"message": "Hello?"}, headers=customer.headers | key) for _ in range(2)
    ]
    assert sent[0].json() == sent[1].json()
    other = await client.post(path, json={"message": "Hi?"}, headers=customer.headers | key)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    told = (await client.get(path, headers=customer.headers)).json()["messages"]
    assert [one["message"] for one in told] == ["Only once.", "Hello?"]


async def test_times_differ_and_tell_the_order(
    client: httpx.AsyncClient, db: Database, customer: SignedInPerson
) -> None:
    """Also when the clock of the database stands still, or is set back."""
    ticket = await open_ticket(client, customer)
    await db.fetch("UPDATE support_tickets SET last_message_at = now() + interval '1 hour'")
    for number in range(3):
        await write(client, customer, ticket, f"Message {number}")
    told = await messages_of(client, customer, ticket)
    assert [one["message"] for one in told][1:] == ["Message 0", "Message 1", "Message 2"]
    times = [datetime.fromisoformat(one["createdAt"]) for one in told]
    assert times == sorted(set(times))


async def test_a_customers_message_opens_what_was_closed_lately(
    client: httpx.AsyncClient, db: Database, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    await done(client, agent, ticket, "close")
    late = await client.post(
        f"/api/support/tickets/{ticket['id']}/messages",
        json={"message": "One more thing."},
        headers=agent.headers,
    )
    assert (late.status_code, late.json()["code"]) == (409, "INVALID_STATE")
    await write(client, customer, ticket, "It happened again.")
    [now] = (await client.get("/api/support/tickets", headers=customer.headers)).json()["tickets"]
    assert (now["status"], now["chatStatus"], now["agentName"]) == ("open", "active", "Agnes")

    await done(client, agent, ticket, "close")
    await db.fetch("UPDATE support_tickets SET closed_at = closed_at - interval '14 days 1 second'")
    over = await client.post(
        f"/api/support/tickets/{ticket['id']}/messages",
        json={"message": "And again."},
        headers=customer.headers,
    )
    assert (over.status_code, over.json()["code"]) == (409, "INVALID_STATE")
    assert "Open a new ticket" in over.json()["error"]
    assert len(await messages_of(client, customer, ticket)) == 2
    assert (await act(client, agent, ticket, "reopen")).status_code == 200


async def test_a_person_writes_so_many_messages_in_a_minute(settings: Settings) -> None:
    few = settings.model_copy(update={"rate_limit_chat_max": 2})
    async with bootstrap.application(few) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            person, other = await signed_in(app), await signed_in(app)
            ticket = await open_ticket(client, person)
            path = f"/api/support/tickets/{ticket['id']}/messages"
            answers = [
                await client.post(path, json={"message": "Hello?"}, headers=person.headers) for _ in range(5)
            ]
            codes = [answer.status_code for answer in answers]
            assert codes[:2] == [201, 201]
            assert codes.count(201) <= 4  # a new minute may have begun
            assert answers[codes.index(429)].json()["code"] == "RATE_LIMITED"
            theirs = await open_ticket(client, other)
            await write(client, other, theirs, "Others may go on.")
