"""How long pictures stay, and what becomes of those that something went wrong with."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from factories.identity import SignedInPerson, signed_in
from factories.verification import FRONT, hand_in, handed_in
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.verification import service
from faded_skies.domains.verification.models import Side
from faded_skies.domains.verification.queries import papers as papers_queries
from faded_skies.domains.verification.service import Vault
from faded_skies.domains.verification.service.papers import delete, pictures_of
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import KeyLost, Keyring, Tampered
from faded_skies.platform.settings import Settings

Drain = Callable[[], Awaitable[None]]
Stored = Callable[[], list[Path]]


def vault_of(app: Application) -> Vault:
    vault: Vault = app.ports.get(Vault)
    return vault


async def reject(client: httpx.AsyncClient, agent: SignedInPerson, verification_id: object) -> None:
    answer = await client.post(
        f"/api/admin/id-verifications/{verification_id}/reject",
        headers=agent.headers,
        json={"reason": "The photo is blurred."},
    )
    assert answer.status_code == 200


async def test_a_shop_may_keep_pictures_for_a_while(settings: Settings, stored: Stored) -> None:
    keeping = settings.model_copy(update={"id_documents_keep": timedelta(days=7)})
    async with bootstrap.application(keeping) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            person = await signed_in(app, id_verified=False)
            agent = await signed_in(app, Role.AGENT)
            await reject(client, agent, await handed_in(client, person))
            await app.worker.drain()
            assert len(stored()) == 1
            db, vault = app.ports.db, vault_of(app)
            before = clock.now() - timedelta(days=7)
            assert await service.delete_due(db, vault, decided_before=before) == 0
            await db.fetchval("UPDATE id_verifications SET decided_at = now() - interval '7 days 1 minute'")
            assert await service.delete_due(db, vault, decided_before=before) == 1
            assert stored() == []
            assert await service.delete_due(db, vault, decided_before=before) == 0


async def test_what_nobody_decides_for_a_month_is_closed_and_its_pictures_go(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    person: SignedInPerson,
    stored: Stored,
    drain: Drain,
) -> None:
    await handed_in(client, person)
    await service.expire_open(db, now=clock.now() + timedelta(days=29))
    assert await db.fetchval("SELECT status FROM id_verifications") == "processing"
    await service.expire_open(db, now=clock.now() + timedelta(days=31))
    await drain()
    row = await db.fetchrow("SELECT status, reason FROM id_verifications")
    assert row is not None
    assert (row["status"], row["reason"]) == (
        "rejected",
        "Nobody could look at your papers in time. Please hand them in once more.",
    )
    assert stored() == []
    assert (await hand_in(client, person)).status_code == 202


async def test_a_picture_whose_row_was_never_written_is_swept_and_others_are_not(
    app: Application, client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    """As after a kill between the store and the commit: nobody has the key to it."""
    await handed_in(client, person)
    (kept,) = stored()
    vault = vault_of(app)
    await vault.put(new_id(), {Side.FRONT: FRONT})
    assert len(stored()) == 2
    assert await service.sweep(db, vault, now=clock.now()) == 0  # it might be an upload under way
    for path in stored():
        os.utime(path, (0, 0))
    assert await service.sweep(db, vault, now=clock.now()) == 1
    assert stored() == [kept]


async def test_a_picture_that_was_left_when_its_key_had_gone_is_swept(
    app: Application, client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    """As after a kill between throwing the key away and deleting the file."""
    await handed_in(client, person)
    await db.fetch("UPDATE id_documents SET wrapped_key = NULL, deleted_at = now()")
    for path in stored():
        os.utime(path, (0, 0))
    assert await service.sweep(db, vault_of(app), now=clock.now()) == 1
    assert stored() == []


async def test_a_refused_commit_leaves_nothing_but_a_picture_without_a_key_for_the_sweep(
    app: Application, client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    """The endpoint cannot tell it from a commit whose answer was lost, and must not delete what a row may name."""
    await db.fetch("ALTER TABLE id_documents ADD CONSTRAINT fault CHECK (side <> 'front') NOT VALID")
    try:
        assert (await hand_in(client, person)).status_code == 500
    finally:
        await db.fetch("ALTER TABLE id_documents DROP CONSTRAINT fault")
    assert await db.fetchval("SELECT count(*) FROM id_verifications") == 0
    for path in stored():
        os.utime(path, (0, 0))
    assert await service.sweep(db, vault_of(app), now=clock.now()) == 1
    assert stored() == []
    assert (await hand_in(client, person)).status_code == 202


async def test_without_the_store_nothing_is_half_done(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, settings: Settings
) -> None:
    folder = settings.data / "vault"
    folder.rename(folder.with_name("away"))
    answer = await hand_in(client, person)
    assert answer.status_code == 503
    assert await db.fetchval("SELECT count(*) FROM id_verifications") == 0
    folder.with_name("away").rename(folder)
    assert (await hand_in(client, person)).status_code == 202


async def test_two_sweeps_and_a_decision_at_once_do_no_harm(
    app: Application, client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    agent = await signed_in(app, Role.AGENT)
    verification_id = await handed_in(client, person)
    vault, now = vault_of(app), clock.now()
    await asyncio.gather(
        reject(client, agent, verification_id),
        service.sweep(db, vault, now=now),
        service.sweep(db, vault, now=now),
    )
    await asyncio.gather(
        *(service.delete_due(db, vault, decided_before=now + timedelta(minutes=1)) for _ in range(3))
    )
    assert stored() == []


async def test_things_of_others_in_the_store_do_not_stop_the_sweep(
    app: Application, db: Database, settings: Settings, stored: Stored
) -> None:
    (settings.data / "vault" / "notes-of-somebody").write_text("mine")
    await vault_of(app).put(new_id(), {Side.FRONT: FRONT})
    for path in stored():
        os.utime(path, (0, 0))
    assert await service.sweep(db, vault_of(app), now=clock.now()) == 1
    assert [path.name for path in stored()] == ["notes-of-somebody"]


async def test_deleting_many_times_at_once_is_logged_once(
    app: Application, client: httpx.AsyncClient, db: Database, person: SignedInPerson
) -> None:
    agent = await signed_in(app, Role.AGENT)
    await reject(client, agent, await handed_in(client, person))
    papers = await papers_queries.list_due(db, clock.now() + timedelta(minutes=1))
    await asyncio.gather(*(delete(db, vault_of(app), papers) for _ in range(3)))
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'id_document.deleted'") == 1


@pytest.mark.parametrize("fault", ["deleted", "swapped"])
async def test_pictures_that_do_not_open_are_for_staff_and_not_tried_for_ever(
    client: httpx.AsyncClient, person: SignedInPerson, db: Database, stored: Stored, drain: Drain, fault: str
) -> None:
    await handed_in(client, person)
    (path,) = stored()
    if fault == "deleted":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[::-1])
    await drain()
    row = await db.fetchrow("SELECT status, judged_at FROM id_verifications")
    assert row is not None
    assert row["status"] == "processing"
    assert row["judged_at"] is not None


async def test_pictures_and_keys_cannot_be_swapped(
    app: Application, client: httpx.AsyncClient, db: Database, stored: Stored
) -> None:
    """Somebody who can write to the store and the database still shows nobody another's paper."""
    for _ in range(2):
        await handed_in(client, await signed_in(app, id_verified=False))
    first, second = stored()
    swapped = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(swapped)
    rows = await db.fetch("SELECT verification_id FROM id_documents")
    for row in rows:
        with pytest.raises(Tampered):
            await pictures_of(db, vault_of(app), row["verification_id"])
    await db.fetch(
        "UPDATE id_documents SET wrapped_key = (SELECT wrapped_key FROM id_documents d WHERE d.id <> id_documents.id)"
    )
    for row in rows:
        with pytest.raises(Tampered):
            await pictures_of(db, vault_of(app), row["verification_id"])


async def test_without_the_master_key_the_picture_is_noise(
    app: Application, client: httpx.AsyncClient, db: Database, person: SignedInPerson
) -> None:
    verification_id = await handed_in(client, person)
    stranger = Vault(vault_of(app).store, Keyring.parse("stolen:" + "A" * 43 + "="))
    with pytest.raises(KeyLost):
        await pictures_of(db, stranger, verification_id)
