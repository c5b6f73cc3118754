-- Staff's list shows what is not sold any more, too; and the menu's count by price needs no rows.
-- the table is small: a menu has thousands of products, and only staff writes them

DROP INDEX products_newest_idx;
CREATE INDEX products_newest_idx ON products (created_at DESC, id DESC);
DROP INDEX products_price_idx;
CREATE INDEX products_price_idx ON products (price_cents, id) INCLUDE (category_id) WHERE is_active;
