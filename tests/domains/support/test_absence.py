"""Agents who go away: presence that runs out, and chats that go to others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio

from factories.identity import SignedInPerson
from factories.support import act, come_in, desk_of, go_away, open_ticket, see_whole
from faded_skies.bootstrap import Application
from faded_skies.domains.support import service
from faded_skies.domains.support.service.queue import GRACE
from faded_skies.platform import presence as module
from faded_skies.platform.db import Database
from faded_skies.platform.presence import KEY, LASTS_SECONDS, Presence
from faded_skies.platform.settings import Settings
from servers import environment_of, free_port, serve_process

Drain = Callable[[], Awaitable[None]]


async def miss(db: Database, span: timedelta) -> None:
    """Let so much time pass since agents were missed."""
    await db.fetch("UPDATE support_absences SET since = since - $1::interval", span)


async def test_after_a_grace_chats_of_who_left_go_to_a_colleague(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
) -> None:
    desk = desk_of(app)
    await come_in(client, agent)
    tickets = [await open_ticket(client, customer) for _ in range(2)]
    assert await service.hand_over(desk) == 0
    await go_away(app)
    assert await service.hand_over(desk) == 0
    await miss(db, GRACE - timedelta(seconds=1))
    assert await service.hand_over(desk) == 0
    await come_in(client, colleague)
    await miss(db, timedelta(seconds=2))
    assert await service.hand_over(desk) == 2
    for ticket in tickets:
        assert (await see_whole(client, colleague, ticket))["ticket"]["agentName"] == "Bruno"
    assert await service.hand_over(desk) == 0
    assert await db.fetchval("SELECT count(*) FROM support_absences") == 0
    actions = await db.fetch("SELECT action, actor_id FROM audit_log WHERE object_id = $1", tickets[0]["id"])
    assert {row["action"]: row["actor_id"] for row in actions} == {
        "support_ticket.opened": customer.id,
        "support_ticket.assigned": None,
        "support_ticket.requeued": None,
    }


async def test_without_colleagues_they_wait_and_who_comes_back_in_time_keeps_them(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
) -> None:
    desk = desk_of(app)
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    await go_away(app)
    await service.hand_over(desk)
    await come_in(client, agent)
    await miss(db, GRACE)
    assert await service.hand_over(desk) == 0
    assert await db.fetchval("SELECT count(*) FROM support_absences") == 0

    await go_away(app)
    await service.hand_over(desk)
    await miss(db, GRACE)
    assert await service.hand_over(desk) == 1
    row = await db.fetchrow("SELECT chat_status, agent_id FROM support_tickets")
    assert row is not None
    assert (row["chat_status"], row["agent_id"]) == ("waiting", None)
    assert await service.serve_queue(desk) == 0
    assert (await act(client, agent, ticket, "take")).status_code == 200


async def test_what_was_closed_meanwhile_stays_so(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
) -> None:
    desk = desk_of(app)
    await come_in(client, agent)
    ticket = await open_ticket(client, customer)
    await act(client, agent, ticket, "close")
    await go_away(app)
    await service.hand_over(desk)
    await miss(db, GRACE)
    assert await service.hand_over(desk) == 0
    assert await db.fetchval("SELECT chat_status FROM support_tickets") == "ended"


@pytest.fixture
async def spoilt(db: Database) -> AsyncIterator[None]:
    """A database that lets no ticket of the subject "spoilt" be moved."""
    await db.fetch("""
        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'spoilt'; END $$;
    """)
    await db.fetch("""
        CREATE TRIGGER spoil BEFORE UPDATE OF chat_status ON support_tickets
        FOR EACH ROW WHEN (OLD.subject = 'spoilt') EXECUTE FUNCTION spoil();
    """)
    yield
    await db.fetch("DROP FUNCTION spoil CASCADE")


@pytest.mark.usefixtures("spoilt")
async def test_a_ticket_that_cannot_be_moved_does_not_hold_up_the_others(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    colleague: SignedInPerson,
) -> None:
    desk = desk_of(app)
    for subject in ("spoilt", "good"):
        await open_ticket(client, customer, subject=subject)
    await come_in(client, agent)
    assert await service.serve_queue(desk) == 1
    assert await db.fetchval("SELECT subject FROM support_tickets WHERE agent_id = $1", agent.id) == "good"

    await db.fetch("""
        UPDATE support_tickets SET subject = 'first', assigned_at = now() - interval '1 hour' WHERE subject = 'spoilt'
    """)
    await db.fetch(
        "UPDATE support_tickets SET agent_id = $1, chat_status = 'active' WHERE subject = 'first'", agent.id
    )
    await db.fetch("UPDATE support_tickets SET subject = 'spoilt' WHERE subject = 'first'")
    await go_away(app)
    await come_in(client, colleague)
    await service.hand_over(desk)
    await miss(db, GRACE)
    assert await service.hand_over(desk) == 1
    rows = await db.fetch("SELECT subject, agent_id FROM support_tickets")
    assert {row["subject"]: row["agent_id"] for row in rows} == {"spoilt": agent.id, "good": colleague.id}


async def test_a_cache_that_forgot_everything_makes_nobody_lose_a_chat(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_BETWEEN_BEATS_SECONDS", 0.05)
    desk, here = desk_of(app), Presence(app.ports.valkey, db)
    await here.enter(agent.id, "socket")
    try:
        await open_ticket(client, customer)
        await app.ports.valkey.flushdb()
        await service.hand_over(desk)
        async with asyncio.timeout(10):
            while not await desk.presence.present():  # noqa: ASYNC110 - the beat tells nobody
                await asyncio.sleep(0.02)
        await miss(db, GRACE)
        assert await service.hand_over(desk) == 0
        assert await db.fetchval("SELECT agent_id FROM support_tickets") == agent.id
    finally:
        await here.close()
    assert await desk.presence.present() == frozenset()


async def test_who_is_suspended_gets_nothing(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
) -> None:
    await come_in(client, agent)
    await db.fetch("UPDATE users SET account_status = 'suspended' WHERE id = $1", agent.id)
    assert (await open_ticket(client, customer))["chatStatus"] == "waiting"


async def test_presence_runs_out_with_the_process_that_died(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    settings: Settings,
    tmp_path: Path,
    customer: SignedInPerson,
    agent: SignedInPerson,
) -> None:
    """The process cannot say goodbye; nobody renews what it said of its agents."""
    desk, port = desk_of(app), free_port()
    with serve_process(environment_of(settings), tmp_path / "serve.log", port=port) as server:
        await server.ready()
        io = socketio.AsyncClient(reconnection=False)
        await io.connect(server.address, auth={"token": agent.access_token}, transports=["websocket"])
        try:
            assert (await open_ticket(client, customer))["agentName"] == "Agnes"
            server.kill()
        finally:
            await io.disconnect()
    assert await desk.presence.present() == {agent.id}
    entries: Any = await app.ports.valkey.zrange(KEY, 0, -1, withscores=True)
    [(member, until)] = entries
    seconds = int((await app.ports.valkey.time())[0])
    assert 0 < until - seconds <= LASTS_SECONDS
    await app.ports.valkey.zadd(KEY, {member: seconds - 1})  # as after that time
    assert await desk.presence.present() == frozenset()
    await service.hand_over(desk)
    await miss(db, GRACE)
    assert await service.hand_over(desk) == 1
    assert await db.fetchval("SELECT chat_status FROM support_tickets") == "waiting"
