"""Leaving: what is erased, what stays and why, and what stands against it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from factories.delivery import make_order
from factories.identity import PASSWORD, mails_to, registration, sign_in, signed_in
from factories.payments import card_gateway
from factories.privacy import DEVICE, NOTE, PHONE, STREET, close, live, tables_with
from factories.second_factor import enrol
from factories.shop import give_coins, make_shopper
from factories.verification import OWN_CARD, handed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.domains.payments import service as payments
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.privacy import closing

Drain = Callable[[], Awaitable[None]]


async def test_nothing_is_left_but_what_must_stay(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    life = await live(app, client, drain)
    second = await sign_in(client, life.shopper.email)
    for words in (life.shopper.email, PHONE, STREET, DEVICE, NOTE, "Rosalind", "Soft evening"):
        assert await tables_with(db, words), words

    answer = await close(client, life.shopper.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    for headers in (life.shopper.headers, second.headers):
        refused = await client.get("/api/users/profile", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_TOKEN")
    renewed = await client.post("/api/auth/refresh-token", json={"refreshToken": second.refresh_token})
    assert renewed.status_code == 401
    await drain()

    for words in (life.shopper.email, DEVICE, NOTE, "Soft evening", "Written by"):
        assert await tables_with(db, words) == set(), words
    # The staff's and the driver's phones are the factory's too.
    assert await db.fetchval("SELECT phone FROM users WHERE id = $1", life.shopper.id) is None
    # A sale and its manifest say where it went, the sale who took it; of the cancelled order nothing of it is left.
    assert await tables_with(db, STREET) == {"manifests", "orders"}
    assert await tables_with(db, "Rosalind") == {"users"}
    kept, gone = [
        (await db.fetchval("SELECT delivery_address FROM orders WHERE id = $1", UUID(order_id)))
        for order_id in (life.delivered, life.cancelled)
    ]
    assert (kept["addressLine1"], kept["deliveryInstructions"]) == (STREET, None)
    assert (gone["addressLine1"], gone["latitude"], gone["city"]) == ("Erased", None, "Austin")
    assert await db.fetchval("SELECT count(*) FROM handovers") == 1
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", life.shopper.id) == 0
    assert await db.fetchval("SELECT count(*) FROM product_reviews") == 0
    product = await db.fetchrow(
        "SELECT rating_sum, review_count FROM products WHERE id = $1", life.product_id
    )
    assert tuple(product or ()) == (0, 0)
    assert await app.ports.valkey.exists(f"cart:{life.shopper.id}") == 0
    person = await db.fetchrow("SELECT * FROM users WHERE id = $1", life.shopper.id)
    assert person is not None
    assert (person["account_status"], person["password_hash"]) == ("closed", None)
    assert person["email"] == f"closed-{life.shopper.id}@closed.invalid"
    assert person["date_of_birth"].isoformat() == "1990-05-17"


async def test_who_never_received_anything_leaves_without_a_name(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app, full_name="Rosalind Achterberg")
    assert (await close(client, person.headers)).status_code == 204
    await drain()
    assert await tables_with(db, "Rosalind") == set()
    assert await tables_with(db, "1990-05-17") == set()
    assert await db.fetchval("SELECT full_name FROM users WHERE id = $1", person.id) == "Closed account"


async def test_the_books_stay(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    life = await live(app, client, drain)
    books = (
        "orders",
        "order_items",
        "order_tracking",
        "handovers",
        "payment_intents",
        "refunds",
        "stock_movements",
    )
    counts = {name: await db.fetchval(f"SELECT count(*) FROM {name}") for name in books}
    audited = await db.fetchval("SELECT count(*) FROM audit_log")
    assert (await close(client, life.shopper.headers)).status_code == 204
    await drain()
    assert {name: await db.fetchval(f"SELECT count(*) FROM {name}") for name in books} == counts
    assert await db.fetchval("SELECT count(*) FROM audit_log") > audited
    entries = await db.fetch("SELECT type, amount FROM rewards_transactions ORDER BY created_at, id")
    assert [tuple(entry) for entry in entries] == [("granted", 250), ("earned", 54), ("expired", -304)]
    assert await db.fetchval("SELECT balance FROM rewards_accounts") == 0
    closed = await db.fetchrow("SELECT actor_id, object_id FROM audit_log WHERE action = 'account.closed'")
    assert tuple(closed or ()) == (life.shopper.id, life.shopper.id)


async def test_the_gateway_forgets_the_cards(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    shopper = await make_shopper(app, client)
    external_id = await db.fetchval("SELECT external_id FROM payment_methods WHERE type = 'card'")
    gateway = card_gateway(app)
    customer = await payments.get_customer(db, gateway, shopper.id)
    assert len(await gateway.list_methods(customer)) == 1
    assert (await close(client, shopper.headers)).status_code == 204
    assert len(await gateway.list_methods(customer)) == 1
    await drain()
    assert await gateway.list_methods(customer) == []
    assert await db.fetchval("SELECT count(*) FROM gateway_customers") == 0
    left = await db.fetch("SELECT type, external_id, last_four, card_brand, is_active FROM payment_methods")
    assert {(row["last_four"], row["card_brand"], row["is_active"]) for row in left} == {(None, None, False)}
    assert await tables_with(db, external_id) <= {"pgqueuer_log"}


async def test_the_person_may_come_back_as_somebody_new(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    given = registration()
    first = (await client.post("/api/auth/register", json=given)).json()
    headers = {"Authorization": f"Bearer {first['accessToken']}"}
    assert (await close(client, headers)).status_code == 204
    old = await client.post("/api/auth/login", json={"email": given["email"], "password": PASSWORD})
    assert (old.status_code, old.json()["code"]) == (401, "INVALID_CREDENTIALS")
    again = await client.post("/api/auth/register", json=given)
    assert again.status_code == 201
    assert again.json()["user"]["id"] != first["user"]["id"]
    await drain()
    subjects = sorted(mail.subject for mail in mails_to(app, str(given["email"])))
    # The first welcome was waiting to be sent when the account was closed: it is not sent any more.
    assert subjects == ["Welcome to Faded Skies", "Your account is closed"]


async def test_a_link_mailed_before_opens_nothing(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    await client.post("/api/auth/forgot-password", json={"email": person.email})
    assert (await close(client, person.headers)).status_code == 204
    await drain()
    assert [mail.subject for mail in mails_to(app, person.email)] == ["Your account is closed"]
    assert await db.fetchval("SELECT count(*) FROM messages WHERE content ->> 'to' IS NOT NULL") == 0


async def test_it_asks_for_the_password_once_more(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    for password in ("Wrong-Skies-42!", None):
        answer = await close(client, person.headers, password)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "password")
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200


async def test_who_has_no_password_must_have_just_signed_in(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await db.fetchval("UPDATE users SET password_hash = NULL WHERE id = $1", person.id)
    await db.fetchval("UPDATE sessions SET created_at = now() - interval '5 minutes 1 second'")
    answer = await close(client, person.headers, None)
    assert (answer.status_code, answer.json()["code"]) == (403, "FRESH_SIGN_IN_REQUIRED")
    await db.fetchval("UPDATE sessions SET created_at = now() - interval '4 minutes'")
    assert (await close(client, person.headers, None)).status_code == 204


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.PREPARING, Status.OUT_FOR_DELIVERY])
async def test_an_order_that_is_not_over_is_named(
    app: Application, client: httpx.AsyncClient, db: Database, status: Status
) -> None:
    person = await signed_in(app)
    driver = await signed_in(app, Role.DRIVER)
    await make_order(app, person.id, status=status, driver_id=driver.id)
    number = await db.fetchval("SELECT order_number FROM orders")
    answer = await close(client, person.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert answer.json()["orderNumbers"] == [number]
    assert number in answer.json()["error"]
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200
    # The driver who has it cannot leave either.
    answer = await close(client, driver.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")


async def test_the_last_admin_stays(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    admin = await signed_in(app, Role.ADMIN, full_name="Ines Marlow")
    answer = await close(client, admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert "last admin" in answer.json()["error"]
    await signed_in(app, Role.ADMIN)
    assert (await close(client, admin.headers)).status_code == 204
    # Who of the staff did what must stay known.
    assert await db.fetchval("SELECT full_name FROM users WHERE id = $1", admin.id) == "Ines Marlow"


async def test_a_suspended_person_cannot_leave(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await db.fetchval("UPDATE users SET account_status = 'suspended' WHERE id = $1", person.id)
    assert (await close(client, person.headers)).status_code == 401
    assert await db.fetchval("SELECT email FROM users WHERE id = $1", person.id) == person.email


async def test_what_a_late_request_wrote_is_erased_by_the_sweep(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await make_shopper(app, client)
    assert (await close(client, person.headers)).status_code == 204
    await drain()
    # As a request does that was let in before and commits after.
    late = "INSERT INTO device_tokens (token_hash, token, user_id) VALUES (sha256('x'), $2, $1)"
    await db.fetchval(late, person.id, DEVICE)
    await give_coins(app, person, 10)
    await closing.sweep(db, since=clock.now() - timedelta(days=3))
    assert await tables_with(db, DEVICE) == set()
    assert await db.fetchval("SELECT balance FROM rewards_accounts WHERE user_id = $1", person.id) == 0
    before = await db.fetch("SELECT * FROM users ORDER BY id")
    await closing.sweep(db, since=clock.now() - timedelta(days=3))
    assert await db.fetch("SELECT * FROM users ORDER BY id") == before
    assert await db.fetchval("SELECT count(*) FROM rewards_transactions WHERE type = 'expired'") == 1


async def test_guessing_the_password_is_limited(
    app: Application, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    app.ports.settings = app.ports.settings.model_copy(update={"rate_limit_auth_max": 3})
    answers = [await close(client, person.headers, "Wrong-Skies-42!") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert (await close(client, person.headers)).status_code == 429
    assert (await close(client, other.headers)).status_code == 204


async def test_who_has_a_second_factor_gives_a_code_too(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    phone = await enrol(client, person)
    for code in ({}, {"code": "000000"}):
        answer = await client.request(
            "DELETE", "/api/users/me", json={"password": PASSWORD, **code}, headers=person.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_MFA_CODE")
    body = {"password": PASSWORD, "code": phone.code(1)}
    answer = await client.request("DELETE", "/api/users/me", json=body, headers=person.headers)
    assert answer.status_code == 204, answer.text
    refused = await app.ports.db.fetchval(
        "SELECT count(*) FROM audit_log WHERE action = 'second_factor.code_refused'"
    )
    assert refused == 2
    for table in ("second_factors", "recovery_codes", "sessions"):
        assert await app.ports.db.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_papers_that_were_handed_in_are_looked_at_by_nobody_any_more(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    judged, waiting = [await signed_in(app, id_verified=False) for _ in range(2)]
    await handed_in(client, judged, OWN_CARD)
    await drain()
    await handed_in(client, waiting)
    for person in (judged, waiting):
        assert (await close(client, person.headers)).status_code == 204
    await drain()
    kept = await db.fetch("SELECT wrapped_key FROM id_documents")
    assert len(kept) == 3
    assert {row["wrapped_key"] for row in kept} == {None}
    left = await db.fetch("SELECT status, reason, document_number_hash FROM id_verifications")
    assert {tuple(row) for row in left} == {("rejected", "The account was closed.", None)}
    assert await db.fetchval("SELECT count(*) FROM document_holders") == 0
