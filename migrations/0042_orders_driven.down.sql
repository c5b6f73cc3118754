-- no transaction
DROP INDEX CONCURRENTLY IF EXISTS orders_driven_idx;
