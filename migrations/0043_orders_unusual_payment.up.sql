-- no transaction
-- The board by what went another way than paid: few orders of very many.
CREATE INDEX CONCURRENTLY orders_unusual_payment_idx ON orders (payment_status, created_at DESC, id DESC)
    WHERE payment_status NOT IN ('paid', 'unpaid', 'cancelled');
