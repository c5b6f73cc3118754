-- Trips: who may leave with what, the paper that goes with it, and what happened on the road.

ALTER TABLE vehicles
    ADD COLUMN enclosed boolean NOT NULL DEFAULT true,
    ADD COLUMN vin text CHECK (vin ~ '^[A-HJ-NPR-Z0-9]{17}$');

-- Only the kind of a paper and its last day; its number is nobody's business here.
CREATE TABLE vehicle_papers (
    vehicle_id uuid NOT NULL REFERENCES vehicles (id),
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{1,49}$'),
    expires_on date,
    PRIMARY KEY (vehicle_id, kind)
);
CREATE TABLE driver_papers (
    driver_id uuid NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind ~ '^[a-z][a-z0-9_]{1,49}$'),
    expires_on date,
    PRIMARY KEY (driver_id, kind)
);
-- The licence's number goes onto manifests where the law wants it there; it is wrapped by the master key.
CREATE TABLE driver_profiles (
    driver_id uuid PRIMARY KEY REFERENCES users (id),
    employee_no text CHECK (length(employee_no) BETWEEN 1 AND 30),
    license_wrapped bytea
);

CREATE TABLE trips (
    id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES users (id),
    vehicle_id uuid REFERENCES vehicles (id),
    people int NOT NULL DEFAULT 1 CHECK (people BETWEEN 1 AND 4),
    -- One that a pickup made is over with its last stop.
    ends_itself boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    departed_at timestamptz,
    ended_at timestamptz
);
CREATE UNIQUE INDEX trips_one_open_idx ON trips (driver_id) WHERE ended_at IS NULL;
CREATE INDEX trips_created_at_idx ON trips (created_at DESC, id DESC);
CREATE INDEX trips_driver_idx ON trips (driver_id, created_at DESC);

CREATE TABLE trip_stops (
    trip_id uuid NOT NULL REFERENCES trips (id),
    order_id uuid NOT NULL REFERENCES orders (id),
    place int NOT NULL CHECK (place >= 1),
    outcome text CHECK (outcome IN ('delivered', 'returned', 'handed_on')),
    ended_at timestamptz,
    PRIMARY KEY (trip_id, order_id),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
CREATE INDEX trip_stops_order_idx ON trip_stops (order_id);

CREATE TABLE stop_log (
    id uuid PRIMARY KEY,
    trip_id uuid REFERENCES trips (id),
    order_id uuid REFERENCES orders (id),
    driver_id uuid NOT NULL REFERENCES users (id),
    kind text NOT NULL CHECK (kind IN (
        'departed', 'arrived', 'id_checked', 'delivered', 'returned', 'handed_on', 'rest', 'fuel', 'repair', 'traffic',
        'other', 'ended'
    )),
    code text CHECK (code ~ '^[a-z_]{1,30}$'),
    note text CHECK (length(note) BETWEEN 1 AND 500),
    latitude double precision,
    longitude double precision,
    -- Not now(): several things in one transaction happen one after the other.
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (trip_id IS NOT NULL OR order_id IS NOT NULL)
);
CREATE INDEX stop_log_trip_idx ON stop_log (trip_id, at);
CREATE INDEX stop_log_order_idx ON stop_log (order_id) WHERE order_id IS NOT NULL;

-- The paper of a trip, frozen at departure and anew after each stop. A licence's number stands beside it, wrapped.
CREATE SEQUENCE manifest_numbers START 100001;
CREATE TABLE manifests (
    id uuid PRIMARY KEY,
    trip_id uuid NOT NULL REFERENCES trips (id),
    number bigint NOT NULL,
    version int NOT NULL CHECK (version >= 1),
    content jsonb NOT NULL,
    license_wrapped bytea,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    made_at timestamptz NOT NULL,
    UNIQUE (trip_id, version),
    UNIQUE (number, version)
);
-- Only the wrapping may change, when the master key does.
CREATE FUNCTION keep_manifest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(OLD) - 'license_wrapped') = (to_jsonb(NEW) - 'license_wrapped')
       AND (OLD.license_wrapped IS NULL) = (NEW.license_wrapped IS NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER manifests_stay BEFORE UPDATE OR DELETE ON manifests
    FOR EACH ROW EXECUTE FUNCTION keep_manifest();
CREATE TRIGGER manifests_are_not_emptied BEFORE TRUNCATE ON manifests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
