DROP INDEX mailed_tokens_used_idx;
DROP INDEX sessions_user_idx;
ALTER TABLE mailed_tokens DROP COLUMN used_from;
