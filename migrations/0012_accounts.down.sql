DROP INDEX messages_user_idx;
DROP INDEX messages_to_strangers_idx;
DELETE FROM messages WHERE user_id IS NULL;
ALTER TABLE messages ALTER COLUMN user_id SET NOT NULL;

DROP TABLE invitations;

DROP INDEX users_closed_at_idx;
ALTER TABLE users DROP COLUMN closed_at;

UPDATE sessions SET end_reason = 'password_reset' WHERE end_reason = 'password_changed';
ALTER TABLE sessions
    DROP CONSTRAINT sessions_end_reason_check,
    ADD CONSTRAINT sessions_end_reason_check CHECK (end_reason IN (
        'signed_out', 'password_reset', 'token_reuse', 'account_closed', 'by_staff', 'second_factor_changed'));
