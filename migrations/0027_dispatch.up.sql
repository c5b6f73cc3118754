-- Drivers answer to what they are given, and the shop may have it given out by itself.

-- Nobody assigned it by hand: dispatch did. What drivers have already counts as accepted.
ALTER TABLE stops
    ALTER COLUMN assigned_by DROP NOT NULL,
    ADD COLUMN accepted_at timestamptz;
UPDATE stops SET accepted_at = assigned_at;
CREATE INDEX stops_unanswered_idx ON stops (assigned_at) WHERE accepted_at IS NULL;

ALTER TABLE shop ADD COLUMN automatic_dispatch boolean NOT NULL DEFAULT false;
ALTER TABLE vehicles ADD COLUMN max_orders int CHECK (max_orders BETWEEN 1 AND 200);

-- Who gave an order back, or did not answer in time: the last time of each driver.
CREATE TABLE assignment_refusals (
    order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    driver_id uuid NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN ('declined', 'unanswered')),
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (order_id, driver_id),
    CHECK ((kind = 'declined') = (reason IS NOT NULL))
);
CREATE INDEX assignment_refusals_driver_idx ON assignment_refusals (driver_id, at);
CREATE INDEX assignment_refusals_at_idx ON assignment_refusals (at);

-- What dispatch decided about an order and why; without a driver it waits.
CREATE TABLE dispatch_decisions (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    driver_id uuid REFERENCES users (id),
    why text NOT NULL CHECK (length(why) BETWEEN 1 AND 500),
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX dispatch_decisions_decided_idx ON dispatch_decisions (decided_at DESC, id DESC);
CREATE INDEX dispatch_decisions_order_idx ON dispatch_decisions (order_id, decided_at DESC, id DESC);
CREATE INDEX dispatch_decisions_driver_idx ON dispatch_decisions (driver_id) WHERE driver_id IS NOT NULL;
