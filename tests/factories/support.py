"""Conversations with support, by the door."""

from typing import Any
from uuid import UUID

import httpx

from factories.identity import SignedInPerson
from factories.verification import FRONT
from faded_skies.bootstrap import Application
from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.ids import new_id


def desk_of(app: Application) -> Desk:
    found: Desk = app.ports.get(Desk)
    return found


async def open_ticket(client: httpx.AsyncClient, person: SignedInPerson, **changes: object) -> dict[str, Any]:
    """Have a person open a ticket, and return it."""
    body = {"subject": "A jar is missing", "message": "Only one of two came."} | changes
    answer = await client.post("/api/support/tickets", json=body, headers=person.headers)
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()["ticket"]
    return ticket


async def write(
    client: httpx.AsyncClient, person: SignedInPerson, ticket: dict[str, Any], text: str, **more: object
) -> dict[str, Any]:
    """Have a person write into a ticket, and return the message."""
    answer = await client.post(
        f"/api/support/tickets/{ticket['id']}/messages",
        json={"message": text} | more,
        headers=person.headers,
    )
    assert answer.status_code == 201, answer.text
    message: dict[str, Any] = answer.json()["message"]
    return message


async def messages_of(
    client: httpx.AsyncClient, person: SignedInPerson, ticket: dict[str, Any]
) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/support/tickets/{ticket['id']}/messages", headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


async def see_whole(
    client: httpx.AsyncClient, agent: SignedInPerson, ticket: dict[str, Any]
) -> dict[str, Any]:
    """Return a ticket with all that agents see beside it."""
    answer = await client.get(f"/api/agent/tickets/{ticket['id']}", headers=agent.headers)
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


async def act(
    client: httpx.AsyncClient, agent: SignedInPerson, ticket: dict[str, Any], what: str, **body: object
) -> httpx.Response:
    """Have an agent take, transfer, close, reopen or note on a ticket."""
    return await client.post(f"/api/agent/tickets/{ticket['id']}/{what}", json=body, headers=agent.headers)


async def done(
    client: httpx.AsyncClient, agent: SignedInPerson, ticket: dict[str, Any], what: str, **body: object
) -> dict[str, Any]:
    """Do so with success, and return what it is now."""
    answer = await act(client, agent, ticket, what, **body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def come_in(client: httpx.AsyncClient, agent: SignedInPerson) -> None:
    """Have an agent call the API, which counts them as there."""
    answer = await client.get("/api/agent/colleagues", headers=agent.headers)
    assert answer.status_code == 200, answer.text


async def go_away(app: Application, *agents: SignedInPerson) -> None:
    """Let the time run out for which these agents count as there; all of them when none is named."""
    members: Any = await app.ports.valkey.zrange("presence:agents", 0, -1)
    for member in members:
        if not agents or any(member.startswith(str(agent.id).encode()) for agent in agents):
            await app.ports.valkey.zrem("presence:agents", member)


async def make_upload(app: Application, person_id: UUID) -> UUID:
    """Put a picture into the store that this person has sent, and return its id."""
    desk = desk_of(app)
    sealed = await desk.pictures.put(FRONT)
    actor = Actor(id=person_id, role=Role.CUSTOMER, name="Maya Okafor", session_id=new_id())
    async with desk.db.transaction() as tx:
        await service.keep_picture(tx, actor, sealed)
    return sealed.id
