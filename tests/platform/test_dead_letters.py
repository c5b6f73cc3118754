"""Failed jobs and webhooks by the door: seen scrubbed, replayed until they succeed, given up with a reason."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.dead_letters import make_delivery, make_failed_job
from factories.identity import SignedInPerson, mails_to, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform import housekeeping
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

FAILED = "/api/admin/jobs/failed"
Drain = Callable[[], Awaitable[None]]


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def test_a_job_that_really_failed_is_seen_and_replayed(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the real worker: a job whose payload it cannot read is held; what is mended runs when replayed."""
    email = "maya-dead@example.com"
    body = {
        "fullName": "Maya Okafor",
        "email": email,
        "password": "Test-Skies-42!",
        "phone": "(512) 555-0134",
        "dateOfBirth": "1990-05-17",
    }
    assert (await client.post("/api/auth/register", json=body)).status_code == 201
    (good,) = await db.fetch(
        "SELECT id, payload, entrypoint FROM pgqueuer WHERE status = 'queued' ORDER BY id LIMIT 1"
    )
    await db.fetch("UPDATE pgqueuer SET payload = '{}', attempts = 8 WHERE id = $1", good["id"])
    await drain()
    listed = (await client.get(FAILED, headers=admin.headers)).json()
    (job,) = listed["jobs"]
    assert (listed["total"], job["id"], job["job"]) == (1, str(good["id"]), good["entrypoint"])
    assert job["cause"] == "ValidationError"
    queues = (await client.get("/api/admin/jobs", headers=admin.headers)).json()["queues"]
    assert {"job": job["job"], "waiting": 0, "running": 0, "failed": 1, "behindSeconds": 0} in queues

    await db.fetch("UPDATE pgqueuer SET payload = $2 WHERE id = $1", good["id"], good["payload"])
    replayed = await client.post(f"{FAILED}/{job['id']}/replay", headers=admin.headers)
    assert replayed.status_code == 204, replayed.text
    again = await client.post(f"{FAILED}/{job['id']}/replay", headers=admin.headers)
    assert again.status_code == 404
    await drain()
    assert len(mails_to(app, email)) == 1
    assert (await client.get(FAILED, headers=admin.headers)).json()["total"] == 0
    audited = await db.fetchval("SELECT details FROM audit_log WHERE action = 'job.replayed'")
    assert audited == {"job": job["job"], "jobs": [good["id"]]}


async def test_what_is_personal_in_a_job_is_left_out(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    payload = {"userId": str(admin.id), "email": "maya@example.com", "note": "call (512) 555-0134"}
    job_id = await make_failed_job(db, "test.letter", payload, message="550 maya@example.com unknown")
    told = (await client.get(f"{FAILED}/{job_id}", headers=admin.headers)).json()["job"]
    assert told["payload"] == {"userId": str(admin.id), "email": "[scrubbed]", "note": "call [scrubbed]"}
    assert told["message"] == "550 [scrubbed] unknown"
    assert "secret frames" not in str(told)
    broken = await make_failed_job(db, "test.letter", {})
    await db.fetch("UPDATE pgqueuer SET payload = 'not JSON' WHERE id = $1", broken)
    assert (await client.get(f"{FAILED}/{broken}", headers=admin.headers)).json()["job"][
        "payload"
    ] == "[scrubbed]"


async def test_jobs_are_listed_by_kind_replayed_together_and_given_up(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    letters = [await make_failed_job(db, "test.letter", {}) for _ in range(3)]
    other = await make_failed_job(db, "test.other", {})
    page = await client.get(FAILED, params={"job": "test.letter", "limit": 2}, headers=admin.headers)
    assert [job["id"] for job in page.json()["jobs"]] == [str(letters[2]), str(letters[1])]
    assert (page.json()["total"], page.json()["hasMore"]) == (3, True)
    all_of_them = await client.post(f"{FAILED}/replay", json={"job": "test.letter"}, headers=admin.headers)
    assert all_of_them.json() == {"replayed": 3}
    queued = await db.fetch(
        "SELECT id, attempts FROM pgqueuer WHERE status = 'queued' AND entrypoint = 'test.letter'"
    )
    assert sorted((row["id"], row["attempts"]) for row in queued) == [(one, 0) for one in letters]
    without = await client.post(f"{FAILED}/{other}/discard", json={}, headers=admin.headers)
    assert without.status_code == 422
    gone = await client.post(f"{FAILED}/{other}/discard", json={"reason": "Over."}, headers=admin.headers)
    assert gone.status_code == 204
    assert await db.fetchval("SELECT count(*) FROM pgqueuer WHERE id = $1", other) == 0
    reason = await db.fetchval("SELECT reason FROM audit_log WHERE action = 'job.discarded'")
    assert reason == "Over."
    for wrong in ("0", "x", "9" * 30, "-1", "\u0663"):
        assert (await client.get(f"{FAILED}/{wrong}", headers=admin.headers)).status_code == 404, wrong


async def test_a_job_that_runs_cannot_be_given_up(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    job_id = await make_failed_job(db, "test.letter", {})
    await db.fetch("UPDATE pgqueuer SET status = 'picked' WHERE id = $1", job_id)
    for what, body in (("replay", None), ("discard", {"reason": "Over."})):
        refused = await client.post(f"{FAILED}/{job_id}/{what}", json=body, headers=admin.headers)
        assert refused.status_code == 404
    assert await db.fetchval("SELECT status FROM pgqueuer WHERE id = $1", job_id) == "picked"


async def test_why_a_job_failed_is_kept_as_long_as_the_job(db: Database) -> None:
    held = await make_failed_job(db, "test.letter", {})
    replayed = await make_failed_job(db, "test.letter", {})
    await db.fetch("DELETE FROM pgqueuer WHERE id = $1", replayed)
    await db.fetch("UPDATE pgqueuer_log SET created = now() - interval '8 days'")
    (prune,) = [one for one in housekeeping.periodic(db) if one.job == "platform.prune_queue"]
    await prune.handler()
    assert [row["job_id"] for row in await db.fetch("SELECT job_id FROM pgqueuer_log")] == [held]


async def test_webhooks_are_seen_scrubbed_and_only_waiting_ones_replayed(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    done = await make_delivery(db, handled=True)
    waits = await make_delivery(db, source="sandbox", receipt_email="maya@example.com", amount=500)
    path = "/api/admin/webhooks"
    listed = (await client.get(path, headers=admin.headers)).json()
    assert [one["id"] for one in listed["webhooks"]] == [str(waits), str(done)]
    for query, found in (({"handled": "true"}, done), ({"source": "sandbox"}, waits)):
        page = (await client.get(path, params=query, headers=admin.headers)).json()
        assert [one["id"] for one in page["webhooks"]] == [str(found)]
    told = (await client.get(f"{path}/{waits}", headers=admin.headers)).json()["webhook"]
    assert told["payload"] == {"amount": 500, "receipt_email": "[scrubbed]"}
    refused = await client.post(f"{path}/{done}/replay", headers=admin.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    before = await db.fetchval("SELECT count(*) FROM pgqueuer")
    assert (await client.post(f"{path}/{waits}/replay", headers=admin.headers)).status_code == 204
    assert await db.fetchval("SELECT count(*) FROM pgqueuer") > before
