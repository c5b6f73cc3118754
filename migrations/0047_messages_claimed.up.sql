-- no transaction
-- What somebody claimed and never came back to.
CREATE INDEX CONCURRENTLY messages_claimed_idx ON messages (claimed_until) WHERE claimed_until IS NOT NULL;
