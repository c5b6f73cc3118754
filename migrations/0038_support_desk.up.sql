-- Agents who have set themselves away, and finding tickets by what they are about.

-- A row while it is so. Whoever writes one holds the desk, as whoever gives a ticket to an agent does.
CREATE TABLE support_away (
    agent_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    since timestamptz NOT NULL DEFAULT now()
);
-- the table is small: a ticket for a few orders in a hundred, and who orders does not write on it.
CREATE INDEX support_tickets_subject_idx ON support_tickets USING gin (lower(subject) gin_trgm_ops);
