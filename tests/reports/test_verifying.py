"""The books prove themselves: a busy day agrees to the cent, and whatever is tampered with is named."""

import asyncpg
import pytest

from factories.trade import Trade
from faded_skies.platform.settings import Settings
from faded_skies.reports.proofs import PROOFS
from faded_skies.reports.verifying import Verdict, prove, verify


async def verdicts(trade: Trade) -> list[Verdict]:
    return [verdict async for verdict in verify(trade.db)]


def stranger(fact: str, debit: str, credit: str) -> str:
    """Return a statement that posts a fact of nothing that exists."""
    return (
        "INSERT INTO ledger_transfers (id, kind, subject, leg, debit, credit, amount_cents, party_id) "
        f"VALUES (gen_random_uuid(), '{fact}', gen_random_uuid(), 1, '{debit}', '{credit}', 5, gen_random_uuid())"
    )


TAMPERED = [
    ("DELETE FROM ledger_transfers WHERE kind = 'charge'", "(succeeded): charge"),
    ("UPDATE ledger_transfers SET amount_cents = amount_cents + 1 WHERE kind = 'charge'", ": money"),
    ("UPDATE ledger_transfers SET credit = 'unapplied' WHERE kind = 'charge'", ": deposits"),
    ("DELETE FROM ledger_transfers WHERE kind = 'processing_fee'", ": fee"),
    ("UPDATE payment_intents SET fee_cents = fee_cents + 1 WHERE status = 'succeeded'", ": fee"),
    ("UPDATE payment_intents SET amount_cents = amount_cents + 1 WHERE status = 'succeeded'", "(succeeded): charge"),
    ("UPDATE payment_intents SET refunded_cents = refunded_cents - 1 WHERE refunded_cents > 0", ": refunds"),
    ("DELETE FROM ledger_transfers WHERE kind = 'sale' AND credit = 'tips'", ": tips"),
    ("UPDATE ledger_transfers SET credit = 'sales' WHERE kind = 'sale' AND credit = 'tax_state'", ": tax_state"),
    ("UPDATE orders SET paid_cents = 0, refunded_cents = 0 WHERE status = 'returned'", ": money"),
    ("UPDATE orders SET coins_returned = abs(coins_returned - 1) WHERE coins_used > 0", ": coins"),
    ("UPDATE orders SET refunded_cents = refunded_cents + 1 WHERE tender = 'cash'", ": refunded"),
    ("UPDATE order_items SET tax_local_cents = tax_local_cents + 1", "taxes of its lines"),
    ("UPDATE order_items SET unit_price_cents = unit_price_cents * 2, total_price_cents = total_price_cents * 2",
     "prices of its lines"),
    ("DELETE FROM ledger_transfers WHERE kind = 'refund_requested'", "asked for"),
    ("UPDATE refunds SET amount_cents = amount_cents + 1 WHERE channel = 'cash'", ": paid"),
    ("DELETE FROM ledger_transfers WHERE kind = 'refund_bounced'", ": paid"),
    ("UPDATE refunds SET status = 'succeeded' WHERE status = 'failed'", "asked for"),
    ("UPDATE rewards_accounts SET balance = balance + 1", ": coins: "),
    ("UPDATE rewards_accounts SET debt = debt + 1", "coin debt"),
    ("UPDATE rewards_transactions SET amount = amount + 1 WHERE type = 'earned'", "coin transactions"),
    ("DELETE FROM ledger_transfers WHERE kind = 'cash_taken'", ": drawer"),
    ("UPDATE cash_drawers SET received_cents = received_cents + 1", ": received"),
    ("UPDATE disputes SET withdrawn = false", "withheld"),
    ("UPDATE disputes SET fee_cents = 1", ": fee"),
    ("UPDATE payment_intents SET order_id = NULL WHERE status = 'succeeded'", "money without an order"),
    ("UPDATE refunds SET status = 'pending', settled_at = NULL", "refunds on their way"),
    ("UPDATE ledger_transfers SET debit = 'goodwill' WHERE kind = 'charge'", "goodwill from"),
    ("UPDATE ledger_transfers SET kind = 'gift' WHERE kind = 'coins_granted'", "(gift)"),
    ("UPDATE ledger_transfers SET subject = gen_random_uuid() WHERE kind = 'coins_granted'", "coins moved"),
    ("UPDATE ledger_transfers SET kind = 'opening' WHERE kind = 'coins_granted'", "(opening)"),
    (stranger("charge", "gateway", "deposits"), "(charge): of "),
    (stranger("sale", "deposits", "sales"), "(sale): of "),
    (stranger("refund_requested", "allowances", "refunds_payable"), "(refund_requested): of "),
    (stranger("coins_expired", "coins", "coin_breakage"), "(coins_expired): of "),
    (stranger("drawer_emptied", "safe", "cash_over_short"), "(drawer_emptied): of "),
    (stranger("dispute_fee", "processing_fees", "gateway"), "(dispute_fee): of "),
    (stranger("opening", "gateway", "unapplied"), "(opening): gateway from unapplied"),
]  # fmt: skip
"""What is done behind the back of triggers and constraints, as the owner of a database can, and what names it then."""


async def test_a_busy_day_agrees_to_the_cent(day: Trade) -> None:
    found = await verdicts(day)
    assert [str(one) for verdict in found for one in verdict.shown] == []
    assert [verdict.what for verdict in found if verdict.checked == 0] == []
    assert len(found) == 23


async def test_what_was_tampered_with_is_named(day: Trade) -> None:
    missed: list[tuple[str, str, list[str]]] = []
    failing: set[str] = set()
    for statement, named in TAMPERED:
        async with day.db.trial() as tx:
            await tx.execute("SET LOCAL session_replication_role = replica")
            assert await tx.execute(statement) > 0, statement
            found = [verdict async for verdict in prove(tx)]
        shown = [str(one) for verdict in found for one in verdict.shown]
        assert sum(verdict.wrong for verdict in found) >= len(shown)
        failing |= {verdict.what for verdict in found if verdict.wrong}
        if not any(named in one for one in shown):
            missed.append((statement, named, shown))
    assert missed == []
    assert {proof.what for proof in PROOFS} - failing == set()
    assert not any(verdict.wrong for verdict in await verdicts(day))


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
