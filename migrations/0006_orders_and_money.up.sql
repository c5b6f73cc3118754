-- Orders, what paid for them, and coins. Amounts are whole US cents; a coin is worth one cent.

CREATE TABLE payment_methods (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type text NOT NULL CHECK (type IN ('card', 'apple_pay', 'google_pay', 'fs_coin', 'cash')),
    provider text NOT NULL CHECK (provider IN ('sandbox', 'stripe', 'shop')),
    external_id text,
    last_four text CHECK (last_four ~ '^\d{4}$'),
    card_brand text,
    expires_at date,
    is_primary boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((type IN ('fs_coin', 'cash')) = (external_id IS NULL)),
    CHECK (is_active OR NOT is_primary)
);
CREATE INDEX payment_methods_user_idx ON payment_methods (user_id) WHERE is_active;
CREATE UNIQUE INDEX payment_methods_one_primary_idx ON payment_methods (user_id) WHERE is_primary;
CREATE UNIQUE INDEX payment_methods_one_of_kind_idx ON payment_methods (user_id, type)
    WHERE is_active AND type IN ('fs_coin', 'cash');
CREATE UNIQUE INDEX payment_methods_external_idx ON payment_methods (user_id, provider, external_id) WHERE is_active;

CREATE SEQUENCE order_numbers START 100001;

CREATE TABLE orders (
    id uuid PRIMARY KEY,
    order_number text NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES users (id),
    cart_id uuid NOT NULL,
    delivery_address_id uuid NOT NULL REFERENCES delivery_addresses (id),
    delivery_address jsonb NOT NULL,
    payment_method_id uuid NOT NULL REFERENCES payment_methods (id),
    tender text NOT NULL CHECK (tender IN ('card', 'apple_pay', 'google_pay', 'fs_coin', 'cash')),
    status text NOT NULL CHECK (status IN (
        'pending', 'payment_failed', 'confirmed', 'preparing', 'out_for_delivery', 'delivered', 'returned', 'cancelled'
    )),
    subtotal_cents int NOT NULL CHECK (subtotal_cents > 0),
    tax_cents int NOT NULL CHECK (tax_cents >= 0),
    taxes jsonb NOT NULL,
    delivery_fee_cents int NOT NULL CHECK (delivery_fee_cents >= 0),
    tip_cents int NOT NULL CHECK (tip_cents >= 0),
    total_cents int NOT NULL CHECK (total_cents = subtotal_cents + tax_cents + delivery_fee_cents + tip_cents),
    coins_used int NOT NULL CHECK (coins_used BETWEEN 0 AND total_cents),
    amount_due_cents int NOT NULL CHECK (amount_due_cents = total_cents - coins_used),
    paid_cents int NOT NULL DEFAULT 0 CHECK (paid_cents IN (0, amount_due_cents)),
    refunded_cents int NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND paid_cents),
    payment_status text NOT NULL CHECK (payment_status IN (
        'unpaid', 'processing', 'requires_action', 'failed', 'paid', 'refund_pending', 'refunded', 'cancelled'
    )),
    hold_expires_at timestamptz,
    rules_hash text NOT NULL,
    special_instructions text CHECK (length(special_instructions) <= 500),
    eta_at timestamptz,
    driver_id uuid REFERENCES users (id),
    delivered_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((status IN ('pending', 'payment_failed')) = (hold_expires_at IS NOT NULL)),
    CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK (status NOT IN ('out_for_delivery', 'delivered', 'returned') OR driver_id IS NOT NULL),
    CHECK (status <> 'delivered' OR paid_cents = amount_due_cents)
) WITH (fillfactor = 80);
CREATE INDEX orders_user_idx ON orders (user_id, created_at DESC, id DESC);
CREATE INDEX orders_status_idx ON orders (status, created_at DESC, id DESC);
CREATE INDEX orders_created_at_idx ON orders (created_at DESC, id DESC);
CREATE INDEX orders_driver_idx ON orders (driver_id) WHERE status IN ('confirmed', 'preparing', 'out_for_delivery');
CREATE INDEX orders_hold_idx ON orders (hold_expires_at) WHERE hold_expires_at IS NOT NULL;
-- One cart becomes one order, whatever two tabs do at once; a cancelled order frees it.
CREATE UNIQUE INDEX orders_one_per_cart_idx ON orders (cart_id) WHERE status <> 'cancelled';

CREATE TABLE order_items (
    order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line int NOT NULL CHECK (line >= 1),
    product_id uuid NOT NULL REFERENCES products (id),
    name text NOT NULL,
    product_class text NOT NULL,
    quantity int NOT NULL CHECK (quantity > 0),
    unit_price_cents int NOT NULL CHECK (unit_price_cents > 0),
    total_price_cents int NOT NULL CHECK (total_price_cents = unit_price_cents * quantity),
    net_weight_mg int NOT NULL CHECK (net_weight_mg >= 0),
    thc_mg int NOT NULL CHECK (thc_mg >= 0),
    PRIMARY KEY (order_id, line),
    UNIQUE (order_id, product_id)
);
CREATE INDEX order_items_product_idx ON order_items (product_id);

CREATE TABLE order_tracking (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    status text NOT NULL,
    message text NOT NULL,
    latitude double precision,
    longitude double precision,
    -- Not now(): two moves in one transaction happen one after the other.
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX order_tracking_order_idx ON order_tracking (order_id, created_at, id);

-- Every change of stock with its reason; the sum per product is its level.
CREATE TABLE stock_movements (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id),
    change int NOT NULL CHECK (change <> 0),
    reason text NOT NULL CHECK (reason IN ('opening', 'received', 'adjusted', 'ordered', 'released', 'restocked')),
    order_id uuid REFERENCES orders (id),
    actor_id uuid REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((reason IN ('ordered', 'released', 'restocked')) = (order_id IS NOT NULL))
);
CREATE INDEX stock_movements_product_idx ON stock_movements (product_id, created_at);
-- An order takes a product once and gives it back at most once.
CREATE UNIQUE INDEX stock_movements_once_idx ON stock_movements (order_id, product_id, (reason = 'ordered'))
    WHERE order_id IS NOT NULL;

-- Our attempts to charge. The row is the truth; the gateway's answer and its webhook both only tell of it.
CREATE TABLE payment_intents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    order_id uuid REFERENCES orders (id),
    payment_method_id uuid REFERENCES payment_methods (id),
    gateway text NOT NULL CHECK (gateway IN ('sandbox', 'stripe')),
    external_id text,
    client_secret text,
    amount_cents int NOT NULL CHECK (amount_cents > 0),
    status text NOT NULL CHECK (status IN (
        'created', 'processing', 'requires_confirmation', 'requires_action', 'succeeded', 'failed', 'cancelled', 'surplus'
    )),
    decline_code text,
    refunded_cents int NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND amount_cents),
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (gateway, external_id),
    CHECK (status NOT IN ('succeeded', 'surplus') OR external_id IS NOT NULL),
    CHECK (refunded_cents = 0 OR status IN ('succeeded', 'surplus'))
);
CREATE INDEX payment_intents_order_idx ON payment_intents (order_id);
CREATE INDEX payment_intents_open_idx ON payment_intents (updated_at)
    WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action');
CREATE INDEX payment_intents_unadopted_idx ON payment_intents (expires_at)
    WHERE order_id IS NULL AND expires_at IS NOT NULL;
-- An order has at most one attempt under way, and is paid at most once.
CREATE UNIQUE INDEX payment_intents_one_open_idx ON payment_intents (order_id)
    WHERE status IN ('created', 'processing', 'requires_confirmation', 'requires_action');
CREATE UNIQUE INDEX payment_intents_one_success_idx ON payment_intents (order_id) WHERE status = 'succeeded';

CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    payment_intent_id uuid NOT NULL REFERENCES payment_intents (id),
    order_id uuid REFERENCES orders (id),
    amount_cents int NOT NULL CHECK (amount_cents > 0),
    reason text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
    external_id text UNIQUE,
    requested_by uuid REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL))
);
CREATE INDEX refunds_intent_idx ON refunds (payment_intent_id);
CREATE INDEX refunds_pending_idx ON refunds (created_at) WHERE status = 'pending';

CREATE TABLE rewards_accounts (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    balance int NOT NULL DEFAULT 0 CHECK (balance >= 0)
);

CREATE TABLE rewards_transactions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES rewards_accounts (user_id) ON DELETE CASCADE,
    type text NOT NULL CHECK (type IN ('earned', 'redeemed', 'returned', 'reversed', 'expired', 'granted')),
    amount int NOT NULL CHECK (amount <> 0),
    description text NOT NULL,
    order_id uuid REFERENCES orders (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((type IN ('redeemed', 'reversed', 'expired')) = (amount < 0))
);
CREATE INDEX rewards_transactions_user_idx ON rewards_transactions (user_id, created_at DESC, id DESC);
-- An order spends, gives back and earns coins at most once each.
CREATE UNIQUE INDEX rewards_transactions_once_idx ON rewards_transactions (order_id, type)
    WHERE type IN ('earned', 'redeemed', 'returned');
