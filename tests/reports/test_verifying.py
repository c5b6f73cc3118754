"""The books prove themselves: a busy day agrees to the cent, and whatever is tampered with is named."""

import asyncpg
import pytest

from factories.trade import Trade
from faded_skies.platform.settings import Settings
from faded_skies.reports.verifying import Verdict, verify


async def verdicts(trade: Trade) -> list[Verdict]:
    return [verdict async for verdict in verify(trade.db)]


async def tamper(settings: Settings, statement: str) -> None:
    """Change rows behind the back of triggers and constraints, as the owner of a database can."""
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("SET session_replication_role = replica")
    touched = await connection.execute(statement)
    await connection.close()
    assert touched.rpartition(" ")[2] != "0", statement


async def test_a_busy_day_agrees_to_the_cent(day: Trade) -> None:
    found = await verdicts(day)
    assert [str(one) for verdict in found for one in verdict.shown] == []
    assert [verdict.what for verdict in found if verdict.checked == 0] == []
    assert len(found) == 20


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM ledger_transfers WHERE kind = 'charge'", "charge"),
        ("UPDATE ledger_transfers SET amount_cents = amount_cents + 1 WHERE kind = 'charge'", "money"),
        ("UPDATE ledger_transfers SET credit = 'unapplied' WHERE kind = 'charge'", "deposits"),
        ("DELETE FROM ledger_transfers WHERE kind = 'processing_fee'", "fee"),
        ("UPDATE payment_intents SET fee_cents = fee_cents + 1 WHERE status = 'succeeded'", "fee"),
        (
            "UPDATE payment_intents SET amount_cents = amount_cents + 1 WHERE status = 'succeeded'",
            "charge",
        ),
        ("UPDATE payment_intents SET refunded_cents = refunded_cents - 1 WHERE refunded_cents > 0", "refunds"),
        ("DELETE FROM ledger_transfers WHERE kind = 'sale' AND credit = 'tips'", "tips"),
        ("UPDATE ledger_transfers SET credit = 'sales' WHERE kind = 'sale' AND credit = 'tax_state'", "tax_state"),
        ("UPDATE orders SET paid_cents = 0, refunded_cents = 0 WHERE status = 'returned'", "money"),
        ("UPDATE orders SET coins_returned = abs(coins_returned - 1) WHERE coins_used > 0", "coins"),
        ("UPDATE orders SET refunded_cents = refunded_cents + 1 WHERE tender = 'cash'", "refunded"),
        ("UPDATE order_items SET tax_local_cents = tax_local_cents + 1", "taxes of its lines"),
        ("DELETE FROM ledger_transfers WHERE kind = 'refund_requested'", "asked for"),
        ("UPDATE refunds SET amount_cents = amount_cents + 1 WHERE channel = 'cash'", "paid"),
        ("DELETE FROM ledger_transfers WHERE kind = 'refund_bounced'", "paid"),
        ("UPDATE refunds SET status = 'succeeded' WHERE status = 'failed'", "asked for"),
        ("UPDATE rewards_accounts SET balance = balance + 1", "coins"),
        ("UPDATE rewards_accounts SET debt = debt + 1", "coin debt"),
        ("UPDATE rewards_transactions SET amount = amount + 1 WHERE type = 'earned'", "coin transactions"),
        ("DELETE FROM ledger_transfers WHERE kind = 'cash_taken'", "drawer"),
        ("UPDATE cash_drawers SET received_cents = received_cents + 1", "received"),
        ("UPDATE disputes SET withdrawn = false", "withheld"),
        ("UPDATE disputes SET fee_cents = 1", "fee"),
        ("UPDATE payment_intents SET order_id = NULL WHERE status = 'succeeded'", "money without an order"),
        ("UPDATE refunds SET status = 'pending', settled_at = NULL", "refunds on their way"),
        ("UPDATE ledger_transfers SET debit = 'goodwill' WHERE kind = 'charge'", "goodwill from"),
        ("UPDATE ledger_transfers SET kind = 'gift' WHERE kind = 'coins_granted'", "(gift)"),
    ],
)  # fmt: skip
async def test_what_was_tampered_with_is_named(
    day: Trade, settings: Settings, statement: str, named: str
) -> None:
    await tamper(settings, statement)
    shown = [str(one) for verdict in await verdicts(day) for one in verdict.shown]
    assert any(named in one for one in shown), shown
    assert sum(verdict.wrong for verdict in await verdicts(day)) >= len(shown) > 0


async def test_what_was_posted_cannot_be_changed(day: Trade, settings: Settings) -> None:
    connection = await asyncpg.connect(settings.database_url)
    for statement in (
        "UPDATE ledger_transfers SET amount_cents = 1",
        "DELETE FROM ledger_transfers",
        "TRUNCATE ledger_transfers",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
    again = (
        "INSERT INTO ledger_transfers (id, kind, subject, leg, debit, credit, amount_cents) "
        "SELECT gen_random_uuid(), kind, subject, leg, debit, credit, 1 FROM ledger_transfers WHERE kind = 'charge'"
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(again)
    await connection.close()
