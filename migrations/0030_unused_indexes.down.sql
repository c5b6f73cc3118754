CREATE INDEX messages_unsent_idx ON messages (created_at) WHERE sent_at IS NULL;
CREATE INDEX support_tickets_updated_idx ON support_tickets (updated_at DESC, id);
