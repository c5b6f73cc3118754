DROP INDEX products_price_idx;
CREATE INDEX products_price_idx ON products (price_cents, id) WHERE is_active;
DROP INDEX products_newest_idx;
CREATE INDEX products_newest_idx ON products (created_at DESC, id DESC) WHERE is_active;
