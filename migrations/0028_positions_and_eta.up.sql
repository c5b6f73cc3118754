-- Positions that cannot be true are kept marked; an order's estimate says where it comes from and what its customer was told.

ALTER TABLE driver_locations ADD COLUMN suspect boolean NOT NULL DEFAULT false;

-- No source: the estimate is the first one, which nobody reckoned.
ALTER TABLE orders
    ADD COLUMN eta_source text,
    ADD COLUMN eta_told_at timestamptz,
    ADD CONSTRAINT orders_eta_source_check CHECK (eta_source IN ('google', 'osrm', 'distance')) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_eta_source_check;
