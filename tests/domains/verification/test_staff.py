"""The staff's queue: deciding, one person one account, blocked people, and looking at pictures."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from factories.identity import SignedInPerson, mails_to, signed_in
from factories.verification import FRONT, OWN_CARD, hand_in, handed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

Drain = Callable[[], Awaitable[None]]
Stored = Callable[[], list[Path]]
Audited = Callable[[], Awaitable[list[str]]]

READ = {"documentNumber": "0123-45 678", "issuer": "TX", "expiresOn": "2031-02-28"}


async def decide(
    client: httpx.AsyncClient, agent: SignedInPerson, verification_id: UUID, how: str, body: object = None
) -> httpx.Response:
    return await client.post(
        f"/api/admin/id-verifications/{verification_id}/{how}", headers=agent.headers, json=body
    )


async def status_of(client: httpx.AsyncClient, person: SignedInPerson) -> tuple[bool, str]:
    user = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    return user["idVerified"], user["idVerificationStatus"]


async def test_approving_lets_the_person_order_tells_them_and_deletes_the_pictures(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    person: SignedInPerson,
    agent: SignedInPerson,
    stored: Stored,
    audited: Audited,
    drain: Drain,
) -> None:
    verification_id = await handed_in(client, person)
    await drain()
    assert len(stored()) == 1
    answer = await decide(client, agent, verification_id, "approve", READ)
    assert answer.status_code == 200, answer.text
    entry = answer.json()["verification"]
    assert (entry["status"], entry["decidedBy"], entry["expiresOn"]) == (
        "approved",
        str(agent.id),
        "2031-02-28",
    )
    assert await status_of(client, person) == (True, "approved")
    await drain()
    assert stored() == []
    assert await db.fetchval("SELECT count(*) FROM id_documents WHERE wrapped_key IS NOT NULL") == 0
    assert await audited() == ["id_verification.handed_in", "id_verification.approved", "id_document.deleted"]
    mail = mails_to(app, person.email)[0]
    assert mail.subject == "Your ID is verified"
    assert READ["documentNumber"] not in mail.text


async def test_rejecting_tells_why_and_lets_them_try_again(
    app: Application,
    client: httpx.AsyncClient,
    person: SignedInPerson,
    agent: SignedInPerson,
    stored: Stored,
    drain: Drain,
) -> None:
    verification_id = await handed_in(client, person)
    answer = await decide(client, agent, verification_id, "reject", {"reason": "The photo is blurred."})
    assert (answer.status_code, answer.json()["verification"]["status"]) == (200, "rejected")
    assert await status_of(client, person) == (False, "rejected")
    latest = (await client.get("/api/users/id-verification", headers=person.headers)).json()["verification"]
    assert (latest["status"], latest["reason"]) == ("rejected", "The photo is blurred.")
    await drain()
    assert stored() == []
    assert "The photo is blurred." in mails_to(app, person.email)[0].text
    assert (await hand_in(client, person)).status_code == 202


async def test_what_is_decided_stays_decided(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person)
    await drain()
    assert (await decide(client, agent, verification_id, "approve", READ)).status_code == 200
    for how, body in (("approve", READ), ("reject", {"reason": "no"})):
        answer = await decide(client, agent, verification_id, how, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert await status_of(client, person) == (True, "approved")


async def test_two_colleagues_at_once_decide_once(
    app: Application,
    client: httpx.AsyncClient,
    person: SignedInPerson,
    agent: SignedInPerson,
    db: Database,
    drain: Drain,
) -> None:
    other = await signed_in(app, Role.ADMIN)
    for _ in range(5):
        verification_id = await handed_in(client, person)
        await drain()
        answers = await asyncio.gather(
            decide(client, agent, verification_id, "approve", READ),
            decide(client, other, verification_id, "reject", {"reason": "no"}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        decided = await db.fetchval("SELECT status FROM id_verifications WHERE id = $1", verification_id)
        assert await status_of(client, person) == (decided == "approved", decided)
        await db.fetchval("UPDATE users SET id_verification_status = 'pending' WHERE id = $1", person.id)


async def test_one_document_is_good_for_one_account(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person)
    await drain()
    assert (await decide(client, agent, verification_id, "approve", READ)).status_code == 200
    twin = await signed_in(app, id_verified=False)
    verification_id = await handed_in(client, twin)
    await drain()
    same = READ | {"documentNumber": "012345678"}  # however it is spaced
    answer = await decide(client, agent, verification_id, "approve", same)
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE_DOCUMENT")
    assert await status_of(client, twin) == (False, "processing")
    elsewhere = READ | {"issuer": "CA"}  # the same number of another state is another document
    assert (await decide(client, agent, verification_id, "approve", elsewhere)).status_code == 200


async def test_two_accounts_at_once_with_one_document(
    app: Application, client: httpx.AsyncClient, agent: SignedInPerson, drain: Drain
) -> None:
    people = [await signed_in(app, id_verified=False) for _ in range(4)]
    handed = [await handed_in(client, one) for one in people]
    await drain()
    answers = await asyncio.gather(*(decide(client, agent, one, "approve", READ) for one in handed))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert [(await status_of(client, one))[0] for one in people].count(True) == 1


async def test_the_queue_shows_who_has_the_document_already_and_namesakes(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD)
    await drain()
    assert (await decide(client, agent, verification_id, "approve")).status_code == 200
    twin = await signed_in(app, id_verified=False)
    verification_id = await handed_in(client, twin, OWN_CARD)
    await drain()
    answer = await client.get("/api/admin/id-verifications?status=processing", headers=agent.headers)
    (entry,) = answer.json()["verifications"]
    assert (entry["heldByAnother"], entry["namesakes"], entry["numberKnown"]) == (True, 1, True)
    answer = await decide(client, agent, verification_id, "approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE_DOCUMENT")


async def test_blocked_people_stay_blocked(
    app: Application,
    client: httpx.AsyncClient,
    person: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
    audited: Audited,
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD)
    await drain()
    body = {"reason": "Forged papers.", "block": True}
    assert (await decide(client, agent, verification_id, "reject", body)).status_code == 200
    assert "id_document.blocked" in await audited()
    for somebody in (person, await signed_in(app, id_verified=False)):
        await handed_in(client, somebody, OWN_CARD)
        await drain()
        latest = await client.get("/api/users/id-verification", headers=somebody.headers)
        assert latest.json()["verification"]["status"] == "rejected"
        assert latest.json()["verification"]["reason"].startswith("We cannot accept this document.")


async def test_only_a_known_document_can_be_blocked(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson
) -> None:
    verification_id = await handed_in(client, person)
    answer = await decide(client, agent, verification_id, "reject", {"reason": "Forged.", "block": True})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "documentNumber")
    assert await status_of(client, person) == (False, "processing")
    body = {"reason": "Forged.", "block": True, "documentNumber": "X1", "issuer": "TX"}
    assert (await decide(client, agent, verification_id, "reject", body)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"born": "2010-05-17"}, {"expires": "2024-01-01", "issued": "2020-01-01"}],
    ids=["under age", "expired"],
)
async def test_nobody_can_approve_what_the_document_forbids(
    client: httpx.AsyncClient,
    person: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
    changes: dict[str, str],
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD.but(**changes))
    await drain()
    answer = await decide(client, agent, verification_id, "approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert await status_of(client, person) == (False, "processing")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"documentNumber": "12345678"}, "body"),
        ({"issuer": "TX"}, "body"),
        ({"documentNumber": "--", "issuer": "TX"}, "documentNumber"),
        ({"documentNumber": "1", "issuer": "Texas"}, "issuer"),
        ({"expiresOn": "2024-01-01"}, "expiresOn"),
        ({"expiresOn": "soon"}, "expiresOn"),
        ({"approve": True}, "approve"),
    ],
    ids=["no issuer", "no number", "empty number", "long issuer", "expired", "no day", "unknown"],
)
async def test_what_staff_types_is_checked(
    client: httpx.AsyncClient,
    person: SignedInPerson,
    agent: SignedInPerson,
    body: object,
    field: str,
    drain: Drain,
) -> None:
    verification_id = await handed_in(client, person)
    await drain()
    answer = await decide(client, agent, verification_id, "approve", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["details"][0]["field"] == field
    assert await status_of(client, person) == (False, "processing")


async def test_a_number_against_the_barcode_is_refused(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD)
    await drain()
    answer = await decide(client, agent, verification_id, "approve", {"documentNumber": "9", "issuer": "TX"})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "documentNumber")


async def test_nothing_is_approved_before_the_machine_had_its_look(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    """Else a quick colleague approves what the barcode forbids, or what is another's."""
    verification_id = await handed_in(client, person, replace(OWN_CARD, born="2010-05-17"))
    answer = await decide(client, agent, verification_id, "approve", READ)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    await drain()
    assert (await decide(client, agent, verification_id, "approve", {})).status_code == 409
    assert await status_of(client, person) == (False, "processing")
    assert (await decide(client, agent, verification_id, "reject", {"reason": "no"})).status_code == 200


async def test_a_last_day_against_the_barcode_is_refused_and_its_own_must_not_be_over(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, db: Database, drain: Drain
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD)
    await drain()
    later = {"expiresOn": "2099-01-01"}
    answer = await decide(client, agent, verification_id, "approve", later)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "expiresOn")
    await db.fetch("UPDATE id_verifications SET expires_on = current_date - 3")  # days passed in the queue
    answer = await decide(client, agent, verification_id, "approve", {})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "expiresOn")
    assert await status_of(client, person) == (False, "processing")


async def test_nobody_decides_about_their_own_papers(app: Application, client: httpx.AsyncClient) -> None:
    agent = await signed_in(app, Role.AGENT, id_verified=False)
    verification_id = await handed_in(client, agent)
    for how, body in (("approve", READ), ("reject", {"reason": "no"}), ("document-link", None)):
        answer = await decide(client, agent, verification_id, how, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS"), how


async def test_a_link_shows_the_picture_once_and_is_logged(
    client: httpx.AsyncClient,
    db: Database,
    person: SignedInPerson,
    agent: SignedInPerson,
    audited: Audited,
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD)
    answer = await decide(client, agent, verification_id, "document-link")
    assert answer.status_code == 200
    links = answer.json()["links"]
    assert [link["side"] for link in links] == ["front", "back"]
    for link in links:
        path = "/api/id-documents/" + link["url"].rpartition("/")[2]
        shown = await client.get(path)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert shown.content.startswith(b"\xff\xd8\xff")
        assert b"Exif" not in shown.content
        assert "no-store" in shown.headers["cache-control"]
        assert shown.headers["referrer-policy"] == "no-referrer"
        again = await client.get(path)
        assert (again.status_code, again.json()["code"]) == (404, "NOT_FOUND")
    opened = await db.fetch(
        "SELECT actor_id FROM audit_log WHERE action IN ('id_document.link_issued', 'id_document.opened')"
    )
    assert [row["actor_id"] for row in opened] == [agent.id] * 4
    assert (await audited()).count("id_document.opened") == 2


async def test_a_link_is_good_for_two_minutes_and_not_after_the_decision(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person)
    await drain()

    async def link() -> str:
        answer = await decide(client, agent, verification_id, "document-link")
        return "/api/id-documents/" + str(answer.json()["links"][0]["url"].rpartition("/")[2])

    late, after = await link(), await link()
    stays = await db.fetchval("SELECT max(expires_at) <= now() + interval '2 minutes' FROM id_document_links")
    assert stays is True
    await db.fetchval(
        "UPDATE id_document_links SET expires_at = now() WHERE id = (SELECT min(id::text)::uuid FROM id_document_links)"
    )
    assert (await client.get(late)).status_code == 404
    assert (await decide(client, agent, verification_id, "approve", READ)).status_code == 200
    await drain()
    assert (await client.get(after)).status_code == 404
    answer = await decide(client, agent, verification_id, "document-link")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("change", ["account_status = 'suspended'", "role = 'customer'"])
async def test_a_link_of_somebody_who_is_no_staff_any_more_shows_nothing(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, agent: SignedInPerson, change: str
) -> None:
    verification_id = await handed_in(client, person)
    answer = await decide(client, agent, verification_id, "document-link")
    await db.fetch(f"UPDATE users SET {change} WHERE id = $1", agent.id)
    shown = await client.get("/api/id-documents/" + answer.json()["links"][0]["url"].rpartition("/")[2])
    assert (shown.status_code, shown.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("token", ["nothing", "a" * 43, "a" * 5000, "%00", "..%2f..%2fetc"])
async def test_a_made_up_link_shows_nothing(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get(f"/api/id-documents/{token}")
    assert answer.status_code in {404, 422}
    assert "image" not in answer.headers["content-type"]


async def test_a_link_used_by_many_at_once_shows_one_picture(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson
) -> None:
    verification_id = await handed_in(client, person)
    answer = await decide(client, agent, verification_id, "document-link")
    path = "/api/id-documents/" + answer.json()["links"][0]["url"].rpartition("/")[2]
    answers = await asyncio.gather(*(client.get(path) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7


async def test_the_longest_waiting_comes_first_and_decided_ones_last(
    app: Application, client: httpx.AsyncClient, agent: SignedInPerson, drain: Drain
) -> None:
    people = [await signed_in(app, id_verified=False) for _ in range(3)]
    handed = [await handed_in(client, one) for one in people]
    await drain()
    assert (await decide(client, agent, handed[0], "reject", {"reason": "no"})).status_code == 200
    answer = await client.get("/api/admin/id-verifications", headers=agent.headers)
    assert [entry["id"] for entry in answer.json()["verifications"]] == [
        str(one) for one in (handed[1], handed[2], handed[0])
    ]
    assert (answer.json()["total"], answer.json()["hasMore"]) == (3, False)
    page = await client.get("/api/admin/id-verifications?limit=1&offset=1", headers=agent.headers)
    assert [entry["id"] for entry in page.json()["verifications"]] == [str(handed[2])]
    assert page.json()["hasMore"] is True


async def test_customers_and_drivers_see_nothing_of_it(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    verification_id = await handed_in(client, person)
    for role in (Role.CUSTOMER, Role.DRIVER):
        somebody = await signed_in(app, role)
        for how, body in (("approve", READ), ("reject", {"reason": "no"}), ("document-link", None)):
            answer = await decide(client, somebody, verification_id, how, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
        assert (await client.get("/api/admin/id-verifications", headers=somebody.headers)).status_code == 403
    stranger = await signed_in(app, id_verified=False)
    latest = await client.get("/api/users/id-verification", headers=stranger.headers)
    assert latest.json() == {"verification": None}


async def test_pictures_are_the_re_encoded_ones(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson
) -> None:
    verification_id = await handed_in(client, person)
    answer = await decide(client, agent, verification_id, "document-link")
    shown = await client.get("/api/id-documents/" + answer.json()["links"][0]["url"].rpartition("/")[2])
    assert shown.content != FRONT
