DROP INDEX orders_delivered_user_idx;
DROP TABLE promotion_recipients;
DROP TABLE promotions;
DROP TABLE promotion_consents;
DROP TABLE quiet_hours;
DROP TABLE notification_choices;
DROP TABLE notices;
DROP INDEX messages_promotion_idx;
DROP INDEX messages_created_idx;
-- What must not go, or could not, would go after all.
DELETE FROM messages WHERE failed_at IS NOT NULL OR dropped_at IS NOT NULL;
ALTER TABLE messages
    DROP COLUMN attempts,
    DROP COLUMN next_try_at,
    DROP COLUMN reached,
    DROP COLUMN failed_at,
    DROP COLUMN dropped_at,
    DROP COLUMN reason;
