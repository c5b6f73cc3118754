"""The audit log as staff read it, take it away and verify it, by the door."""

import json
from typing import Any

import httpx
import pytest

from factories.audit import tamper, write
from factories.identity import SignedInPerson, signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.audit_log.exporting import verify_lines
from faded_skies.platform.audit_log.sealing import seal_chains
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings

LOG = "/api/admin/audit-log"


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def read(client: httpx.AsyncClient, admin: SignedInPerson, **filters: object) -> Any:
    answer = await client.get(
        LOG, headers=admin.headers, params={key: str(one) for key, one in filters.items()}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_newest_rows_come_first_with_where_they_came_from(
    client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    told = await read(client, admin)
    first = told["rows"][0]
    assert (first["action"], first["actorId"], first["objectId"]) == (
        "sign_in.succeeded",
        str(admin.id),
        str(admin.id),
    )
    assert first["address"] == "127.0.0.1"
    assert first["userAgent"].startswith("python-httpx/")
    assert first["reason"] is None
    assert [row["action"] for row in told["rows"]] == ["sign_in.succeeded", "person.created"]
    assert (told["total"], told["hasMore"]) == (2, False)


async def test_filters_and_pages(client: httpx.AsyncClient, db: Database, admin: SignedInPerson) -> None:
    actor_id, object_id = new_id(), new_id()
    async with db.transaction() as tx:
        tx.audit("door.opened", object_type="door", object_id=object_id, actor_id=actor_id, reason="A knock.")
    await write(db, 4)
    for filters in (
        {"action": "door.opened"},
        {"objectType": "door"},
        {"objectId": object_id},
        {"actorId": actor_id},
        {"objectType": "door", "actorId": actor_id},
    ):
        told = await read(client, admin, **filters)
        assert [row["reason"] for row in told["rows"]] == ["A knock."], filters
        assert told["total"] == 1
    assert (await read(client, admin, action="door.opened", objectType="order"))["rows"] == []
    page = await read(client, admin, action="test.done", limit=2, offset=1)
    assert [row["details"]["number"] for row in page["rows"]] == [2, 1]
    assert (page["total"], page["hasMore"]) == (4, True)
    moment = page["rows"][0]["recordedAt"]
    since = await read(client, admin, action="test.done", **{"from": moment})
    until = await read(client, admin, action="test.done", to=moment)
    assert [row["details"]["number"] for row in since["rows"]] == [3, 2]
    assert [row["details"]["number"] for row in until["rows"]] == [1, 0]


@pytest.mark.parametrize(
    "query",
    [
        "action=",
        "action=a%00b",
        "actorId=5",
        "from=2026-01-01",
        "to=0001-01-01T00:00:00%2B14:00",
        "limit=101",
    ],
)
@pytest.mark.parametrize("path", ["", "/export"])
async def test_what_is_no_filter_is_refused(
    client: httpx.AsyncClient, admin: SignedInPerson, query: str, path: str
) -> None:
    if path and query.startswith("limit"):
        return
    answer = await client.get(f"{LOG}{path}?{query}", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_an_export_is_whole_verifiable_and_audited(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await write(db, 1100)
    answer = await client.get(f"{LOG}/export", headers=admin.headers)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-log.ndjson"'
    lines = answer.content.splitlines()
    findings: list[object] = []
    verdict = verify_lines(lines, db.sign, found=findings.append)
    assert (verdict.rows, verdict.missing, findings) == (1103, 0, [])
    last = json.loads(lines[-1])
    assert (last["action"], last["actorId"]) == ("audit_log.exported", str(admin.id))


async def test_an_export_takes_filters(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await write(db, 3)
    answer = await client.get(f"{LOG}/export", headers=admin.headers, params={"action": "test.done"})
    assert [json.loads(line)["details"] for line in answer.content.splitlines()] == [
        {"number": number} for number in range(3)
    ]


async def test_verifying_says_what_is_wrong_and_is_audited(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson, settings: Settings
) -> None:
    await write(db, 5)
    await seal_chains(db)
    whole = await client.post(f"{LOG}/verify", headers=admin.headers)
    assert whole.json() == {"ok": True, "rows": 7, "before": 0, "complete": True, "findings": []}
    await tamper(
        settings.database_url, "UPDATE audit_log SET reason = 'x' WHERE details @> '{\"number\": 3}'"
    )
    row = await db.fetchrow("SELECT seq, chain, position FROM audit_log WHERE reason = 'x'")
    assert row is not None
    broken = (await client.post(f"{LOG}/verify", headers=admin.headers)).json()
    assert (broken["ok"], broken["rows"]) == (False, 8)
    (finding,) = broken["findings"]
    assert (finding["kind"], finding["seq"], finding["chain"], finding["position"]) == ("changed", *row)
    (newest, *_) = (await read(client, admin))["rows"]
    assert (newest["action"], newest["actorId"]) == ("audit_log.verified", str(admin.id))
    assert newest["details"] == {"rows": 8, "findings": 1}


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.DRIVER, Role.AGENT])
async def test_it_is_for_admins(app: Application, client: httpx.AsyncClient, role: Role) -> None:
    person = await signed_in(app, role)
    for method, path in (("GET", LOG), ("GET", f"{LOG}/export"), ("POST", f"{LOG}/verify")):
        answer = await client.request(method, path, headers=person.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
