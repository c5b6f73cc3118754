"""What must hold between the books and everything else (ADR 18), one statement for each.

Each statement lists what it compares: a name, what the books say and what the record says, both in cents. Orders and
attempts that are older than the books are held to what the openings promise.
"""

from dataclasses import dataclass

# When the books were opened; what is older has no facts of its own in them.
_OPENED = "(SELECT applied_at FROM schema_migrations WHERE number = 17)"


@dataclass(frozen=True, slots=True)
class Proof:
    """One comparison; `what` says of what, in the plural."""

    what: str
    compared: str


def _held(account: str, by: str) -> str:
    """Return a subquery: what an account holds (credits less debits) for each order or party."""
    return f"""
    SELECT {by} AS id, sum(CASE WHEN credit = '{account}' THEN amount_cents ELSE -amount_cents END)::int AS cents
    FROM ledger_transfers WHERE '{account}' IN (debit, credit) AND {by} IS NOT NULL GROUP BY {by}
    """


def _facts(kind: str) -> str:
    """Return a subquery: what was posted of a fact for each subject."""
    return f"""
    SELECT subject AS id, sum(amount_cents)::int AS cents FROM ledger_transfers WHERE kind = '{kind}' GROUP BY subject
    """


_ASKED_BACK = """
SELECT order_id AS id, sum(amount_cents)::int AS cents FROM refunds WHERE status <> 'failed' GROUP BY order_id
"""

# A delivered order hears of a refund that came back by a job a moment later.
_DEPOSITS = Proof(
    "orders: what was paid and is not ours yet",
    f"""
SELECT 'order ' || o.order_number || ' (' || o.status || '): deposits' AS name, coalesce(l.cents, 0) AS books,
       CASE WHEN o.status = 'delivered' THEN greatest(0, least(coalesce(l.cents, 0), coalesce((
                SELECT sum(r.amount_cents) FROM refunds r
                WHERE r.order_id = o.id AND r.status = 'failed' AND r.settled_at >= now() - interval '1 minute'
                  AND NOT EXISTS (SELECT FROM ledger_transfers k WHERE k.kind = 'refund_kept' AND k.subject = r.id)
            ), 0)))::int
            ELSE o.paid_cents - coalesce(a.cents, 0) + o.coins_used - o.coins_returned END AS records
FROM orders o LEFT JOIN ({_held("deposits", "order_id")}) l USING (id) LEFT JOIN ({_ASKED_BACK}) a USING (id)
WHERE o.created_at >= {_OPENED} OR o.status NOT IN ('cancelled', 'returned') OR l.id IS NOT NULL
""",
)
_PAID = Proof(
    "orders: money that came for them",
    f"""
SELECT 'order ' || o.order_number || ': money' AS name, coalesce(l.cents, 0) AS books, o.paid_cents AS records
FROM orders o LEFT JOIN (
    SELECT order_id AS id, sum(amount_cents)::int AS cents FROM ledger_transfers
    WHERE kind IN ('charge', 'apply', 'cash_taken') AND credit = 'deposits' GROUP BY order_id
) l USING (id)
WHERE o.created_at >= {_OPENED}
""",
)
_CHARGES = Proof(
    "attempts: what was charged",
    f"""
SELECT 'attempt ' || i.id || ' (' || i.status || '): charge' AS name, coalesce(l.cents, 0) AS books,
       CASE WHEN i.status IN ('succeeded', 'surplus') THEN i.amount_cents ELSE 0 END AS records
FROM payment_intents i LEFT JOIN ({_facts("charge")}) l USING (id) WHERE i.created_at >= {_OPENED}
""",
)
_FEES = Proof(
    "attempts: what the gateway keeps",
    f"""
SELECT 'attempt ' || i.id || ': fee' AS name, coalesce(l.cents, 0) AS books,
       CASE WHEN i.status IN ('succeeded', 'surplus') THEN coalesce(i.fee_cents, 0) ELSE 0 END AS records
FROM payment_intents i LEFT JOIN ({_facts("processing_fee")}) l USING (id) WHERE i.created_at >= {_OPENED}
""",
)
_BOUNDS = Proof(
    "attempts: what is asked back of them",
    """
SELECT 'attempt ' || i.id || ': refunds' AS name, coalesce(sum(r.amount_cents), 0)::int AS books,
       i.refunded_cents AS records
FROM payment_intents i LEFT JOIN refunds r ON r.payment_intent_id = i.id AND r.status <> 'failed'
WHERE i.status IN ('succeeded', 'surplus') GROUP BY i.id
""",
)
_REFUNDS_ASKED = Proof(
    "refunds: asked for",
    f"""
SELECT 'refund ' || r.id || ' (' || r.status || '): asked for' AS name,
       coalesce(q.cents, 0) - coalesce(d.cents, 0) AS books,
       CASE WHEN r.status = 'failed' THEN 0 ELSE r.amount_cents END AS records
FROM refunds r LEFT JOIN ({_facts("refund_requested")}) q USING (id) LEFT JOIN ({_facts("refund_dropped")}) d USING (id)
WHERE r.created_at >= {_OPENED}
""",
)
_REFUNDS_PAID = Proof(
    "refunds: paid",
    f"""
SELECT 'refund ' || r.id || ' (' || r.status || '): paid' AS name,
       coalesce(p.cents, 0) - coalesce(b.cents, 0) AS books,
       CASE WHEN r.status = 'succeeded' THEN r.amount_cents ELSE 0 END AS records
FROM refunds r LEFT JOIN ({_facts("refund_paid")}) p USING (id) LEFT JOIN ({_facts("refund_bounced")}) b USING (id)
WHERE coalesce(r.settled_at, r.created_at) >= {_OPENED}
""",
)
# The order hears of a refund by a job a moment later.
_ORDERS_REFUNDED = Proof(
    "orders: what went back",
    """
SELECT 'order ' || o.order_number || ': refunded' AS name,
       greatest(coalesce(sum(r.amount_cents) FILTER (WHERE r.settled_at < now() - interval '1 minute'), 0),
                least(o.refunded_cents, coalesce(sum(r.amount_cents), 0)))::int AS books,
       o.refunded_cents AS records
FROM orders o LEFT JOIN refunds r ON r.order_id = o.id AND r.status = 'succeeded' GROUP BY o.id
""",
)
_SALES = Proof(
    "orders: sales, taxes, fees and tips",
    f"""
SELECT 'order ' || o.order_number || ' (' || o.status || '): ' || part.account AS name,
       coalesce(l.cents, 0) AS books, CASE WHEN o.status = 'delivered' THEN part.cents ELSE 0 END AS records
FROM orders o CROSS JOIN LATERAL (VALUES
    ('sales', o.subtotal_cents), ('delivery_fees', o.delivery_fee_cents), ('tips', o.tip_cents),
    ('tax_state', round(coalesce((o.taxes->>'state')::numeric, 0) * 100)::int),
    ('tax_cannabis', round(coalesce((o.taxes->>'cannabis')::numeric, 0) * 100)::int),
    ('tax_local', round(coalesce((o.taxes->>'local')::numeric, 0) * 100)::int)
) AS part (account, cents)
LEFT JOIN (
    SELECT subject AS id, credit, sum(amount_cents)::int AS cents FROM ledger_transfers WHERE kind = 'sale'
    GROUP BY subject, credit
) l ON l.id = o.id AND l.credit = part.account
WHERE o.created_at >= {_OPENED}
""",
)
_LINES = Proof(
    "orders: taxes of their lines",
    f"""
SELECT 'order ' || o.order_number || ': taxes of its lines' AS name,
       sum(i.tax_state_cents + i.tax_cannabis_cents + i.tax_local_cents)::int AS books, o.tax_cents AS records
FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.created_at >= {_OPENED} GROUP BY o.id
""",
)
_PRICES = Proof(
    "orders: prices of their lines",
    f"""
SELECT 'order ' || o.order_number || ': prices of its lines' AS name, sum(i.total_price_cents)::int AS books,
       o.subtotal_cents AS records
FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.created_at >= {_OPENED} GROUP BY o.id
""",
)
_COINS = Proof(
    "people: coins in the books",
    f"""
SELECT 'person ' || coalesce(a.user_id, l.id) || ': coins' AS name, coalesce(l.cents, 0) AS books,
       coalesce(a.balance, 0) AS records
FROM rewards_accounts a FULL JOIN ({_held("coins", "party_id")}) l ON l.id = a.user_id
""",
)
_COIN_STORIES = Proof(
    "people: coins and their story",
    """
SELECT 'person ' || a.user_id || ': coin transactions' AS name, coalesce(sum(t.amount), 0)::int AS books,
       a.balance AS records
FROM rewards_accounts a LEFT JOIN rewards_transactions t USING (user_id) GROUP BY a.user_id
""",
)
_COIN_FACTS = Proof(
    "coin transactions: each in the books",
    f"""
SELECT 'coin transaction ' || t.id || ' (' || t.type || '): coins moved' AS name, coalesce(l.cents, 0) AS books,
       abs(t.amount) AS records
FROM rewards_transactions t LEFT JOIN (
    SELECT subject, kind, sum(amount_cents)::int AS cents FROM ledger_transfers GROUP BY subject, kind
) l ON l.subject = t.id AND l.kind = CASE t.type
    WHEN 'redeemed' THEN 'coins_held' WHEN 'returned' THEN 'coins_returned' WHEN 'earned' THEN 'coins_earned'
    WHEN 'granted' THEN 'coins_granted' WHEN 'expired' THEN 'coins_expired' END
WHERE t.created_at >= {_OPENED} AND t.type <> 'reversed'
""",
)
_DEBTS = Proof(
    "people: coins they owe",
    f"""
SELECT 'person ' || coalesce(a.user_id, l.id) || ': coin debt' AS name, -coalesce(l.cents, 0) AS books,
       coalesce(a.debt, 0) AS records
FROM rewards_accounts a FULL JOIN ({_held("coin_debts", "party_id")}) l ON l.id = a.user_id
""",
)
_COINS_OF_ORDERS = Proof(
    "orders: coins spent and returned",
    f"""
SELECT 'order ' || o.order_number || ': coins' AS name, -coalesce(sum(t.amount), 0)::int AS books,
       o.coins_used - greatest(o.coins_returned, coalesce(sum(t.amount) FILTER (
           WHERE t.type = 'returned' AND t.created_at < {_OPENED}), 0))::int AS records
FROM orders o LEFT JOIN rewards_transactions t ON t.order_id = o.id AND t.type IN ('redeemed', 'returned')
WHERE o.coins_used > 0 OR t.id IS NOT NULL GROUP BY o.id
""",
)
_DRAWERS = Proof(
    "drivers: cash in their drawers",
    f"""
SELECT 'driver ' || coalesce(d.driver_id, l.id) || ': drawer' AS name, -coalesce(l.cents, 0) AS books,
       coalesce(d.cents, 0) AS records
FROM (
    SELECT driver_id, sum(float_cents + collected_cents) FILTER (WHERE status <> 'signed_off')::int AS cents
    FROM cash_drawers GROUP BY driver_id
) d FULL JOIN ({_held("drawer", "party_id")}) l ON l.id = d.driver_id
""",
)
_SIGNED_OFF = Proof(
    "drawers: what staff received",
    """
SELECT 'drawer ' || d.id || ': received' AS name,
       coalesce(sum(t.amount_cents) FILTER (WHERE t.debit = 'safe'), 0)::int AS books,
       coalesce(d.received_cents, 0) AS records
FROM cash_drawers d LEFT JOIN ledger_transfers t ON t.kind = 'drawer_emptied' AND t.subject = d.id GROUP BY d.id
""",
)
_DISPUTES = Proof(
    "disputes: what is withheld",
    f"""
SELECT 'dispute ' || d.external_id || ' (' || d.status || '): withheld' AS name,
       coalesce(w.cents, 0) - coalesce(r.cents, 0) - coalesce(x.cents, 0) AS books,
       CASE WHEN d.withdrawn AND d.status <> 'lost' THEN d.amount_cents ELSE 0 END AS records
FROM disputes d LEFT JOIN ({_facts("dispute_withdrawn")}) w USING (id)
LEFT JOIN ({_facts("dispute_reinstated")}) r USING (id) LEFT JOIN ({_facts("dispute_lost")}) x USING (id)
""",
)
_DISPUTE_FEES = Proof(
    "disputes: their fees",
    f"""
SELECT 'dispute ' || d.external_id || ': fee' AS name, coalesce(l.cents, 0) AS books, d.fee_cents AS records
FROM disputes d LEFT JOIN ({_facts("dispute_fee")}) l USING (id)
""",
)
_TOTALS = Proof(
    "totals: money that is nobody's, and on its way back",
    """
SELECT 'money without an order' AS name,
       coalesce(sum(CASE WHEN credit = 'unapplied' THEN amount_cents
                         WHEN debit = 'unapplied' THEN -amount_cents END), 0)::int AS books,
       (SELECT coalesce(sum(amount_cents - refunded_cents), 0)::int FROM payment_intents i
        WHERE (i.status = 'surplus' OR i.status = 'succeeded' AND i.order_id IS NULL)
          AND EXISTS (SELECT FROM ledger_transfers WHERE subject = i.id AND kind IN ('opening', 'charge'))) AS records
FROM ledger_transfers
UNION ALL
SELECT 'refunds on their way',
       coalesce(sum(CASE WHEN credit = 'refunds_payable' THEN amount_cents
                         WHEN debit = 'refunds_payable' THEN -amount_cents END), 0)::int,
       (SELECT coalesce(sum(amount_cents), 0)::int FROM refunds WHERE status = 'pending')
FROM ledger_transfers
""",
)
# Between which accounts each fact may move; what any refund takes comes from the first list.
_GIVING = "'deposits', 'unapplied', 'sales_returns', 'allowances', 'tax_state', 'tax_cannabis', 'tax_local'"
_PAIRS = Proof(
    "transfers between accounts that belong together",
    f"""
SELECT 'transfer ' || t.id || ' (' || t.kind || '): ' || t.debit || ' from ' || t.credit AS name,
       t.amount_cents AS books, CASE WHEN CASE t.kind
    WHEN 'opening' THEN t.debit IN ('gateway', 'goodwill') AND t.posted_at <= {_OPENED}
    WHEN 'charge' THEN t.debit = 'gateway' AND t.credit IN ('deposits', 'unapplied')
    WHEN 'apply' THEN t.debit = 'unapplied' AND t.credit = 'deposits'
    WHEN 'processing_fee' THEN t.debit = 'processing_fees' AND t.credit = 'gateway'
    WHEN 'cash_taken' THEN t.debit = 'drawer' AND t.credit = 'deposits'
    WHEN 'coins_held' THEN t.debit = 'coins' AND t.credit = 'deposits'
    WHEN 'coins_returned' THEN t.debit IN ({_GIVING}) AND t.credit = 'coins'
    WHEN 'refund_requested' THEN t.debit IN ({_GIVING}) AND t.credit = 'refunds_payable'
    WHEN 'refund_dropped' THEN t.credit IN ({_GIVING}) AND t.debit = 'refunds_payable'
    WHEN 'refund_kept' THEN t.debit = 'deposits' AND t.credit = 'allowances'
    WHEN 'refund_paid' THEN t.debit = 'refunds_payable' AND t.credit IN ('gateway', 'safe')
    WHEN 'refund_bounced' THEN t.debit IN ('gateway', 'safe') AND t.credit = 'refunds_payable'
    WHEN 'sale' THEN t.debit IN ('deposits', 'allowances')
        AND t.credit IN ('sales', 'delivery_fees', 'tips', 'tax_state', 'tax_cannabis', 'tax_local')
    WHEN 'coins_earned' THEN t.debit = 'coin_rewards' AND t.credit = 'coins'
    WHEN 'coins_granted' THEN t.debit = 'goodwill' AND t.credit = 'coins'
    WHEN 'coins_reversed' THEN t.debit IN ('coins', 'coin_debts') AND t.credit = 'coin_rewards'
    WHEN 'coins_expired' THEN t.debit = 'coins' AND t.credit = 'coin_breakage'
    WHEN 'debt_settled' THEN t.debit = 'coins' AND t.credit = 'coin_debts'
    WHEN 'debt_written_off' THEN t.debit = 'goodwill' AND t.credit = 'coin_debts'
    WHEN 'float_given' THEN t.debit = 'drawer' AND t.credit = 'safe'
    WHEN 'drawer_emptied' THEN t.debit IN ('safe', 'cash_over_short') AND t.credit IN ('drawer', 'cash_over_short')
    WHEN 'dispute_withdrawn' THEN t.debit = 'disputed' AND t.credit = 'gateway'
    WHEN 'dispute_reinstated' THEN t.debit = 'gateway' AND t.credit = 'disputed'
    WHEN 'dispute_lost' THEN t.debit = 'dispute_losses' AND t.credit = 'disputed'
    WHEN 'dispute_fee' THEN t.debit = 'processing_fees' AND t.credit = 'gateway'
    ELSE false END THEN t.amount_cents ELSE 0 END AS records
FROM ledger_transfers t
""",
)

# A debt is written off with a closing, which leaves no row; openings are of several things, and bound by their time.
_SUBJECTS = Proof(
    "transfers of things that exist",
    """
SELECT 'transfer ' || t.id || ' (' || t.kind || '): of ' || t.subject AS name, t.amount_cents AS books,
       CASE WHEN k.id IS NULL THEN 0 ELSE t.amount_cents END AS records
FROM ledger_transfers t LEFT JOIN (
    SELECT id, 'order' AS what FROM orders
    UNION ALL SELECT id, 'attempt' FROM payment_intents
    UNION ALL SELECT id, 'refund' FROM refunds
    UNION ALL SELECT id, 'coins' FROM rewards_transactions
    UNION ALL SELECT id, 'drawer' FROM cash_drawers
    UNION ALL SELECT id, 'dispute' FROM disputes
) k ON k.id = t.subject AND k.what = CASE
    WHEN t.kind IN ('sale', 'cash_taken') THEN 'order'
    WHEN t.kind IN ('charge', 'apply', 'processing_fee') THEN 'attempt'
    WHEN t.kind LIKE 'refund\\_%' OR t.kind = 'coins_reversed' THEN 'refund'
    WHEN t.kind LIKE 'coins\\_%' OR t.kind = 'debt_settled' THEN 'coins'
    WHEN t.kind IN ('float_given', 'drawer_emptied') THEN 'drawer'
    WHEN t.kind LIKE 'dispute\\_%' THEN 'dispute' END
WHERE t.kind NOT IN ('opening', 'debt_written_off')
""",
)

PROOFS = (
    _PAID,
    _DEPOSITS,
    _CHARGES,
    _FEES,
    _BOUNDS,
    _REFUNDS_ASKED,
    _REFUNDS_PAID,
    _ORDERS_REFUNDED,
    _SALES,
    _LINES,
    _PRICES,
    _COINS,
    _COIN_STORIES,
    _COIN_FACTS,
    _DEBTS,
    _COINS_OF_ORDERS,
    _DRAWERS,
    _SIGNED_OFF,
    _DISPUTES,
    _DISPUTE_FEES,
    _TOTALS,
    _PAIRS,
    _SUBJECTS,
)
