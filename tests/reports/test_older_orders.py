"""What is older than the books is held to what their openings promise, and nothing else is asked of it."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from faded_skies.platform.db import Database
from faded_skies.platform.events import Bus
from faded_skies.platform.migrations import migrate
from faded_skies.reports import books
from faded_skies.reports.verifying import verify

_PERSON = (
    "INSERT INTO users (id, email, full_name) VALUES ($1::uuid, $1::text || '@example.com', 'Maya Okafor')"
)
_ADDRESS = """
INSERT INTO delivery_addresses (id, user_id, name, address_line1, city, state, zip_code, address_type, latitude,
                                longitude, precision, formatted_address)
VALUES ($1, $1, 'Home', '1 Main St', 'Austin', 'TX', '78701', 'home', 30.2672, -97.7431, 'street', '1 Main St, Austin')
"""
_CARD = """
INSERT INTO payment_methods (id, user_id, type, provider, external_id, last_four)
VALUES ($1, $1, 'card', 'sandbox', 'pm_1', '4242')
"""
_ORDER = """
INSERT INTO orders (id, order_number, user_id, cart_id, delivery_address_id, delivery_address, payment_method_id,
    tender, status, subtotal_cents, tax_cents, taxes, delivery_fee_cents, tip_cents, total_cents, coins_used,
    amount_due_cents, paid_cents, refunded_cents, payment_status, hold_expires_at, rules_hash, driver_id, delivered_at)
VALUES ($1::uuid, 'FS-' || $3::text || '-' || $1::text, $2::uuid, $1, $2, '{}', $2, 'card', $3, 2000, 0, '{}', 0, 0,
    2000, $4::int, 2000 - $4, CASE WHEN $5::bool THEN 2000 - $4 ELSE 0 END, $6, 'paid',
    CASE WHEN $3 = 'pending' THEN now() END, 'none', $2, CASE WHEN $3 = 'delivered' THEN now() END)
"""
_ATTEMPT = """
INSERT INTO payment_intents (id, user_id, order_id, payment_method_id, gateway, external_id, amount_cents, status,
                             refunded_cents)
VALUES ($1::uuid, $2::uuid, $3, $2, 'sandbox', $1::text, $4, $5, $6)
"""
_REFUND = """
INSERT INTO refunds (id, payment_intent_id, order_id, amount_cents, reason, status, settled_at)
VALUES (gen_random_uuid(), $1, $2, $3, 'order cancelled', $4::text, CASE WHEN $4 <> 'pending' THEN now() END)
"""
_COINS = """
INSERT INTO rewards_transactions (id, user_id, type, amount, description, order_id)
VALUES (gen_random_uuid(), $1, $2, $3, 'Coins', $4)
"""


class OldShop:
    """A shop as it was before migration 17, with one customer who was given 5,000 coins."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection
        self.person = uuid4()

    async def open(self) -> None:
        await self.connection.execute(_PERSON, self.person)
        await self.connection.execute(_ADDRESS, self.person)
        await self.connection.execute(_CARD, self.person)
        await self.connection.execute(
            "INSERT INTO rewards_accounts (user_id, balance) VALUES ($1, 0)", self.person
        )
        await self.coins("granted", 5000)

    async def coins(self, kind: str, amount: int, order_id: UUID | None = None) -> None:
        await self.connection.execute(_COINS, self.person, kind, amount, order_id)
        await self.connection.execute("UPDATE rewards_accounts SET balance = balance + $1", amount)

    async def order(
        self, status: str, *, coins: int = 0, paid: bool = True, refund: str | None = None
    ) -> UUID:
        """Write an order of $20, what paid for it, and what became of the refund of its money."""
        order_id, due = uuid4(), 2000 - coins
        back = due if refund == "succeeded" else 0
        await self.connection.execute(_ORDER, order_id, self.person, status, coins, paid, back)
        if coins:
            await self.coins("redeemed", -coins, order_id)
        if coins and status in {"cancelled", "returned"}:
            await self.coins("returned", coins, order_id)
        if paid:
            await self.attempt("succeeded", order_id, due, refund)
        return order_id

    async def attempt(
        self, status: str, order_id: UUID | None, amount: int, refund: str | None = None
    ) -> None:
        attempt_id = uuid4()
        reserved = amount if refund in {"pending", "succeeded"} else 0
        await self.connection.execute(_ATTEMPT, attempt_id, self.person, order_id, amount, status, reserved)
        if refund:
            of_order = order_id if status == "succeeded" else None
            await self.connection.execute(_REFUND, attempt_id, of_order, amount, refund)


@pytest.fixture
async def old_shop(fresh_database_url: str) -> AsyncIterator[OldShop]:
    await migrate(fresh_database_url, to=16)
    connection = await asyncpg.connect(fresh_database_url)
    shop = OldShop(connection)
    await shop.open()
    yield shop
    await connection.close()


@pytest.fixture
async def db(fresh_database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(fresh_database_url, bus=Bus(), size=2)
    yield database
    await database.close()


async def test_an_older_shop_agrees_with_its_openings(
    old_shop: OldShop, fresh_database_url: str, db: Database
) -> None:
    await old_shop.order("delivered", coins=100)
    await old_shop.order("confirmed", coins=200)
    await old_shop.order("preparing")
    await old_shop.order("pending", coins=300, paid=False)
    await old_shop.order("cancelled", coins=400, refund="succeeded")
    await old_shop.order("cancelled", refund="pending")
    await old_shop.order("cancelled", coins=500, refund="failed")
    await old_shop.order("returned", coins=600, refund="succeeded")
    surplus_of = await old_shop.order("cancelled", paid=False)
    await old_shop.attempt("surplus", surplus_of, 2000, "succeeded")
    await old_shop.attempt("surplus", surplus_of, 2000, "failed")
    await old_shop.attempt("succeeded", None, 1500)
    await old_shop.attempt("failed", None, 900)
    await migrate(fresh_database_url)
    found = [verdict async for verdict in verify(db)]
    assert [str(one) for verdict in found for one in verdict.shown] == []
    standing = {one.account.value: one.cents for one in await books.balances(db)}
    assert standing["refunds_payable"] == 2000
    assert standing["coins"] == 5000 - 600
    assert standing["deposits"] >= 1800 + 200 + 2000 + 300


@pytest.mark.parametrize("what", ["order", "coins"])
async def test_an_opening_that_is_missing_is_named(
    old_shop: OldShop, fresh_database_url: str, db: Database, what: str
) -> None:
    order_id = await old_shop.order("confirmed", coins=200)
    await migrate(fresh_database_url)
    await old_shop.connection.execute("SET session_replication_role = replica")
    subject = order_id if what == "order" else old_shop.person
    await old_shop.connection.execute("DELETE FROM ledger_transfers WHERE subject = $1", subject)
    shown = [str(one) async for verdict in verify(db) for one in verdict.shown]
    assert shown == [
        f"order FS-confirmed-{order_id} (confirmed): deposits: the books say $0.00, the record says $20.00"
        if what == "order"
        else f"person {subject}: coins: the books say $0.00, the record says $48.00"
    ]
