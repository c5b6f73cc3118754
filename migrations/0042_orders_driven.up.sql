-- no transaction
-- The board by driver.
CREATE INDEX CONCURRENTLY orders_driven_idx ON orders (driver_id, created_at DESC, id DESC) WHERE driver_id IS NOT NULL;
