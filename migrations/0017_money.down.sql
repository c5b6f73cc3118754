ALTER TABLE products DROP COLUMN barred_tenders;
ALTER TABLE shop DROP COLUMN coins_expire_days;
ALTER TABLE shop DROP COLUMN tenders;
DROP INDEX rewards_transactions_once_idx;
CREATE UNIQUE INDEX rewards_transactions_once_idx ON rewards_transactions (order_id, type)
    WHERE type IN ('earned', 'redeemed', 'returned');
DROP INDEX rewards_transactions_expiry_idx;
ALTER TABLE rewards_transactions DROP COLUMN expires_at;
ALTER TABLE rewards_accounts DROP COLUMN debt;
DROP TABLE cash_drawers;
DROP TABLE disputes;
DROP INDEX refunds_order_idx;
ALTER TABLE refunds
    DROP CONSTRAINT refunds_cash_order_check,
    DROP CONSTRAINT refunds_channel_intent_check,
    DROP COLUMN lines,
    DROP COLUMN channel,
    ALTER COLUMN payment_intent_id SET NOT NULL;
DROP INDEX stock_movements_return_idx;
DROP INDEX stock_movements_once_idx;
CREATE UNIQUE INDEX stock_movements_once_idx ON stock_movements (order_id, product_id, (reason = 'ordered'))
    WHERE order_id IS NOT NULL;
ALTER TABLE stock_movements DROP COLUMN return_id;
ALTER TABLE order_items
    DROP CONSTRAINT order_items_refunded_check,
    DROP COLUMN refunded_quantity,
    DROP COLUMN tax_local_cents,
    DROP COLUMN tax_cannabis_cents,
    DROP COLUMN tax_state_cents;
ALTER TABLE orders
    DROP CONSTRAINT orders_payment_status_check,
    ADD CONSTRAINT orders_payment_status_check CHECK (payment_status IN (
        'unpaid', 'processing', 'requires_action', 'failed', 'paid', 'refund_pending', 'refunded', 'cancelled'
    )),
    DROP CONSTRAINT orders_coins_returned_check,
    DROP COLUMN coins_returned;
DROP INDEX payment_intents_one_open_idx;
CREATE UNIQUE INDEX payment_intents_one_open_idx ON payment_intents (order_id)
    WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action');
DROP INDEX payment_intents_open_idx;
CREATE INDEX payment_intents_open_idx ON payment_intents (updated_at)
    WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action');
ALTER TABLE payment_intents
    DROP CONSTRAINT payment_intents_authorized_check,
    DROP CONSTRAINT payment_intents_status_check,
    ADD CONSTRAINT payment_intents_status_check CHECK (status IN (
        'created', 'processing', 'requires_confirmation', 'requires_action', 'succeeded', 'failed', 'cancelled', 'surplus'
    )),
    DROP COLUMN fee_cents,
    DROP COLUMN captures_later;
DROP TABLE gateway_customers;
DROP TABLE ledger_transfers;
DROP DOMAIN ledger_account;
