"""Pictures that go with messages: made anew, sealed, and seen by those of the ticket only."""

import io
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image

from factories.identity import SignedInPerson, signed_in
from factories.papers import RED_PAGE, corners, front, pdf_of, png_that_says, saved
from factories.privacy import close
from factories.support import desk_of, messages_of, open_ticket, write
from factories.verification import FRONT
from faded_skies.bootstrap import Application
from faded_skies.domains.support import service
from faded_skies.domains.support.endpoints import tickets, uploads
from faded_skies.domains.verification import service as verification
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings

Drain = Callable[[], Awaitable[None]]
Stored = Callable[[], list[Path]]


@pytest.fixture
def stored(settings: Settings) -> Stored:
    """Return the files of conversations in the store."""
    return lambda: [path for path in (settings.data / "vault" / "support").rglob("*") if path.is_file()]


async def send(client: httpx.AsyncClient, person: SignedInPerson, body: bytes = FRONT) -> httpx.Response:
    files = {"file": ("jar.jpg", body, "image/jpeg")}
    return await client.post("/api/support/uploads", files=files, headers=person.headers)


async def uploaded(client: httpx.AsyncClient, person: SignedInPerson, body: bytes = FRONT) -> str:
    answer = await send(client, person, body)
    assert answer.status_code == 201, answer.text
    upload_id: str = answer.json()["upload"]["id"]
    return upload_id


async def see(client: httpx.AsyncClient, person: SignedInPerson, upload_id: object) -> httpx.Response:
    return await client.get(f"/api/support/uploads/{upload_id}", headers=person.headers)


async def test_a_picture_is_made_anew_and_lies_sealed(
    client: httpx.AsyncClient, customer: SignedInPerson, stored: Stored
) -> None:
    exif = Image.Exif()
    exif[0x9286] = "SECRET PLACE"
    trailing = b"PK\x03\x04 a ZIP behind it"
    body = saved(front(), exif=exif.tobytes()) + trailing
    upload_id = await uploaded(client, customer, body)
    [file] = stored()
    assert file.name == upload_id
    sealed = file.read_bytes()
    assert b"JFIF" not in sealed
    assert trailing not in sealed
    shown = await see(client, customer, upload_id)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cache-control"] == "no-store, private"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert b"SECRET PLACE" not in shown.content
    assert trailing not in shown.content
    assert corners(Image.open(io.BytesIO(shown.content)))[:2] == ["red", "green"]


HOSTILE: list[tuple[bytes, int, str]] = [
    (b"GIF89a" + b"x" * 500, 415, "UNSUPPORTED_FILE_TYPE"),
    (b"<html><script>alert(1)</script></html>", 415, "UNSUPPORTED_FILE_TYPE"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "UNSUPPORTED_FILE_TYPE"),
    (b"\xff\xd8\xff" + b"nonsense" * 100, 422, "UNREADABLE_DOCUMENT"),
    (FRONT[: len(FRONT) // 3], 422, "UNREADABLE_DOCUMENT"),
    (png_that_says(60_000, 60_000), 413, "FILE_TOO_LARGE"),
    (pdf_of([RED_PAGE] * 3), 422, "UNREADABLE_DOCUMENT"),
    (saved(front((120, 90))), 422, "UNREADABLE_DOCUMENT"),
    (b"\xff\xd8\xff" + b"\x00" * (10 * 1024 * 1024), 413, "FILE_TOO_LARGE"),
    (b"", 422, "VALIDATION_ERROR"),
]


async def test_hostile_files_are_refused_and_leave_nothing(
    client: httpx.AsyncClient, db: Database, customer: SignedInPerson, stored: Stored
) -> None:
    for body, status, code in HOSTILE:
        answer = await send(client, customer, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body[:20]
    assert stored() == []
    assert await db.fetchval("SELECT count(*) FROM support_uploads") == 0


async def test_tickets_and_pictures_are_limited_by_the_hour(
    client: httpx.AsyncClient, customer: SignedInPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "MOST_TICKETS", 1)
    monkeypatch.setattr(uploads, "MOST_UPLOADS", 1)
    body = {"subject": "Again", "message": "And again."}
    opened = [
        await client.post("/api/support/tickets", json=body, headers=customer.headers) for _ in range(3)
    ]
    sent = [await send(client, customer) for _ in range(3)]
    for answers in (opened, sent):
        assert answers[0].status_code == 201
        assert 429 in {answer.status_code for answer in answers}  # a new hour may have begun in between
        assert {answer.json().get("code", "RATE_LIMITED") for answer in answers} == {"RATE_LIMITED"}


async def test_a_pdf_becomes_a_picture(client: httpx.AsyncClient, customer: SignedInPerson) -> None:
    shown = await see(client, customer, await uploaded(client, customer, pdf_of([RED_PAGE])))
    assert shown.content.startswith(b"\xff\xd8\xff")


async def test_a_picture_is_seen_by_those_of_its_ticket_only(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson, agent: SignedInPerson
) -> None:
    ticket, stranger = await open_ticket(client, customer), await signed_in(app)
    admin = await signed_in(app, Role.ADMIN)
    mine, theirs = await uploaded(client, customer), await uploaded(client, agent)
    absent = await see(client, customer, new_id())
    assert (absent.status_code, absent.json()["code"]) == (404, "NOT_FOUND")
    for person, upload_id in ((agent, mine), (customer, theirs), (stranger, mine), (admin, mine)):
        hidden = await see(client, person, upload_id)
        assert (hidden.status_code, hidden.json()) == (404, absent.json())

    message = await write(client, customer, ticket, "See.", attachments=[mine])
    assert message["attachments"] == [mine]
    await write(client, agent, ticket, "And see this.", attachments=[theirs])
    told = await messages_of(client, customer, ticket)
    assert [one["attachments"] for one in told] == [[], [mine], [theirs]]
    for person in (customer, agent, admin):
        for upload_id in (mine, theirs):
            assert (await see(client, person, upload_id)).status_code == 200
    driver = await signed_in(app, Role.DRIVER)
    for person in (stranger, driver):
        assert (await see(client, person, mine)).json() == absent.json()


async def test_a_picture_goes_with_one_message_of_its_own_sender(
    app: Application, client: httpx.AsyncClient, customer: SignedInPerson
) -> None:
    stranger = await signed_in(app)
    ticket, theirs = await open_ticket(client, customer), await uploaded(client, stranger)
    sent = await uploaded(client, customer)
    await write(client, customer, ticket, "See.", attachments=[sent])
    fresh = await uploaded(client, customer)
    for wrong in (theirs, sent, str(new_id())):
        answer = await client.post(
            f"/api/support/tickets/{ticket['id']}/messages",
            json={"message": "See.", "attachments": [fresh, wrong]},
            headers=customer.headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
        assert answer.json()["details"][0]["field"] == "attachments"
    assert len(await messages_of(client, customer, ticket)) == 2
    await write(client, customer, ticket, "See.", attachments=[fresh])
    assert (await see(client, stranger, theirs)).status_code == 200


async def test_what_no_message_takes_within_a_day_is_deleted(
    app: Application, client: httpx.AsyncClient, db: Database, customer: SignedInPerson, stored: Stored
) -> None:
    ticket, desk = await open_ticket(client, customer), desk_of(app)
    sent, unsent, fresh = [await uploaded(client, customer) for _ in range(3)]
    await write(client, customer, ticket, "See.", attachments=[sent])
    aged = "UPDATE support_uploads SET created_at = created_at - interval '24 hours 1 minute' WHERE id <> $1"
    await db.fetch(aged, fresh)
    assert await service.tidy(db, desk.pictures) == 1
    assert {path.name for path in stored()} == {sent, fresh}
    assert (await see(client, customer, unsent)).status_code == 404
    assert (await see(client, customer, sent)).status_code == 200
    assert await service.tidy(db, desk.pictures) == 0


async def test_the_sweep_takes_what_no_row_has_the_key_to(
    app: Application, client: httpx.AsyncClient, db: Database, customer: SignedInPerson, stored: Stored
) -> None:
    kept, desk = await uploaded(client, customer), desk_of(app)
    await desk.pictures.put(FRONT)
    assert len(stored()) == 2
    assert await service.sweep(db, desk.pictures, now=clock.now()) == 0  # it might be an upload under way
    for path in stored():
        os.utime(path, (0, 0))
    assert await service.sweep(db, desk.pictures, now=clock.now()) == 1
    assert [path.name for path in stored()] == [kept]


async def test_identity_papers_and_conversations_sweep_apart(
    app: Application, client: httpx.AsyncClient, db: Database, customer: SignedInPerson, stored: Stored
) -> None:
    vault: verification.Vault = app.ports.get(verification.Vault)
    await uploaded(client, customer)
    for path in stored():
        os.utime(path, (0, 0))
    assert await verification.sweep(db, vault, now=clock.now()) == 0
    assert len(stored()) == 1


async def test_with_the_account_its_conversations_and_pictures_go(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    customer: SignedInPerson,
    agent: SignedInPerson,
    drain: Drain,
    stored: Stored,
) -> None:
    ticket, other = await open_ticket(client, customer), await signed_in(app)
    theirs = await open_ticket(client, other)
    await write(client, customer, ticket, "See.", attachments=[await uploaded(client, customer)])
    await write(client, agent, ticket, "And this.", attachments=[await uploaded(client, agent)])
    await uploaded(client, customer)
    exported = (await client.get("/api/users/me/export", headers=customer.headers)).json()
    [held] = exported["supportTickets"]
    assert [one["message"] for one in held["messages"]] == ["Only one of two came.", "See.", "And this."]
    assert len(exported["supportUploads"]) == 2

    assert (await close(client, customer.headers)).status_code == 204
    await drain()
    assert [row["id"] for row in await db.fetch("SELECT id::text FROM support_tickets")] == [theirs["id"]]
    assert await db.fetchval("SELECT count(*) FROM support_messages") == 1
    assert await db.fetchval("SELECT count(*) FROM support_uploads WHERE wrapped_key IS NOT NULL") == 0
    for path in stored():
        os.utime(path, (0, 0))
    assert await service.sweep(db, desk_of(app).pictures, now=clock.now()) == 3
    assert stored() == []
