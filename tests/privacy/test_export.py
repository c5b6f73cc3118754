"""What is held on a person, taken out by themselves."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from factories.delivery import position
from factories.identity import SignedInPerson, signed_in
from factories.privacy import DEVICE, NOTE, PHONE, SAID, STREET, live
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.privacy import exporting

Drain = Callable[[], Awaitable[None]]

EXPORTED = {
    "analytics_consents.user_id": "analyticsConsents",
    "analytics_events.user_id": "analyticsEvents",
    "assignment_refusals.driver_id": "driverRefusals",
    "cash_drawers.driver_id": "driverDrawers",
    "delivery_addresses.user_id": "addresses",
    "dispatch_decisions.driver_id": "driverDispatches",
    "driver_locations.driver_id": "driverPositions",
    "driver_papers.driver_id": "driverPapers",
    "driver_profiles.driver_id": "driverProfile",
    "driver_shifts.driver_id": "driverShifts",
    "audit_log.actor_id": "activity",
    "device_tokens.user_id": "devices",
    "id_verifications.user_id": "idVerifications",
    "identities.user_id": "identities",
    "invitations.accepted_by": "invitations",
    "mailed_tokens.user_id": "mailedLinks",
    "messages.user_id": "messages",
    "notices.user_id": "notifications",
    "notification_choices.user_id": "notificationChoices",
    "orders.user_id": "orders",
    "passkeys.user_id": "passkeys",
    "payment_intents.user_id": "payments",
    "payment_methods.user_id": "paymentMethods",
    "product_reviews.user_id": "reviews",
    "promotion_consents.user_id": "promotionConsents",
    "promotion_recipients.user_id": "promotions",
    "quiet_hours.user_id": "quietHours",
    "rewards_transactions.user_id": "coins",
    "second_factors.user_id": "secondFactors",
    "rule_decisions.user_id": "lawDecisions",
    "sessions.user_id": "sessions",
    "stop_log.driver_id": "driverLog",
    "stops.driver_id": "driverStops",
    "support_tickets.user_id": "supportTickets",
    "support_uploads.user_id": "supportUploads",
    "trips.driver_id": "driverTrips",
}
"""Columns that say whose a row is, and the list of the export that has it."""

LEFT_OUT = {
    "cash_drawers.counted_by": "what staff did; their activity has it",
    "cash_drawers.signed_off_by": "what staff did; their activity has it",
    "document_holders.user_id": "a digest of a document's number, which says nothing to its owner",
    "federated_sign_ins.user_id": "a sign-in under way, for minutes",
    "gateway_customers.user_id": "the gateway's name for them, which nobody else knows",
    "handovers.driver_id": "the customer's record; the driver sees it in driverStops",
    "id_document_links.staff_id": "who of the staff looked; the audit log has it",
    "id_verifications.decided_by": "what staff did; their activity has it",
    "idempotency_keys.owner_id": "copies of answers, for a day",
    "invitations.invited_by": "what staff did; their activity has it",
    "lot_movements.actor_id": "the shop's book; what staff did is in their activity",
    "order_amendments.proposed_by": "what staff did; the customer's orders tell of each change",
    "order_packages.packed_by": "what staff did; their activity has it",
    "orders.driver_id": "the customer's record; the driver sees it in driverStops",
    "passkey_challenges.user_id": "a ceremony under way, for minutes",
    "promotions.created_by": "what staff did; their activity has it",
    "recovery_codes.user_id": "digests of secrets; secondFactors counts them",
    "refunds.requested_by": "what staff did; their activity has it",
    "rewards_accounts.user_id": "the sum of coins",
    "rule_acknowledgements.actor_id": "what staff did; their activity has it",
    "second_factor_challenges.user_id": "a sign-in under way, for minutes",
    "second_factor_enrolments.user_id": "a secret that waits for its first code, for minutes",
    "stock_movements.actor_id": "the shop's book; what staff did is in their activity",
    "stops.assigned_by": "what staff did; their activity has it",
    "support_absences.agent_id": "an agent who is missed, for minutes",
    "support_away.agent_id": "an agent's switch; their activity has when they turned it",
    "support_messages.sender_id": "in the ticket; what staff did is in their activity",
    "support_notes.author_id": "what staff did; their activity has it",
    "support_tickets.agent_id": "what staff did; their activity has it",
    "support_tickets.given_back_by": "what staff did; their activity has it",
}
"""Columns that point at a person and are not exported, each with the reason."""

# Without a foreign key: partitions by day and rows that outlive their person.
_UNBOUND = ("user_id", "driver_id", "actor_id", "owner_id", "staff_id", "sender_id", "agent_id", "subject_id")

_COLUMNS_OF_PEOPLE = """
SELECT DISTINCT c.table_name || '.' || c.column_name AS name
FROM information_schema.columns c
JOIN pg_class r ON r.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
WHERE c.table_schema = 'public' AND r.relkind IN ('r', 'p') AND NOT r.relispartition AND (
    c.column_name = ANY ($1::text[])
    OR EXISTS (
        SELECT FROM pg_constraint f
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)
        WHERE f.contype = 'f' AND f.conrelid = r.oid AND f.confrelid = 'users'::regclass AND a.attname = c.column_name
    )
)
"""


async def export_of(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    answer = await client.get("/api/users/me/export", headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_every_column_that_points_at_a_person_is_exported_or_left_out_for_a_reason(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    found = {row["name"] for row in await db.fetch(_COLUMNS_OF_PEOPLE, list(_UNBOUND))}
    assert found == EXPORTED.keys() | LEFT_OUT.keys()
    told = await export_of(client, (await signed_in(app)).headers)
    assert set(EXPORTED.values()) <= told.keys()


async def test_a_customers_export_has_everything_of_them(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    life = await live(app, client, drain)
    answer = await client.get("/api/users/me/export", headers=life.shopper.headers)
    assert answer.headers["content-disposition"] == 'attachment; filename="faded-skies-export.json"'
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    profile = told["profile"]
    assert (profile["email"], profile["fullName"], profile["phone"]) == (
        life.shopper.email,
        "Rosalind Achterberg",
        PHONE,
    )
    assert profile["dateOfBirth"] == "1990-05-17"
    assert [line["quantity"] for line in told["cart"]] == [2]
    delivered, cancelled = told["orders"]
    assert (delivered["id"], delivered["status"]) == (life.delivered, "delivered")
    assert (cancelled["id"], cancelled["status"]) == (life.cancelled, "cancelled")
    assert delivered["deliveryAddress"]["addressLine1"] == STREET
    assert delivered["specialInstructions"] == NOTE
    assert [(item["quantity"], item["unitPrice"]) for item in delivered["items"]] == [(1, 40.0)]
    assert [line["status"] for line in delivered["tracking"]][-1] == "delivered"
    assert delivered["amendments"] == []
    (handover,) = told["handovers"]
    assert (handover["orderId"], handover["ofAge"]) == (life.delivered, True)
    assert [payment["status"] for payment in told["payments"]] == ["succeeded", "succeeded"]
    assert [refund["orderId"] for refund in told["refunds"]] == [life.cancelled]
    assert {entry["type"]: entry["amount"] for entry in told["coins"]} == {"granted": 250, "earned": 54}
    [ticket] = told["supportTickets"]
    assert (ticket["orderId"], ticket["status"]) == (life.delivered, "open")
    assert [(one["senderType"], one["message"]) for one in ticket["messages"]] == [("user", SAID)]
    assert [(review["rating"], review["title"]) for review in told["reviews"]] == [(4, "Soft evening")]
    assert sorted(method["type"] for method in told["paymentMethods"]) == ["card", "cash", "fs_coin"]
    assert [address["addressLine1"] for address in told["addresses"]] == [STREET]
    assert len(told["sessions"]) == 1
    assert [link["purpose"] for link in told["mailedLinks"]] == ["reset_password"]
    assert len(told["devices"]) == 1
    assert "Choose a new password" in {message["subject"] for message in told["messages"]}
    assert "account.exported" in {entry["action"] for entry in told["activity"]}
    assert {entry["address"] for entry in told["activity"]} == {"127.0.0.1"}
    assert told["driverShifts"] == told["driverStops"] == told["driverPositions"] == []


async def test_an_export_holds_no_secret_and_nothing_of_others(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    life = await live(app, client, drain)
    await client.post("/api/auth/forgot-password", json={"email": life.shopper.email})
    text = (await client.get("/api/users/me/export", headers=life.shopper.headers)).text
    secrets = [
        row["secret"]
        for row in await db.fetch(
            "SELECT password_hash AS secret FROM users UNION SELECT external_id FROM payment_methods "
            "UNION SELECT client_secret FROM payment_intents UNION SELECT external_id FROM payment_intents "
            "UNION SELECT encode(token_hash, 'hex') FROM mailed_tokens"
        )
        if row["secret"]
    ]
    assert len(secrets) >= 6
    assert [secret for secret in secrets if secret in text] == []
    assert DEVICE not in text
    assert "?token=" not in text
    assert "Voss" not in text
    stranger = await signed_in(app)
    told = await export_of(client, stranger.headers)
    assert told["orders"] == told["addresses"] == told["coins"] == told["messages"] == []


async def _positions(app: Application, driver: SignedInPerson, count: int) -> None:
    async with app.ports.db.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO driver_locations (driver_id, recorded_at, latitude, longitude, heading, speed)
            SELECT $1, now() - make_interval(secs => n), 30.28, -97.75, 90.5, 11.25 FROM generate_series(1, $2) n
            """,
            driver.id,
            count,
        )


async def test_a_drivers_many_positions_pass_through_in_pieces(
    app: Application, client: httpx.AsyncClient
) -> None:
    driver = await signed_in(app, Role.DRIVER)
    await client.post("/api/driver/shift", json={"online": True}, headers=driver.headers)
    await client.post("/api/driver/location", json=position(), headers=driver.headers)
    await _positions(app, driver, 20_000)
    pieces = [
        len(piece)
        async for piece in exporting._chunks(exporting._document(app.ports.db, app.ports.valkey, driver.id))
    ]
    assert sum(pieces) > 2_000_000
    assert max(pieces) < 2 * exporting._CHUNK
    told = await export_of(client, driver.headers)
    assert len(told["driverPositions"]) == 20_000
    assert told["driverPositions"][0]["speed"] == 11.25
    assert len(told["driverShifts"]) == 1


async def test_an_export_shows_one_moment(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    """What is written while it is read is not in it, not even in the parts that come later."""
    person = await signed_in(app)
    document = exporting._document(db, app.ports.valkey, person.id)
    parts = [await anext(document), await anext(document)]
    await client.post("/api/notifications/register-token", json={"token": DEVICE}, headers=person.headers)
    parts += [part async for part in document]
    assert b'"devices":[]' in b"".join(parts)
    assert len((await export_of(client, person.headers))["devices"]) == 1


async def test_exports_are_limited_and_written_down(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    for _ in range(5):
        await export_of(client, person.headers)
    answer = await client.get("/api/users/me/export", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    await export_of(client, other.headers)
    written = await db.fetchval(
        "SELECT count(*) FROM audit_log WHERE action = 'account.exported' AND actor_id = $1", person.id
    )
    assert written == 5
