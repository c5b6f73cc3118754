ALTER TABLE messages DROP COLUMN claimed_until, DROP COLUMN good_until;
