-- no transaction
DROP INDEX CONCURRENTLY IF EXISTS orders_unusual_payment_idx;
