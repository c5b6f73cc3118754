-- Days of orders summed up for the owner's reports, and which of them are to be summed again (docs/adr/0032).

-- A day has the orders placed on it, as they are now. Sums are in cents and of those that were delivered; baskets (goods
-- without tax, cents) and minutes (from placing to the door) are sorted, so that a median is looked up.
CREATE TABLE report_days (
    zone text NOT NULL,
    day date NOT NULL,
    placed int NOT NULL,
    delivered int NOT NULL,
    returned int NOT NULL,
    cancelled int NOT NULL,
    first_orders int NOT NULL,
    on_time int NOT NULL,
    units int NOT NULL,
    goods_cents bigint NOT NULL,
    tax_state_cents bigint NOT NULL,
    tax_cannabis_cents bigint NOT NULL,
    tax_local_cents bigint NOT NULL,
    fee_cents bigint NOT NULL,
    tip_cents bigint NOT NULL,
    total_cents bigint NOT NULL,
    coins_cents bigint NOT NULL,
    refunded_cents bigint NOT NULL,
    baskets int[] NOT NULL,
    minutes int[] NOT NULL,
    PRIMARY KEY (zone, day)
);
CREATE TABLE report_products (
    zone text NOT NULL,
    day date NOT NULL,
    product_id uuid NOT NULL,
    units int NOT NULL,
    goods_cents bigint NOT NULL,
    PRIMARY KEY (zone, day, product_id)
);
-- The zone that the days are summed in; without it nothing is summed yet.
CREATE TABLE report_zone (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    zone text NOT NULL
);

-- When orders were placed that have changed since. Rows are only added: two orders of one day do not wait for each other.
CREATE TABLE report_marks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    placed_at timestamptz NOT NULL
);
CREATE FUNCTION mark_report_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_marks (placed_at) VALUES (NEW.created_at);
    RETURN NULL;
END
$$;
CREATE TRIGGER orders_mark_report_day AFTER INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION mark_report_day();
-- A new estimate alone changes no sum, and there are many of them.
CREATE TRIGGER orders_mark_report_day_again AFTER UPDATE ON orders
    FOR EACH ROW WHEN (
        OLD.* IS DISTINCT FROM NEW.*
        AND (OLD.status IS DISTINCT FROM NEW.status OR OLD.eta_at IS NOT DISTINCT FROM NEW.eta_at)
    ) EXECUTE FUNCTION mark_report_day();

CREATE INDEX rule_decisions_refused_idx ON rule_decisions (decided_at) WHERE outcome <> 'allow';
CREATE INDEX stop_log_returned_idx ON stop_log (at) WHERE kind = 'returned';
CREATE INDEX order_tracking_unpaid_idx ON order_tracking (created_at) WHERE status = 'payment_failed';
