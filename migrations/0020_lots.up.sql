-- Lots: packages of the state's track and trace, each with its tag, its lab result and its last good day.

-- What the shop owes to orders that count on units which are no longer on sale; nothing is sold until it is made good.
ALTER TABLE stock_levels
    ADD COLUMN owed int NOT NULL DEFAULT 0 CHECK (owed >= 0),
    ADD CONSTRAINT stock_levels_owes_when_empty CHECK (owed = 0 OR quantity = 0);

CREATE TABLE lots (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id),
    tag text NOT NULL UNIQUE CHECK (tag ~ '^[A-Z0-9]{6,30}$'),
    received int NOT NULL CHECK (received > 0),
    -- Units that lie in the shop: neither packed nor destroyed.
    quantity int NOT NULL CHECK (quantity >= 0),
    lab_result text NOT NULL CHECK (lab_result IN ('pending', 'passed', 'failed')),
    lab_name text CHECK (length(lab_name) <= 100),
    tested_on date,
    lab_url text CHECK (length(lab_url) <= 500),
    expires_on date,
    status text NOT NULL CHECK (status IN ('active', 'held', 'recalled', 'expired')),
    -- Whether its units are in the product's stock level: active, passed, not expired.
    on_sale boolean NOT NULL,
    note text CHECK (length(note) <= 500),
    received_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (NOT on_sale OR (status = 'active' AND lab_result = 'passed'))
);
CREATE INDEX lots_product_idx ON lots (product_id, received_at DESC, id DESC);
CREATE INDEX lots_received_at_idx ON lots (received_at DESC, id DESC);
CREATE INDEX lots_expiring_idx ON lots (expires_on) WHERE status = 'active' AND expires_on IS NOT NULL;

-- Which units of which lot lie in which order.
CREATE TABLE order_packages (
    order_id uuid NOT NULL REFERENCES orders (id),
    product_id uuid NOT NULL REFERENCES products (id),
    lot_id uuid NOT NULL REFERENCES lots (id),
    quantity int NOT NULL CHECK (quantity > 0),
    -- Units that came back from the customer and went back into the lot, or were destroyed.
    returned int NOT NULL DEFAULT 0,
    packed_by uuid NOT NULL REFERENCES users (id),
    packed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, lot_id),
    CHECK (returned BETWEEN 0 AND quantity)
);
CREATE INDEX order_packages_lot_idx ON order_packages (lot_id);

-- Why a lot's units changed; their sum is its quantity.
CREATE TABLE lot_movements (
    id uuid PRIMARY KEY,
    lot_id uuid NOT NULL REFERENCES lots (id),
    change int NOT NULL CHECK (change <> 0),
    reason text NOT NULL CHECK (reason IN ('received', 'packed', 'unpacked', 'returned', 'adjusted', 'destroyed')),
    order_id uuid REFERENCES orders (id),
    actor_id uuid REFERENCES users (id),
    note text CHECK (length(note) <= 500),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((reason IN ('packed', 'unpacked', 'returned')) = (order_id IS NOT NULL))
);
CREATE INDEX lot_movements_lot_idx ON lot_movements (lot_id, created_at);
CREATE TRIGGER lot_movements_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason_check,
    ADD CONSTRAINT stock_movements_reason_check CHECK (reason IN (
        'opening', 'received', 'adjusted', 'ordered', 'released', 'restocked', 'taken_off_sale', 'put_on_sale'
    ));
