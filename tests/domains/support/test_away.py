"""Agents who set themselves away: they are there, keep what they have, and are given nothing."""

from collections.abc import Awaitable, Callable

import httpx

from factories.identity import SignedInPerson, signed_in
from factories.support import act, come_in, desk_of, done, open_ticket, see_whole, write
from faded_skies.bootstrap import Application
from faded_skies.domains.support import service
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

Drain = Callable[[], Awaitable[None]]
JSON = dict[str, object]


async def set_presence(client: httpx.AsyncClient, agent: SignedInPerson, body: object) -> httpx.Response:
    return await client.put("/api/agent/presence", json=body, headers=agent.headers)


async def turn(client: httpx.AsyncClient, agent: SignedInPerson, status: str) -> JSON:
    answer = await set_presence(client, agent, {"status": status})
    assert answer.status_code == 200, answer.text
    told: JSON = answer.json()["agent"]
    return told


async def test_who_is_away_keeps_their_chats_and_is_given_none(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
    drain: Drain,
) -> None:
    await come_in(client, agent)
    kept = await open_ticket(client, customer)
    assert kept["agentName"] == "Agnes"
    away = await turn(client, agent, "away")
    assert away == {
        "id": str(agent.id),
        "name": "Agnes",
        "status": "away",
        "activeChats": 1,
        "capacity": 5,
    }
    assert await turn(client, agent, "away") == away
    waiting = await open_ticket(client, customer)
    assert (waiting["chatStatus"], waiting["agentName"]) == ("waiting", None)
    desk = desk_of(app)
    assert await service.serve_queue(desk) == 0
    assert await service.hand_over(desk) == 0
    assert await db.fetchval("SELECT count(*) FROM support_absences") == 0  # there, and missed by nobody

    await come_in(client, colleague)
    await drain()
    assert (await see_whole(client, agent, waiting))["ticket"]["agentName"] == "Bruno"
    assert (await see_whole(client, agent, kept))["ticket"]["agentName"] == "Agnes"
    refused = await act(client, colleague, waiting, "transfer", agentId=str(agent.id))
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    back = (await done(client, colleague, waiting, "transfer"))[
        "ticket"
    ]  # for somebody else, and there is none
    assert back["chatStatus"] == "waiting"
    told = (await client.get("/api/agent/colleagues", headers=colleague.headers)).json()["agents"]
    assert [(one["name"], one["status"]) for one in told] == [("Bruno", "present"), ("Agnes", "away")]
    # What they take themselves they have chosen.
    assert (await done(client, agent, waiting, "take"))["ticket"]["agentName"] == "Agnes"


async def test_who_comes_back_is_given_what_waits(
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
) -> None:
    await turn(client, agent, "away")
    await drain()
    ticket = await open_ticket(client, customer)
    assert (await turn(client, agent, "present"))["status"] == "present"
    await turn(client, agent, "present")
    await drain()
    assert (await see_whole(client, agent, ticket))["ticket"]["agentName"] == "Agnes"
    rows = await db.fetch("SELECT action, actor_id, object_id FROM audit_log WHERE object_type = 'user'")
    assert [tuple(row) for row in rows if row["action"].startswith("support_agent")] == [
        ("support_agent.away", agent.id, agent.id),
        ("support_agent.present", agent.id, agent.id),
    ]


async def test_who_writes_again_does_not_get_their_agent_who_is_away(
    client: httpx.AsyncClient,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
) -> None:
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    await done(client, agent, ticket, "close")
    await turn(client, agent, "away")
    await come_in(client, colleague)
    await write(client, customer, ticket, "It happened again.")
    assert (await see_whole(client, colleague, ticket))["ticket"]["agentName"] == "Bruno"


async def test_who_may_not_and_what_is_no_presence(
    app: Application, client: httpx.AsyncClient, db: Database, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    for role in (Role.CUSTOMER, Role.DRIVER, Role.ADMIN):
        answer = await set_presence(client, await signed_in(app, role), {"status": "away"})
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
    for body in (
        {},
        {"status": "busy"},
        {"status": None},
        {"away": True},
        {"status": "away", "userId": str(agent.id)},
    ):
        answer = await set_presence(client, agent, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), body
    assert await db.fetchval("SELECT count(*) FROM support_away") == 0
