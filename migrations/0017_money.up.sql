-- The books (ADR 18), authorise now and capture later, refunds by line and tender, disputes, drawers, and coins that expire.

-- Every account of the books (docs/adr/0018); a name that is not here cannot be posted to.
CREATE DOMAIN ledger_account AS text CHECK (VALUE IN (
    'gateway', 'safe', 'drawer', 'disputed', 'coin_debts',
    'deposits', 'unapplied', 'refunds_payable', 'coins', 'tips',
    'tax_state', 'tax_cannabis', 'tax_local',
    'sales', 'delivery_fees', 'coin_breakage',
    'sales_returns', 'allowances', 'processing_fees', 'coin_rewards', 'goodwill', 'dispute_losses', 'cash_over_short'
));

-- One movement from one account to another, so an entry is balanced by being written. A fact (`kind`, `subject`) is
-- posted once; `leg` numbers its parts.
CREATE TABLE ledger_transfers (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    subject uuid NOT NULL,
    leg smallint NOT NULL CHECK (leg >= 1),
    debit ledger_account NOT NULL,
    credit ledger_account NOT NULL,
    amount_cents int NOT NULL CHECK (amount_cents > 0),
    order_id uuid REFERENCES orders (id),
    -- Whose coins, drawer or tips. No foreign key: the books outlive the person.
    party_id uuid,
    posted_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, subject, leg),
    CHECK (debit <> credit),
    CHECK (
        party_id IS NOT NULL
        OR (debit NOT IN ('coins', 'coin_debts', 'drawer', 'tips') AND credit NOT IN ('coins', 'coin_debts', 'drawer', 'tips'))
    )
);
CREATE INDEX ledger_transfers_order_idx ON ledger_transfers (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX ledger_transfers_party_idx ON ledger_transfers (party_id) WHERE party_id IS NOT NULL;
CREATE INDEX ledger_transfers_posted_idx ON ledger_transfers (posted_at, id);
CREATE TRIGGER ledger_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who a person is at a gateway.
CREATE TABLE gateway_customers (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    gateway text NOT NULL CHECK (gateway IN ('sandbox', 'stripe')),
    external_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, gateway),
    UNIQUE (gateway, external_id)
);

-- An attempt may be authorised at the order and captured before departure.
ALTER TABLE payment_intents
    ADD COLUMN captures_later boolean NOT NULL DEFAULT false,
    ADD COLUMN fee_cents int CHECK (fee_cents >= 0),
    DROP CONSTRAINT payment_intents_status_check,
    ADD CONSTRAINT payment_intents_status_check CHECK (status IN (
        'created', 'processing', 'requires_confirmation', 'requires_action', 'authorized', 'succeeded', 'failed',
        'cancelled', 'surplus'
    )),
    ADD CONSTRAINT payment_intents_authorized_check CHECK (status <> 'authorized' OR external_id IS NOT NULL);
DROP INDEX payment_intents_open_idx;
CREATE INDEX payment_intents_open_idx ON payment_intents (updated_at)
    WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action', 'authorized');
DROP INDEX payment_intents_one_open_idx;
CREATE UNIQUE INDEX payment_intents_one_open_idx ON payment_intents (order_id)
    WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action', 'authorized');

ALTER TABLE orders
    ADD COLUMN coins_returned int NOT NULL DEFAULT 0,
    ADD CONSTRAINT orders_coins_returned_check CHECK (coins_returned BETWEEN 0 AND coins_used),
    DROP CONSTRAINT orders_payment_status_check,
    ADD CONSTRAINT orders_payment_status_check CHECK (payment_status IN (
        'unpaid', 'processing', 'requires_action', 'authorized', 'failed', 'paid', 'refund_pending', 'refunded', 'cancelled'
    ));

-- Each line's share of each kind of tax, so that a line can go back with its tax; and how much of it went back.
ALTER TABLE order_items
    ADD COLUMN tax_state_cents int NOT NULL DEFAULT 0 CHECK (tax_state_cents >= 0),
    ADD COLUMN tax_cannabis_cents int NOT NULL DEFAULT 0 CHECK (tax_cannabis_cents >= 0),
    ADD COLUMN tax_local_cents int NOT NULL DEFAULT 0 CHECK (tax_local_cents >= 0),
    ADD COLUMN refunded_quantity int NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_items_refunded_check CHECK (refunded_quantity BETWEEN 0 AND quantity);
-- Older orders: the taxes go to the lines by their prices, cumulatively rounded, so that they add up to the cent.
UPDATE order_items i SET tax_state_cents = s.state, tax_cannabis_cents = s.cannabis, tax_local_cents = s.local
FROM (
    SELECT order_id, line, round(state * upto / whole) - round(state * (upto - own) / whole) AS state,
           round(cannabis * upto / whole) - round(cannabis * (upto - own) / whole) AS cannabis,
           round(local * upto / whole) - round(local * (upto - own) / whole) AS local
    FROM (
        SELECT i.order_id, i.line, i.total_price_cents AS own,
               sum(i.total_price_cents) OVER (PARTITION BY i.order_id)::numeric AS whole,
               sum(i.total_price_cents) OVER (PARTITION BY i.order_id ORDER BY i.line)::numeric AS upto,
               round(coalesce((o.taxes ->> 'state')::numeric, 0) * 100) AS state,
               round(coalesce((o.taxes ->> 'cannabis')::numeric, 0) * 100) AS cannabis,
               round(coalesce((o.taxes ->> 'local')::numeric, 0) * 100) AS local
        FROM order_items i JOIN orders o ON o.id = i.order_id
    ) AS lines
) AS s
WHERE i.order_id = s.order_id AND i.line = s.line;
UPDATE orders SET coins_returned = coins_used WHERE status IN ('cancelled', 'returned') AND coins_used > 0;
-- Units of one line may go back to the shelf in parts; a return is what came back at once.
ALTER TABLE stock_movements ADD COLUMN return_id uuid;
DROP INDEX stock_movements_once_idx;
CREATE UNIQUE INDEX stock_movements_once_idx ON stock_movements (order_id, product_id, (reason = 'ordered'))
    WHERE order_id IS NOT NULL AND return_id IS NULL;
CREATE UNIQUE INDEX stock_movements_return_idx ON stock_movements (return_id, product_id) WHERE return_id IS NOT NULL;

-- Money goes back by the gateway that took it, or out of the safe; coins go back in rewards_transactions.
ALTER TABLE refunds
    ALTER COLUMN payment_intent_id DROP NOT NULL,
    ADD COLUMN channel text NOT NULL DEFAULT 'gateway' CHECK (channel IN ('gateway', 'cash')),
    ADD COLUMN lines jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT refunds_channel_intent_check CHECK ((channel = 'gateway') = (payment_intent_id IS NOT NULL)),
    ADD CONSTRAINT refunds_cash_order_check CHECK (channel <> 'cash' OR order_id IS NOT NULL);
CREATE INDEX refunds_order_idx ON refunds (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE disputes (
    id uuid PRIMARY KEY,
    payment_intent_id uuid NOT NULL REFERENCES payment_intents (id),
    order_id uuid REFERENCES orders (id),
    gateway text NOT NULL CHECK (gateway IN ('sandbox', 'stripe')),
    external_id text NOT NULL,
    amount_cents int NOT NULL CHECK (amount_cents > 0),
    fee_cents int NOT NULL DEFAULT 0 CHECK (fee_cents >= 0),
    reason text NOT NULL,
    status text NOT NULL CHECK (status IN ('warning', 'needs_response', 'under_review', 'won', 'lost')),
    -- Whether the gateway took the money back from us while it is argued about.
    withdrawn boolean NOT NULL DEFAULT false,
    evidence_due_at timestamptz,
    opened_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (gateway, external_id)
);
CREATE INDEX disputes_intent_idx ON disputes (payment_intent_id);
CREATE INDEX disputes_opened_idx ON disputes (opened_at DESC, id DESC);

-- A driver's cash: the float they began with, what they took at doors (net of change), what they counted without being
-- told what should be there, and what staff counted when they signed.
CREATE TABLE cash_drawers (
    id uuid PRIMARY KEY,
    shift_id uuid NOT NULL UNIQUE REFERENCES driver_shifts (id),
    driver_id uuid NOT NULL REFERENCES users (id),
    status text NOT NULL CHECK (status IN ('open', 'counted', 'signed_off')),
    float_cents int NOT NULL CHECK (float_cents >= 0),
    collected_cents int NOT NULL DEFAULT 0 CHECK (collected_cents >= 0),
    counted_cents int CHECK (counted_cents >= 0),
    received_cents int CHECK (received_cents >= 0),
    opened_at timestamptz NOT NULL DEFAULT now(),
    counted_at timestamptz,
    signed_off_by uuid REFERENCES users (id),
    signed_off_at timestamptz,
    note text CHECK (length(note) <= 500),
    CHECK ((status = 'open') = (counted_cents IS NULL)),
    CHECK ((counted_cents IS NULL) = (counted_at IS NULL)),
    CHECK ((status = 'signed_off') = (received_cents IS NOT NULL)),
    CHECK ((received_cents IS NULL) = (signed_off_at IS NULL) AND (signed_off_at IS NULL) = (signed_off_by IS NULL)),
    CHECK (signed_off_by <> driver_id)
);
CREATE UNIQUE INDEX cash_drawers_one_open_idx ON cash_drawers (driver_id) WHERE status = 'open';
CREATE INDEX cash_drawers_waiting_idx ON cash_drawers (opened_at DESC, id DESC);

-- Coins that expire, and coins that were spent before the refund that should have taken them back.
ALTER TABLE rewards_accounts ADD COLUMN debt int NOT NULL DEFAULT 0 CHECK (debt >= 0);
ALTER TABLE rewards_transactions
    ADD COLUMN expires_at timestamptz,
    ADD CONSTRAINT rewards_transactions_expiry_check CHECK (expires_at IS NULL OR type IN ('earned', 'granted'));
CREATE INDEX rewards_transactions_expiry_idx ON rewards_transactions (expires_at) WHERE expires_at IS NOT NULL;
-- Coins of one order may go back in parts: orders.coins_returned bounds them.
DROP INDEX rewards_transactions_once_idx;
CREATE UNIQUE INDEX rewards_transactions_once_idx ON rewards_transactions (order_id, type)
    WHERE type IN ('earned', 'redeemed');

-- Which ways to pay the shop offers, and which a product bars. The rule file has the law's.
ALTER TABLE shop ADD COLUMN tenders text[] NOT NULL DEFAULT '{card,apple_pay,google_pay,fs_coin,cash}'
    CHECK (tenders <@ '{card,apple_pay,google_pay,fs_coin,cash}');
-- How long coins are good; without a number for ever.
ALTER TABLE shop ADD COLUMN coins_expire_days int DEFAULT 365 CHECK (coins_expire_days > 0);
ALTER TABLE products ADD COLUMN barred_tenders text[] NOT NULL DEFAULT '{}'
    CHECK (barred_tenders <@ '{card,apple_pay,google_pay,fs_coin,cash}');

-- What was under way when the books were opened, so that it can be closed in them.
INSERT INTO ledger_transfers (id, kind, subject, leg, debit, credit, amount_cents, order_id)
SELECT gen_random_uuid(), 'opening', o.id, 1, 'gateway', 'deposits', o.paid_cents - coalesce(r.cents, 0), o.id
FROM orders o
LEFT JOIN (
    SELECT order_id, sum(amount_cents)::int AS cents FROM refunds WHERE status <> 'failed' GROUP BY order_id
) r ON r.order_id = o.id
WHERE o.status <> 'delivered' AND o.paid_cents > coalesce(r.cents, 0)
UNION ALL
SELECT gen_random_uuid(), 'opening', id, 2, 'goodwill', 'deposits', coins_used, id FROM orders
WHERE status IN ('pending', 'payment_failed', 'confirmed', 'preparing', 'out_for_delivery') AND coins_used > 0
UNION ALL
SELECT gen_random_uuid(), 'opening', id, 1, 'gateway', 'refunds_payable', amount_cents, order_id FROM refunds
WHERE status = 'pending'
UNION ALL
SELECT gen_random_uuid(), 'opening', id, 1, 'gateway', 'unapplied', amount_cents - refunded_cents, NULL
FROM payment_intents
WHERE (status = 'surplus' OR status = 'succeeded' AND order_id IS NULL) AND amount_cents > refunded_cents;
INSERT INTO ledger_transfers (id, kind, subject, leg, debit, credit, amount_cents, party_id)
SELECT gen_random_uuid(), 'opening', user_id, 1, 'goodwill', 'coins', balance, user_id FROM rewards_accounts WHERE balance > 0;
