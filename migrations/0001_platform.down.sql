DROP TABLE job_starts;
DROP TABLE webhook_events;
DROP TABLE idempotency_keys;
DROP TABLE audit_log;
DROP FUNCTION refuse_change();
DROP EXTENSION citext;
DROP EXTENSION pg_trgm;
