-- The older release knows of no order that was paid more than is due: there the difference never came.
UPDATE orders SET paid_cents = amount_due_cents,
    refunded_cents = greatest(0, refunded_cents - (paid_cents - amount_due_cents))
WHERE paid_cents > amount_due_cents;
ALTER TABLE orders
    DROP CONSTRAINT orders_check8,
    ADD CONSTRAINT orders_check8 CHECK (status <> 'delivered' OR paid_cents = amount_due_cents),
    DROP CONSTRAINT orders_check3,
    ADD CONSTRAINT orders_check3 CHECK (paid_cents IN (0, amount_due_cents));
DROP INDEX payment_intents_one_for_change_idx;
DROP INDEX payment_intents_one_success_idx;
UPDATE payment_intents SET order_id = NULL WHERE amendment_id IS NOT NULL;
CREATE UNIQUE INDEX payment_intents_one_success_idx ON payment_intents (order_id) WHERE status = 'succeeded';
ALTER TABLE payment_intents DROP COLUMN amendment_id;
DROP TABLE order_amendments;
