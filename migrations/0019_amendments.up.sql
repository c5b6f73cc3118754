-- Amendments (ADR 24): other goods for an order, proposed and consented to until its packing ends.

CREATE TABLE order_amendments (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    proposed_by uuid NOT NULL REFERENCES users (id),
    by_customer boolean NOT NULL,
    status text NOT NULL CHECK (status IN (
        'open', 'paying', 'applied', 'declined', 'withdrawn', 'expired', 'closed', 'failed'
    )),
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    -- The whole new list: product and unit price (cents) of each line, and how many.
    lines jsonb NOT NULL,
    -- What the order was when it was proposed, and what it becomes: lines and sums (cents).
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    -- Whether what is taken off the order is on the shelf again, or gone.
    restock boolean NOT NULL,
    -- All that a line keeps, and the taxes, for when the difference is paid.
    revision jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status IN ('open', 'paying')) = (settled_at IS NULL))
);
CREATE INDEX order_amendments_order_idx ON order_amendments (order_id, created_at DESC, id DESC);
CREATE INDEX order_amendments_expiry_idx ON order_amendments (expires_at) WHERE status IN ('open', 'paying');
-- One proposal at a time, whatever two colleagues do at once.
CREATE UNIQUE INDEX order_amendments_one_open_idx ON order_amendments (order_id) WHERE status IN ('open', 'paying');

-- A change that makes a paid order dearer is paid by an attempt of its own, beside the one that paid the order.
ALTER TABLE payment_intents ADD COLUMN amendment_id uuid REFERENCES order_amendments (id);
DROP INDEX payment_intents_one_success_idx;
CREATE UNIQUE INDEX payment_intents_one_success_idx ON payment_intents (order_id)
    WHERE status = 'succeeded' AND amendment_id IS NULL;
CREATE UNIQUE INDEX payment_intents_one_for_change_idx ON payment_intents (amendment_id) WHERE status = 'succeeded';

-- An order that became cheaper was paid more than is due; the difference stands in refunds.
ALTER TABLE orders
    DROP CONSTRAINT orders_check3,
    ADD CONSTRAINT orders_check3 CHECK (paid_cents = 0 OR paid_cents >= amount_due_cents),
    DROP CONSTRAINT orders_check8,
    ADD CONSTRAINT orders_check8 CHECK (status <> 'delivered' OR paid_cents >= amount_due_cents);
