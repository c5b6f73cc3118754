-- What staff looks orders, products and tickets up by, when there are very many.

-- A door: the law lets so many deliveries go to one in a day, and staff looks a ZIP code up.
CREATE INDEX orders_door_idx ON orders (left(delivery_address ->> 'zipCode', 5), lower(delivery_address ->> 'addressLine1'));
CREATE INDEX orders_driven_idx ON orders (driver_id, created_at DESC, id DESC) WHERE driver_id IS NOT NULL;
CREATE INDEX orders_unusual_payment_idx ON orders (payment_status, created_at DESC, id DESC)
    WHERE payment_status NOT IN ('paid', 'unpaid', 'cancelled');

-- Staff's list shows what is not sold any more, too; and a count by price needs no rows.
DROP INDEX products_newest_idx;
CREATE INDEX products_newest_idx ON products (created_at DESC, id DESC);
DROP INDEX products_price_idx;
CREATE INDEX products_price_idx ON products (price_cents, id) INCLUDE (category_id) WHERE is_active;

CREATE INDEX support_tickets_moved_idx ON support_tickets ((chat_status = 'ended'), updated_at DESC, id DESC);
