"""Papers shown to Jumio: opened by the door, moved on by callbacks and polls, and decided by what is fetched."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from factories.identity import SignedInPerson, mails_to, signed_in
from factories.news import failure_of
from faded_skies import bootstrap
from faded_skies.adapters.jumio.caller import Hosts, JumioDown
from faded_skies.bootstrap import Application
from faded_skies.domains.verification import service
from faded_skies.domains.verification.ports import Case, Consent, Reference, VendorVerifier, Verdict
from faded_skies.domains.verification.service import Judge
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id
from faded_skies.platform.networks import parse_networks
from faded_skies.platform.outbound import NetworkInsideTransactionError
from faded_skies.platform.settings import Settings
from peers.jumio import CLIENT, LICENCE, SECRET, JumioDouble
from servers import serving

FIELDS = {"documentType": "drivers_license", "consent": "true", "state": "tx"}


@dataclass
class Shop:
    """A shop whose papers are looked at by Jumio's double."""

    app: Application
    client: httpx.AsyncClient
    jumio: JumioDouble
    person: SignedInPerson

    async def begin(self, **changes: str) -> httpx.Response:
        files = {name: (None, value) for name, value in (FIELDS | changes).items()}
        return await self.client.post("/api/users/id-verification", headers=self.person.headers, files=files)

    async def latest(self) -> dict[str, Any]:
        answer = await self.client.get("/api/users/id-verification", headers=self.person.headers)
        told: dict[str, Any] = answer.json()["verification"]
        return told

    async def call_back(self, number: int = 0, **changes: Any) -> httpx.Response:
        case = self.jumio.cases[number]
        body = {
            "callbackSentAt": "2026-11-24T10:05:00.000Z",
            "workflowExecution": {
                "id": case.execution,
                "status": case.status,
                "href": "https://evil.example/",
            },
            "account": {"id": case.account, "href": "https://evil.example/"},
        } | changes
        return await self.client.post("/webhooks/jumio", json=body)

    async def process(self, decision: str, **changes: object) -> None:
        case = self.jumio.cases[-1]
        case.status, case.decision, case.extraction = "PROCESSED", decision, LICENCE | changes
        assert (await self.call_back(-1)).status_code == 200
        await self.app.worker.drain()


@pytest.fixture
async def shop(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    jumio = JumioDouble()
    at_jumio = {
        "id_verification": "jumio",
        "jumio_api_token": CLIENT,
        "jumio_api_secret": SecretStr(SECRET),
        "jumio_callback_addresses": parse_networks("127.0.0.1"),
    }
    async with serving(jumio.asgi()) as address:
        hosts = Hosts(f"{address}/auth", f"{address}/account", f"{address}/retrieval")
        # The vendor's hosts are no setting: a wrong one would get people's papers.
        monkeypatch.setattr(Hosts, "of", lambda _: hosts)
        async with bootstrap.application(settings.model_copy(update=at_jumio)) as app:
            transport = httpx.ASGITransport(app=app.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                person = await signed_in(app, id_verified=False)
                yield Shop(app, client, jumio, person)


async def test_the_person_is_sent_to_jumio_and_nothing_personal_goes_along(shop: Shop) -> None:
    answer = await shop.begin()
    assert answer.status_code == 202, answer.text
    told = answer.json()["verification"]
    (case,) = shop.jumio.cases
    assert told["redirectUrl"].endswith(case.execution)
    assert told["status"] == "processing"
    assert set(case.body) == {
        "customerInternalReference",
        "userReference",
        "workflowDefinition",
        "callbackUrl",
        "tokenLifetime",
        "web",
        "userConsent",
    }
    assert case.body["customerInternalReference"] == told["id"]
    consent = case.body["userConsent"]
    assert consent["userLocation"] == {"country": "USA", "state": "TX"}
    assert consent["consent"]["obtained"] == "yes"
    for personal in ("Maya", "Okafor", "1990", shop.person.email):
        assert personal not in str(case.body)
    assert case.execution not in str({key: told[key] for key in told if key != "redirectUrl"})
    stored = await shop.app.ports.db.fetchval("SELECT consent FROM id_verifications")
    assert stored["state"] == "TX"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"consent": "no"}, "consent"), ({"consent": ""}, "consent"), ({"state": "T1"}, "state")],
    ids=["refused", "left out", "no state"],
)
async def test_without_consent_nothing_is_asked(shop: Shop, changes: dict[str, str], field: str) -> None:
    answer = await shop.begin(**changes)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)
    assert shop.jumio.cases == []
    assert await shop.latest() is None


async def test_a_pass_that_fits_the_account_approves(shop: Shop) -> None:
    await shop.begin()
    await shop.process("PASSED")
    latest = await shop.latest()
    assert (latest["status"], "redirectUrl" in latest) == ("approved", False)
    row = await shop.app.ports.db.fetchrow(
        "SELECT id_verification_status AS status, id_expires_on::text AS until FROM users WHERE id = $1",
        shop.person.id,
    )
    assert row is not None
    assert (row["status"], row["until"]) == ("approved", LICENCE["expiryDate"])
    assert mails_to(shop.app, shop.person.email)[0].subject == "Your ID is verified"


@pytest.mark.parametrize(
    ("decision", "changes", "status"),
    [
        ("REJECTED", {}, "rejected"),
        ("WARNING", {}, "processing"),
        ("NOT_EXECUTED", {}, "processing"),
        ("SOMETHING_NEW", {}, "processing"),
        ("PASSED", {"dateOfBirth": "1990-05-18"}, "processing"),
        ("PASSED", {"lastName": "RIVERA"}, "processing"),
        ("PASSED", {"expiryDate": "2024-01-01"}, "processing"),
        ("PASSED", {"issuingCountry": "FRA", "state": None}, "processing"),
        ("PASSED", {"documentNumber": None}, "processing"),
        ("PASSED", {"dateOfBirth": "17 May 1990"}, "processing"),
    ],
    ids=[
        "rejected",
        "warning",
        "not executed",
        "unknown",
        "another birth date",
        "another name",
        "expired",
        "foreign",
        "no number",
        "odd date",
    ],
)
async def test_everything_else_is_rejected_or_for_staff(
    shop: Shop, decision: str, changes: dict[str, object], status: str
) -> None:
    await shop.begin()
    await shop.process(decision, **changes)
    assert (await shop.latest())["status"] == status
    profile = await shop.client.get("/api/users/profile", headers=shop.person.headers)
    assert profile.json()["user"]["idVerified"] is False
    agent = await signed_in(shop.app, Role.AGENT)
    queue = await shop.client.get("/api/admin/id-verifications", headers=agent.headers)
    (entry,) = queue.json()["verifications"]
    assert entry["findings"]["reasons"] != []
    if status == "processing":
        again = await shop.begin()
        assert (again.status_code, again.json()["code"]) == (409, "INVALID_STATE")


async def test_who_did_not_finish_in_time_may_begin_again(shop: Shop) -> None:
    await shop.begin()
    shop.jumio.cases[0].status = "TOKEN_EXPIRED"
    await shop.call_back()
    await shop.app.worker.drain()
    latest = await shop.latest()
    assert (latest["status"], latest["reason"]) == (
        "rejected",
        "The check was not finished in time. Start it again from your profile.",
    )
    assert (await shop.begin()).status_code == 202
    assert len(shop.jumio.cases) == 2


async def test_asking_again_while_it_is_open_leads_to_the_same_place(shop: Shop) -> None:
    first = (await shop.begin()).json()["verification"]
    assert (await shop.begin()).json()["verification"] == first
    assert len(shop.jumio.cases) == 1


async def test_a_lost_answer_is_asked_for_again(shop: Shop) -> None:
    shop.jumio.down = True
    answer = await shop.begin()
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    latest = await shop.latest()
    assert (latest["status"], "redirectUrl" in latest) == ("processing", False)
    shop.jumio.down = False
    told = (await shop.begin()).json()["verification"]
    assert told["id"] == latest["id"]
    assert told["redirectUrl"].endswith(shop.jumio.cases[0].execution)


async def test_two_at_once_keep_one_verification_and_one_case(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.begin() for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    db = shop.app.ports.db
    assert await db.fetchval("SELECT count(*) FROM id_verifications") == 1
    kept = await db.fetchval("SELECT vendor_execution_id FROM id_verifications")
    told = {answer.json()["verification"]["redirectUrl"] for answer in answers if answer.status_code == 202}
    assert told == {f"https://shop.web.amer-1.jumio.example/web/v4/app?token={kept}"}


async def test_a_callback_from_elsewhere_finds_nothing(settings: Settings, shop: Shop) -> None:
    await shop.begin()
    elsewhere = httpx.ASGITransport(app=shop.app.asgi, client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://test") as stranger:
        answer = await stranger.post(
            "/webhooks/jumio",
            json={
                "workflowExecution": {"id": "execution-0", "status": "PROCESSED"},
                "account": {"id": "account-0"},
            },
        )
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await shop.app.ports.db.fetchval("SELECT count(*) FROM webhook_events") == 0


async def test_without_jumio_there_is_no_such_door(app: Application, client: httpx.AsyncClient) -> None:
    body = {"workflowExecution": {"id": "e", "status": "PROCESSED"}, "account": {"id": "a"}}
    answer = await client.post("/webhooks/jumio", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_callback_is_believed_in_nothing(shop: Shop) -> None:
    """It says PROCESSED; what is fetched says that nobody has begun."""
    await shop.begin()
    answer = await shop.call_back(workflowExecution={"id": "execution-0", "status": "PROCESSED"})
    assert answer.json() == {"received": True}
    await shop.app.worker.drain()
    assert (await shop.latest())["status"] == "processing"
    answer = await shop.call_back(workflowExecution={"id": "of somebody else", "status": "PROCESSED"})
    assert answer.status_code == 200
    await shop.app.worker.drain()
    assert (
        await shop.app.ports.db.fetchval("SELECT count(*) FROM webhook_events WHERE handled_at IS NULL") == 0
    )


async def test_an_answer_for_another_case_decides_nothing(shop: Shop) -> None:
    await shop.begin()
    shop.jumio.cases[0].reference = str(new_id())
    await shop.process("PASSED")
    assert (await shop.latest())["status"] == "processing"


async def test_the_same_callback_many_times_and_late_decides_once(shop: Shop) -> None:
    await shop.begin()
    case = shop.jumio.cases[0]
    case.status, case.decision, case.extraction = "PROCESSED", "PASSED", LICENCE
    await asyncio.gather(*(shop.call_back() for _ in range(5)))
    await shop.call_back(callbackSentAt="2026-11-24T11:00:00.000Z")
    await shop.app.worker.drain()
    db = shop.app.ports.db
    assert await db.fetchval("SELECT count(*) FROM webhook_events") == 2
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'id_verification.approved'") == 1
    case.decision = "REJECTED"
    await shop.call_back(callbackSentAt="2026-11-24T12:00:00.000Z")
    await shop.app.worker.drain()
    assert (await shop.latest())["status"] == "approved"


async def test_a_lost_callback_is_made_up_for_by_asking(shop: Shop) -> None:
    await shop.begin()
    judge: Judge = shop.app.ports.get(Judge)
    db = shop.app.ports.db
    await service.poll_vendor(judge, now=clock.now())
    assert await db.fetchval("SELECT polls FROM id_verifications") == 0  # not due yet
    await db.fetchval("UPDATE id_verifications SET poll_after = now()")
    await service.poll_vendor(judge, now=clock.now())
    assert await db.fetchval("SELECT polls FROM id_verifications") == 1  # not through yet
    case = shop.jumio.cases[0]
    case.status, case.decision, case.extraction = "PROCESSED", "PASSED", LICENCE
    await db.fetchval("UPDATE id_verifications SET poll_after = now()")
    await service.poll_vendor(judge, now=clock.now())
    assert (await shop.latest())["status"] == "approved"


async def test_one_case_that_the_vendor_fails_for_does_not_hold_up_the_others(shop: Shop) -> None:
    await shop.begin()
    db = shop.app.ports.db
    first = shop.person
    shop.person = await signed_in(shop.app, id_verified=False)
    await shop.begin()
    # Forgotten at the vendor: every question about it fails from now on.
    await db.fetch("UPDATE id_verifications SET vendor_execution_id = 'gone' WHERE user_id = $1", first.id)
    await db.fetch(
        "UPDATE id_verifications SET poll_after = now() - CASE user_id WHEN $1 THEN interval '1 hour' ELSE '0' END",
        first.id,
    )
    case = shop.jumio.cases[1]
    case.status, case.decision, case.extraction = "PROCESSED", "PASSED", LICENCE
    now = clock.now()
    await service.poll_vendor(shop.app.ports.get(Judge), now=now)
    assert (await shop.latest())["status"] == "approved"
    row = await db.fetchrow("SELECT polls, poll_after FROM id_verifications WHERE user_id = $1", first.id)
    assert row is not None
    assert row["polls"] == 1
    assert row["poll_after"] > now


async def test_staff_cannot_approve_what_the_vendor_is_still_looking_at(shop: Shop) -> None:
    verification_id = (await shop.begin()).json()["verification"]["id"]
    agent = await signed_in(shop.app, Role.AGENT)
    answer = await shop.client.post(
        f"/api/admin/id-verifications/{verification_id}/approve", headers=agent.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert (await shop.latest())["status"] == "processing"


async def test_no_picture_is_ever_kept_when_jumio_looks(shop: Shop, settings: Settings) -> None:
    files = {name: (None, value) for name, value in FIELDS.items()}
    answer = await shop.client.post(
        "/api/users/id-verification",
        headers=shop.person.headers,
        files={**files, "idDocument": ("front.jpg", b"not even a picture", "image/jpeg")},
    )
    assert answer.status_code == 202
    assert await shop.app.ports.db.fetchval("SELECT count(*) FROM id_documents") == 0
    assert [path for path in (settings.data / "vault").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"workflowExecution": {"id": "x"}, "account": {"id": "y"}},
        {"workflowExecution": 1, "account": 2},
        {"workflowExecution": {"id": "x\x00", "status": "PROCESSED"}, "account": {"id": "y"}},
        [],
    ],
    ids=["empty", "no status", "numbers", "nul", "list"],
)
async def test_a_callback_that_is_none_is_refused(shop: Shop, body: object) -> None:
    answer = await shop.client.post("/webhooks/jumio", json=body)
    assert answer.status_code == 422


async def test_a_token_is_kept_for_its_hour_and_renewed_when_it_is_revoked(shop: Shop) -> None:
    vendor: VendorVerifier = shop.app.ports.get(VendorVerifier)
    consent = Consent(given_at=clock.now(), address="203.0.113.9", state="TX")
    references = [await vendor.open(new_id(), new_id(), consent) for _ in range(3)]
    assert len(shop.jumio.tokens) == 1
    shop.jumio.revoke()
    opinion = await vendor.judge(_case(references[0]))
    assert opinion.verdict is Verdict.DOUBTFUL  # the case was opened for another verification
    assert len(shop.jumio.tokens) == 2


async def test_nonsense_and_silence_are_told_as_such(shop: Shop) -> None:
    vendor: VendorVerifier = shop.app.ports.get(VendorVerifier)
    consent = Consent(given_at=clock.now(), address="203.0.113.9", state="TX")
    reference = await vendor.open(new_id(), new_id(), consent)
    assert failure_of("jumio") is None
    shop.jumio.nonsense = True
    with pytest.raises(JumioDown):
        await vendor.open(new_id(), new_id(), consent)
    assert failure_of("jumio") is not None
    with pytest.raises(JumioDown):
        await vendor.judge(_case(reference))
    shop.jumio.nonsense = False
    with pytest.raises(JumioDown):
        await vendor.judge(_case(Reference("account-0", "another", "")))


async def test_jumio_is_not_called_while_a_transaction_is_open(shop: Shop) -> None:
    vendor: VendorVerifier = shop.app.ports.get(VendorVerifier)
    async with shop.app.ports.db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await vendor.judge(_case(Reference("a", "b", "")))


def _case(reference: Reference) -> Case:
    return Case(UUID(int=1), UUID(int=2), clock.now().date(), reference=reference)
