-- Chat with support: when a ticket went where, notes that only staff sees, pictures that people send, agents who are away.

ALTER TABLE support_tickets
    ADD COLUMN assigned_at timestamptz,
    ADD COLUMN closed_at timestamptz,
    -- The messages of a ticket are told in the order of their times, so no two have the same.
    ADD COLUMN last_message_at timestamptz;
UPDATE support_tickets SET closed_at = updated_at WHERE chat_status = 'ended';
ALTER TABLE support_tickets ADD CHECK ((chat_status = 'ended') = (closed_at IS NOT NULL)),
    ADD CONSTRAINT support_tickets_agent_is_another CHECK (agent_id <> user_id);
CREATE INDEX support_tickets_handled_idx ON support_tickets (agent_id, assigned_at DESC);
CREATE INDEX support_tickets_updated_idx ON support_tickets (updated_at DESC, id);

-- What staff writes for staff. It stands in a table of its own, so that no query of messages can show it.
CREATE TABLE support_notes (
    id uuid PRIMARY KEY,
    ticket_id uuid NOT NULL REFERENCES support_tickets (id) ON DELETE CASCADE,
    author_id uuid NOT NULL REFERENCES users (id),
    note text NOT NULL CHECK (length(note) BETWEEN 1 AND 4000),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX support_notes_ticket_idx ON support_notes (ticket_id, created_at);

-- A picture lies encrypted in the document store under support/<id>; without its wrapped key it is noise. Until a message
-- has it, only who sent it may see it.
CREATE TABLE support_uploads (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    message_id uuid REFERENCES support_messages (id) ON DELETE SET NULL,
    wrapped_key bytea,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((wrapped_key IS NULL) = (deleted_at IS NOT NULL))
);
CREATE INDEX support_uploads_user_idx ON support_uploads (user_id, created_at);
CREATE INDEX support_uploads_message_idx ON support_uploads (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX support_uploads_unsent_idx ON support_uploads (created_at)
    WHERE message_id IS NULL AND deleted_at IS NULL;

-- Agents with open chats who are not there, and since when they were missed.
CREATE TABLE support_absences (
    agent_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    since timestamptz NOT NULL DEFAULT now()
);
