DROP INDEX messages_claimed_idx;
ALTER TABLE messages DROP COLUMN claimed_until, DROP COLUMN good_until;
