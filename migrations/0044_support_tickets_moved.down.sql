-- no transaction
DROP INDEX CONCURRENTLY IF EXISTS support_tickets_moved_idx;
