-- The shop, where it delivers, and where people live.

CREATE TABLE shop (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name text NOT NULL,
    license_number text NOT NULL,
    license_type text NOT NULL,
    license_issuer text NOT NULL,
    license_issued_on date NOT NULL,
    license_expires_on date NOT NULL,
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    paused boolean NOT NULL DEFAULT false,
    CHECK (license_expires_on > license_issued_on)
);

CREATE TABLE service_areas (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    radius_m int NOT NULL CHECK (radius_m > 0),
    fee_cents int NOT NULL CHECK (fee_cents >= 0),
    minimum_cents int NOT NULL CHECK (minimum_cents >= 0),
    -- Minutes since local midnight; 0 and 1440 are round the clock.
    opens_minute int NOT NULL CHECK (opens_minute BETWEEN 0 AND 1439),
    closes_minute int NOT NULL CHECK (closes_minute BETWEEN 1 AND 1440),
    is_active boolean NOT NULL DEFAULT true,
    CHECK (opens_minute < closes_minute)
);

CREATE TABLE delivery_addresses (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    address_line1 text NOT NULL CHECK (length(address_line1) BETWEEN 5 AND 255),
    address_line2 text CHECK (length(address_line2) <= 255),
    city text NOT NULL CHECK (length(city) BETWEEN 2 AND 100),
    state text NOT NULL CHECK (state ~ '^[A-Z]{2}$'),
    zip_code text NOT NULL CHECK (zip_code ~ '^\d{5}(-\d{4})?$'),
    address_type text NOT NULL CHECK (address_type IN ('home', 'work', 'other')),
    delivery_instructions text CHECK (length(delivery_instructions) <= 500),
    is_primary boolean NOT NULL DEFAULT false,
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    precision text NOT NULL CHECK (precision IN ('rooftop', 'street', 'zip', 'pin')),
    formatted_address text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CHECK (deleted_at IS NULL OR NOT is_primary)
);
CREATE INDEX delivery_addresses_user_idx ON delivery_addresses (user_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX delivery_addresses_one_primary_idx ON delivery_addresses (user_id) WHERE is_primary;
