-- What the law was asked and what it answered, which rules were in force, and which of them the operator answers for.

-- Each rule file that ever judged something, whole, so that its hash can be looked up years later.
CREATE TABLE rule_files (
    digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    jurisdiction text NOT NULL CHECK (jurisdiction <> ''),
    files jsonb NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
);

-- A rule is acknowledged as it stands: once its words change, it has to be acknowledged again.
CREATE TABLE rule_acknowledgements (
    jurisdiction text NOT NULL,
    rule text NOT NULL,
    fingerprint text NOT NULL,
    operator text NOT NULL CHECK (length(operator) BETWEEN 2 AND 100),
    actor_id uuid REFERENCES users (id),
    acknowledged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, rule, fingerprint)
);

-- Every answer of the engine, also those that refused something that then never became an order.
CREATE TABLE rule_decisions (
    id uuid PRIMARY KEY,
    stage text NOT NULL CHECK (stage IN ('order', 'departure', 'handover')),
    user_id uuid REFERENCES users (id),
    order_id uuid REFERENCES orders (id),
    trip_id uuid,
    jurisdiction text NOT NULL,
    rules_hash text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('allow', 'deny', 'needs_acknowledgement')),
    decisions jsonb NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    CHECK (stage <> 'departure' OR trip_id IS NOT NULL)
);
CREATE INDEX rule_decisions_order_idx ON rule_decisions (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX rule_decisions_trip_idx ON rule_decisions (trip_id) WHERE trip_id IS NOT NULL;
CREATE INDEX rule_decisions_decided_at_idx ON rule_decisions (decided_at);

-- Places that the law may bar by their kind (schools, hotels, campuses), as the shop has entered them.
CREATE TABLE barred_places (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{1,49}$'),
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    radius_m int NOT NULL CHECK (radius_m BETWEEN 1 AND 10000),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Packing has ended: until then an order can be edited, after it only departed, cancelled or unpacked.
ALTER TABLE orders ADD COLUMN packed_at timestamptz;
