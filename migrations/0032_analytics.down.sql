DROP TABLE analytics_forwards;
DROP TABLE analytics_consents;
ALTER TABLE analytics_events DROP COLUMN occurred_at, DROP COLUMN visitor_id;
DROP INDEX IF EXISTS analytics_events_user_idx;
