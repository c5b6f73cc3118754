-- From where a mailed link was used: whoever reads a person's mail there may try to sign in from there.
ALTER TABLE mailed_tokens ADD COLUMN used_from text;

-- From where a person has signed in, ended sessions too.
CREATE INDEX sessions_user_idx ON sessions (user_id, created_at);
CREATE INDEX mailed_tokens_used_idx ON mailed_tokens (user_id, used_at) WHERE used_from IS NOT NULL;
