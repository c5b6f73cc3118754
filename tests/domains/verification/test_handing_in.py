"""Handing in papers: what is taken, what is kept of it, and what the machine makes of the barcode."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from factories.identity import SignedInPerson, mails_to, signed_in
from factories.papers import card_back, front, photographed, saved
from factories.verification import FRONT, OWN_CARD, hand_in, handed_in
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.documents.ports import DocumentReader, Scan
from faded_skies.platform.settings import Settings

Drain = Callable[[], Awaitable[None]]
Stored = Callable[[], list[Path]]


async def status_of(client: httpx.AsyncClient, person: SignedInPerson) -> tuple[bool, str]:
    user = (await client.get("/api/users/profile", headers=person.headers)).json()["user"]
    return user["idVerified"], user["idVerificationStatus"]


async def entry_of(
    client: httpx.AsyncClient, agent: SignedInPerson, verification_id: object
) -> dict[str, object]:
    answer = await client.get("/api/admin/id-verifications", headers=agent.headers)
    found: list[dict[str, object]] = answer.json()["verifications"]
    return next(entry for entry in found if entry["id"] == str(verification_id))


@asynccontextmanager
async def shop_that(
    settings: Settings, **changes: object
) -> AsyncIterator[tuple[Application, httpx.AsyncClient]]:
    """A shop with other settings."""
    async with bootstrap.application(settings.model_copy(update=changes)) as app:
        transport = httpx.ASGITransport(app=app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield app, client


async def test_before_anything_is_handed_in(client: httpx.AsyncClient, person: SignedInPerson) -> None:
    answer = await client.get("/api/users/id-verification", headers=person.headers)
    assert (answer.status_code, answer.json()) == (200, {"verification": None})
    assert await status_of(client, person) == (False, "pending")


async def test_papers_are_taken_and_shown_without_a_link(
    client: httpx.AsyncClient, person: SignedInPerson, stored: Stored
) -> None:
    answer = await hand_in(client, person, back=saved(card_back(OWN_CARD)))
    assert answer.status_code == 202
    told = answer.json()["verification"]
    assert set(told) == {"id", "status", "documentType", "reason", "createdAt"}
    assert (told["status"], told["documentType"], told["reason"]) == ("processing", "drivers_license", None)
    latest = await client.get("/api/users/id-verification", headers=person.headers)
    assert latest.json()["verification"] == told
    assert await status_of(client, person) == (False, "processing")
    assert len(stored()) == 2


async def test_what_lies_in_the_store_is_sealed_each_with_its_own_key(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    await hand_in(client, person, back=FRONT)
    first, second = (path.read_bytes() for path in stored())
    for sealed in (first, second):
        assert b"\xff\xd8\xff" not in sealed
        assert b"JFIF" not in sealed
    assert first != second
    keys = [row["wrapped_key"] for row in await db.fetch("SELECT wrapped_key FROM id_documents")]
    assert len(set(keys)) == 2


async def test_a_barcode_fills_in_the_review_and_decides_nothing(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person, OWN_CARD)
    assert (await entry_of(client, agent, verification_id))["findings"] is None
    await drain()
    entry = await entry_of(client, agent, verification_id)
    assert entry["findings"] == {
        "read": True,
        "birthDateEqual": True,
        "name": "same",
        "validity": "valid",
        "ofAge": True,
        "american": True,
        "reasons": [],
    }
    assert (entry["status"], entry["numberKnown"], entry["issuer"]) == ("processing", True, "TX")
    assert (entry["expiresOn"], entry["sides"]) == (OWN_CARD.expires, ["front", "back"])
    assert await status_of(client, person) == (False, "processing")
    for table in ("id_verifications", "id_documents", "document_holders", "audit_log", "pgqueuer"):
        rows = await db.fetch(f"SELECT t::text AS line FROM {table} t")
        assert not [row for row in rows if OWN_CARD.number in row["line"]], table


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"born": "1990-05-18"}, "The birth date on the licence is not the one of the account."),
        ({"family": "RIVERA"}, "The name on the licence is not the one of the account."),
        ({"expires": "2024-01-01", "issued": "2020-01-01"}, "The licence expired on 2024-01-01."),
        (
            {"country": "CAN", "state": "ON", "iin": "636012"},
            "The licence was not issued in the United States.",
        ),
    ],
    ids=["birth date", "name", "expired", "country"],
)
async def test_each_doubt_is_told_to_staff_and_never_approved_by_a_machine(
    settings: Settings, changes: dict[str, str], doubt: str
) -> None:
    async with shop_that(settings, id_verification="barcode_decides") as (app, client):
        person = await signed_in(app, id_verified=False)
        agent = await signed_in(app, Role.AGENT)
        verification_id = await handed_in(client, person, OWN_CARD.but(**changes))
        await app.worker.drain()
        entry = await entry_of(client, agent, verification_id)
        assert entry["status"] == "processing"
        findings = entry["findings"]
        assert isinstance(findings, dict)
        assert findings["reasons"] == [doubt]
        assert await status_of(client, person) == (False, "processing")


async def test_who_fits_in_everything_is_approved_where_the_shop_lets_the_barcode_decide(
    settings: Settings, db: Database, stored: Stored
) -> None:
    async with shop_that(settings, id_verification="barcode_decides") as (app, client):
        person = await signed_in(app, id_verified=False)
        verification_id = await handed_in(client, person, OWN_CARD)
        await app.worker.drain()
        assert await status_of(client, person) == (True, "approved")
        expires = await db.fetchval("SELECT id_expires_on FROM users WHERE id = $1", person.id)
        assert expires.isoformat() == OWN_CARD.expires
        assert stored() == []
        assert await db.fetchval("SELECT count(*) FROM id_documents WHERE wrapped_key IS NOT NULL") == 0
        row = await db.fetchrow(
            "SELECT decided_by, status FROM id_verifications WHERE id = $1", verification_id
        )
        assert row is not None
        assert (row["decided_by"], row["status"]) == (None, "approved")
        mail = mails_to(app, person.email)[0]
        assert mail.subject == "Your ID is verified"


async def test_a_review_by_staff_alone_reads_no_barcode(settings: Settings) -> None:
    async with shop_that(settings, id_verification="review") as (app, client):
        person = await signed_in(app, id_verified=False)
        agent = await signed_in(app, Role.AGENT)
        verification_id = await handed_in(client, person, OWN_CARD)
        await app.worker.drain()
        entry = await entry_of(client, agent, verification_id)
        assert (entry["findings"], entry["numberKnown"]) == ({"read": False, "reasons": []}, False)


async def test_a_photo_without_a_barcode_says_so(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    verification_id = await handed_in(client, person)
    await drain()
    entry = await entry_of(client, agent, verification_id)
    assert entry["findings"] == {
        "read": False,
        "reasons": ["No barcode of a licence can be read in the pictures."],
    }


async def test_a_photo_of_a_card_on_a_table_is_read(
    client: httpx.AsyncClient, person: SignedInPerson, agent: SignedInPerson, drain: Drain
) -> None:
    back = saved(photographed(card_back(OWN_CARD), turned=7))
    answer = await hand_in(client, person, back=back)
    await drain()
    entry = await entry_of(client, agent, answer.json()["verification"]["id"])
    assert isinstance(entry["findings"], dict)
    assert (entry["findings"]["read"], entry["findings"]["reasons"]) == (True, [])


@pytest.mark.parametrize(
    ("picture", "status", "code"),
    [
        (b"<html><script>alert(1)</script></html>", 415, "UNSUPPORTED_FILE_TYPE"),
        (b"PK\x03\x04" + bytes(2000), 415, "UNSUPPORTED_FILE_TYPE"),
        (FRONT[: len(FRONT) // 2], 422, "UNREADABLE_DOCUMENT"),
        (saved(front((100, 60))), 422, "UNREADABLE_DOCUMENT"),
        (bytes(10 * 1024 * 1024 + 1), 413, "FILE_TOO_LARGE"),
    ],
    ids=["web page", "archive", "half a photo", "tiny", "too large"],
)
async def test_what_is_no_paper_is_refused_and_nothing_is_kept(
    client: httpx.AsyncClient,
    db: Database,
    person: SignedInPerson,
    stored: Stored,
    picture: bytes,
    status: int,
    code: str,
) -> None:
    answer = await hand_in(client, person, front_picture=picture)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = await hand_in(client, person, back=picture)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stored() == []
    assert await db.fetchval("SELECT count(*) FROM id_verifications") == 0
    assert await status_of(client, person) == (False, "pending")


async def test_fields_are_checked_each_with_its_message(
    client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    answer = await hand_in(client, person, document_type="library_card")
    assert (answer.status_code, answer.json()["details"]) == (
        422,
        [{"field": "documentType", "message": "Choose one of drivers_license, state_id, passport."}],
    )
    answer = await client.post(
        "/api/users/id-verification",
        headers=person.headers,
        data={"documentType": "passport"},
        files={"idDocumentBack": ("b.jpg", FRONT, "image/jpeg")},
    )
    assert (answer.status_code, answer.json()["details"]) == (
        422,
        [{"field": "idDocument", "message": "Add a photo of the front of your document."}],
    )
    answer = await hand_in(client, person, colour="green")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "colour")
    answer = await client.post(
        "/api/users/id-verification", headers=person.headers, json={"documentType": "passport"}
    )
    assert answer.status_code == 415


async def test_a_second_time_waits_for_the_first(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    await handed_in(client, person)
    answer = await hand_in(client, person)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert (len(stored()), await db.fetchval("SELECT count(*) FROM id_documents")) == (1, 1)


async def test_two_at_once_leave_one_and_no_lost_picture(
    client: httpx.AsyncClient, db: Database, person: SignedInPerson, stored: Stored
) -> None:
    answers = await asyncio.gather(*(hand_in(client, person) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert await db.fetchval("SELECT count(*) FROM id_verifications") == 1
    names = [row["id"] for row in await db.fetch("SELECT id FROM id_documents")]
    assert [path.name for path in stored()] == [str(name) for name in names]


async def test_who_is_verified_need_not_again_until_it_nearly_expires(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    answer = await hand_in(client, person)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    await db.fetchval("UPDATE users SET id_expires_on = current_date + 20")
    assert (await hand_in(client, person)).status_code == 202
    assert await status_of(client, person) == (True, "approved")  # the old one still counts


async def test_one_person_cannot_take_every_place_for_uploads(
    app: Application, client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    """A slow upload holds one of six places for two minutes; a second one of the same person gets none."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="idDocument"\r\n\r\n'
        begun.set()
        await go_on.wait()
        yield b"A\r\n--x--\r\n"

    headers = person.headers | {"Content-Type": "multipart/form-data; boundary=x"}
    first = asyncio.create_task(client.post("/api/users/id-verification", headers=headers, content=slowly()))
    await begun.wait()
    second = await hand_in(client, person)
    of_another = await hand_in(client, await signed_in(app, id_verified=False))
    go_on.set()
    assert (second.status_code, second.json()["code"]) == (409, "INVALID_STATE")
    assert of_another.status_code == 202
    assert (await first).status_code == 422
    assert (await hand_in(client, person)).status_code == 202


@pytest.mark.parametrize(
    ("meanwhile", "status"),
    [
        ("id_verification_status = 'approved'", 409),
        ("account_status = 'suspended'", 403),
        ("account_status = 'closed'", 403),
    ],
    ids=["approved", "suspended", "closed"],
)
async def test_what_happened_while_the_upload_was_read_counts(
    app: Application,
    client: httpx.AsyncClient,
    person: SignedInPerson,
    db: Database,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
    status: int,
) -> None:
    reader = app.ports.get(DocumentReader)
    read = reader.read

    async def slowly(body: bytes) -> Scan:
        await db.fetch(f"UPDATE users SET {meanwhile} WHERE id = $1", person.id)
        scan: Scan = await read(body)
        return scan

    monkeypatch.setattr(reader, "read", slowly)
    assert (await hand_in(client, person)).status_code == status
    assert stored() == []
    assert await db.fetchval("SELECT count(*) FROM id_verifications") == 0


async def test_eleven_uploads_within_an_hour_are_too_many(
    client: httpx.AsyncClient, person: SignedInPerson
) -> None:
    for _ in range(10):
        assert (await hand_in(client, person, front_picture=b"no picture")).status_code == 415
    answer = await hand_in(client, person)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")


async def test_the_database_takes_no_second_open_verification(db: Database, person: SignedInPerson) -> None:
    insert = (
        "INSERT INTO id_verifications (id, user_id, document_type) VALUES (gen_random_uuid(), $1, 'passport')"
    )
    await db.fetch(insert, person.id)
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.fetch(insert, person.id)
